"""GPUs, NVSwitches, HCAs, NVMe disks and every bridge above them, as /sys/bus/pci/devices tells them."""

import binascii
import os

from ..sysfs import is_address, refusal, text_of
from ..trouble import Trouble

LIMIT_S = 5.0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Set

#: A two-socket Xeon has 500 devices; a node has some 90 of those that are read in full.
_MOST_DEVICES, _MOST_READ = 8192, 512

_NVIDIA, _MELLANOX = "0x10de", "0x15b3"
_NVME, _DISPLAY, _OTHER_BRIDGE, _NETWORK, _PCI_BRIDGE = "0x0108", "0x03", "0x0680", "0x02", "0x0604"

#: What a row tells, in this order: as an object for each device a reply would be twice as large, and most of it names.
COLUMNS = (
    "address", "up", "vendor", "device", "class", "driver", "speed", "speed_max", "width", "width_max", "numa", "fatal",
    "nonfatal", "correctable", "head", "acs",
)  # fmt: skip
BETWEEN_ROWS, BETWEEN_COLUMNS, REFUSED = ";", "|", "!"

_FILES = (
    ("vendor", "vendor"),
    ("device", "device"),
    ("class", "class"),
    ("speed", "current_link_speed"),
    ("speed_max", "max_link_speed"),
    ("width", "current_link_width"),
    ("width_max", "max_link_width"),
    ("numa", "numa_node"),
)
_AER = (("fatal", "aer_dev_fatal"), ("nonfatal", "aer_dev_nonfatal"), ("correctable", "aer_dev_correctable"))
#: The file lists 27 kinds of error, the total last.
_AER_MOST_BYTES = 2048

#: PCI Express Base Specification: a list of extended capabilities begins at 0x100; each header has an id (16 bits), a
#: version (4) and the offset of the next (12). Access Control Services are id 0x0d, their control word is at 6.
_EXTENDED_AT, _ACS, _ACS_CONTROL_AT = 0x100, 0x0D, 6
_MOST_CAPABILITIES = 96
_CONFIG_BYTES, _WORD_BYTES = 4096, 4


def read(root: str, arguments: "Dict[str, Any]") -> "Dict[str, Any]":  # noqa: ARG001 - every section takes both
    """Return {"source": "sysfs", "devices": text}: a row for each device, texts as they stand in the files.

    In place of what can't be read stands "!" and the error's name. `head` is the first word of the configuration space
    in hex, all of it f where the device has fallen off the bus. `acs`, of bridges above GPUs alone: the control word in
    hex, "none", or why it can't be read (it takes root).
    """
    folder = os.path.join(root, "sys/bus/pci/devices")
    try:
        names = os.listdir(folder)
    except OSError as problem:
        raise Trouble("no-sysfs", "/sys/bus/pci/devices can't be listed: %s" % problem.strerror) from problem
    kinds = {name: _word(folder + "/" + name, "class") for name in sorted(names)[:_MOST_DEVICES] if is_address(name)}
    above = {name: _above(folder + "/" + name) for name, kind in kinds.items() if _is_wanted(folder + "/" + name, kind)}
    bridges = {bridge for path in above.values() if isinstance(path, list) for bridge in path}
    on_gpu_paths = _above_gpus(kinds, above)
    rows = []
    for name in sorted(bridges.union(above))[:_MOST_READ]:
        path = above[name] if name in above else _above(folder + "/" + name)
        up = path if isinstance(path, dict) else path[0] if path else ""
        rows.append(_row(dict(_device(folder + "/" + name, name in on_gpu_paths), address=name, up=up)))
    return {"source": "sysfs", "devices": BETWEEN_ROWS.join(rows)}


def _row(device: "Dict[str, Any]") -> str:
    return BETWEEN_COLUMNS.join(_cell(device[name]) for name in COLUMNS)


def _cell(value: "Any") -> str:
    if not isinstance(value, str):
        return REFUSED + str(value["!"])
    plain = value[:1] != REFUSED and BETWEEN_ROWS not in value and BETWEEN_COLUMNS not in value
    return value if plain else REFUSED + "EILSEQ"


def _is_wanted(device: str, kind: str) -> bool:
    if kind.startswith(_NVME):
        return True
    if kind.startswith(_NETWORK):
        # A virtual function beside its physical one says nothing of its own; in a virtual machine it stands alone.
        return _word(device, "vendor") == _MELLANOX and not os.path.lexists(device + "/physfn")
    return kind.startswith((_DISPLAY, _OTHER_BRIDGE)) and _word(device, "vendor") == _NVIDIA


def _word(device: str, name: str) -> str:
    found = text_of(device + "/" + name)
    return found.lower() if isinstance(found, str) else ""


def _above(device: str) -> "Any":
    """Return the bridges above a device, the nearest first: the kernel links to ../../../devices/pci0000:15/..."""
    try:
        parts = os.readlink(device).split("/")[:-1]
    except OSError as problem:
        return refusal(problem)
    return [part for part in reversed(parts) if is_address(part)]


def _above_gpus(kinds: "Dict[str, str]", above: "Dict[str, Any]") -> "Set[str]":
    """Return the bridges above GPUs, and above HCAs that share one with a GPU: asking each for its ACS takes time."""
    paths = {name: path for name, path in above.items() if isinstance(path, list)}
    found = {bridge for name, path in paths.items() if kinds[name].startswith(_DISPLAY) for bridge in path}
    of_hcas = [path for name, path in paths.items() if kinds[name].startswith(_NETWORK)]
    return found.union(*[path for path in of_hcas if not found.isdisjoint(path)])


def _device(device: str, with_acs: bool) -> "Dict[str, Any]":
    found = {short: text_of(device + "/" + file) for short, file in _FILES}  # type: Dict[str, Any]
    try:
        found["driver"] = os.path.basename(os.readlink(device + "/driver"))
    except FileNotFoundError:
        found["driver"] = ""
    except OSError as problem:
        found["driver"] = refusal(problem)
    found.update({short: _total(device + "/" + file) for short, file in _AER})
    found.update(_config(device, with_acs))
    return found


def _total(path: str) -> "Any":
    """Return the last number of an AER file, its total."""
    text = text_of(path, _AER_MOST_BYTES)
    return text.split()[-1] if isinstance(text, str) and text else text


def _config(device: str, with_acs: bool) -> "Dict[str, Any]":
    try:
        fd = os.open(device + "/config", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as problem:
        return {"head": refusal(problem), "acs": ""}
    try:
        head = binascii.hexlify(os.pread(fd, _WORD_BYTES, 0)).decode("ascii")
        return {"head": head, "acs": _acs(fd) if with_acs else ""}
    except OSError as problem:
        return {"head": refusal(problem), "acs": ""}
    finally:
        os.close(fd)


def _acs(fd: int) -> "Any":
    """Walk the extended capabilities word by word: each read is one of the device's, and there are 1,024 of them."""
    at = _EXTENDED_AT
    for _ in range(_MOST_CAPABILITIES):
        header = _number(fd, at, _WORD_BYTES)
        if header is None:
            # The kernel shows 64 bytes to whoever is not root; a device of conventional PCI has 256, and no list.
            return "none" if os.fstat(fd).st_size == _EXTENDED_AT else {"!": "EACCES"}
        if header & 0xFFFF == _ACS:
            control = _number(fd, at + _ACS_CONTROL_AT, 2)
            return {"!": "EIO"} if control is None else "%04x" % control
        at = header >> 20
        if header in (0, 0xFFFFFFFF) or not _EXTENDED_AT <= at <= _CONFIG_BYTES - _WORD_BYTES:
            return "none"
    return {"!": "ELOOP"}


def _number(fd: int, at: int, size_bytes: int) -> "Any":
    data = os.pread(fd, size_bytes, at)
    return int.from_bytes(data, "little") if len(data) == size_bytes else None
