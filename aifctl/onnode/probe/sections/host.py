"""The node itself, as /proc, /sys and a few files of /etc tell it: what it is, what it runs, what is stuck on it."""

import os

from ..process_table import stuck
from ..sysfs import names_in, refusal, text_of, texts_of
from ..told_root import told
from ..tool import find, run
from ..trouble import Trouble

LIMIT_S = 8.0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable

_TOOL_LIMIT_S = 3.0
_MOST_TEXT_BYTES, _MOST_CPUINFO_BYTES = 8192, 4096
_MOST_MODULES, _MOST_RECORDS, _MOST_CPUS, _MOST_NODES = 64, 32, 4096, 256

_DMI = ("product_name", "product_serial", "board_serial", "chassis_serial", "bios_version", "sys_vendor")
_MEMORY = ("MemTotal", "MemAvailable", "SwapTotal")
_LIMITS = ("Max locked memory", "Max open files")
#: What the GPUs, the fabric and their memory's direct way to each other stand on, beside what is asked for.
_MODULES = (
    "gdrdrv", "ib_core", "ib_ipoib", "ib_umad", "ib_uverbs", "mlx5_core", "mlx5_ib", "mlx_compat", "nv_peer_mem", "nvidia",
    "nvidia_fs", "nvidia_modeset", "nvidia_peermem", "nvidia_uvm", "nvme", "rdma_cm",
)  # fmt: skip


def read(root: str, arguments: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return {"source": "proc", ...}: texts as they stand in the files, {"!": ERROR} where one can't be read.

    `modules` of the arguments: names beside those that are always looked for.
    """
    proc = os.path.join(root, "proc")
    uptime = text_of(os.path.join(proc, "uptime"))
    if not isinstance(uptime, str):
        raise Trouble("no-proc", "/proc/uptime can't be read: %s" % uptime["!"])
    return {
        "source": "proc",
        "hostname": text_of(os.path.join(proc, "sys/kernel/hostname")),
        "boot_id": text_of(os.path.join(proc, "sys/kernel/random/boot_id")),
        "uptime": uptime,
        "load": text_of(os.path.join(proc, "loadavg")),
        "os": _long_text(os.path.join(root, "etc/os-release")),
        "kernel": text_of(os.path.join(proc, "sys/kernel/osrelease")),
        "cmdline": _long_text(os.path.join(proc, "cmdline")),
        "dmi": texts_of(os.path.join(root, "sys/class/dmi/id"), _DMI),
        "bmc": text_of(os.path.join(root, "sys/class/ipmi/ipmi0/device/bmc/firmware_revision")),
        "cpu": _cpu(root),
        "numa": text_of(os.path.join(root, "sys/devices/system/node/online")),
        "memory": _lines(os.path.join(proc, "meminfo"), _MEMORY),
        "limits": _lines(os.path.join(proc, "self/limits"), _LIMITS),
        "root": _is_root(root),
        "hugepages": _hugepages(root),
        "edac": _edac(root),
        "modules": _modules(root, arguments.get("modules")),
        "stuck": _stuck(root, uptime),
        "panics": _panics(root),
        "fabric_manager": _fabric_manager(root),
    }


def _long_text(path: str) -> "Any":
    try:
        with open(path, "rb") as file:
            return file.read(_MOST_TEXT_BYTES).decode("utf-8", "replace").strip()
    except OSError as problem:
        return refusal(problem)


def _lines(path: str, names: "Iterable[str]") -> "Any":
    """Return name -> the rest of its line."""
    text = _long_text(path)
    if not isinstance(text, str):
        return text
    found = {}
    for line in text.splitlines():
        for name in names:
            if line.startswith(name):
                found[name] = line[len(name) :].strip(": \t")
    return found


def _cpu(root: str) -> "Dict[str, Any]":
    folder = os.path.join(root, "sys/devices/system/cpu")
    found = {"online": text_of(os.path.join(folder, "online")), "model": _model(root)}  # type: Dict[str, Any]
    packages = {}  # type: Dict[str, int]
    governors = {}  # type: Dict[str, int]
    try:
        cpus = [name for name in os.listdir(folder) if name[:3] == "cpu" and name[3:].isdigit()][:_MOST_CPUS]
    except OSError as problem:
        return dict(found, packages=refusal(problem), governors=refusal(problem))
    for name in cpus:
        _count(packages, text_of("%s/%s/topology/physical_package_id" % (folder, name)))
        _count(governors, text_of("%s/%s/cpufreq/scaling_governor" % (folder, name)))
    return dict(found, packages=packages, governors=governors)


def _count(counts: "Dict[str, int]", text: "Any") -> None:
    if isinstance(text, str):  # a CPU that is offline has no such file
        counts[text] = counts.get(text, 0) + 1


def _model(root: str) -> "Any":
    try:
        with open(os.path.join(root, "proc/cpuinfo"), "rb") as file:
            text = file.read(_MOST_CPUINFO_BYTES).decode("utf-8", "replace")
    except OSError as problem:
        return refusal(problem)
    models = [line for line in text.splitlines() if line.startswith("model name")]
    return models[0].partition(":")[2].strip() if models else ""


def _is_root(root: str) -> bool:
    made_up = told(root)
    return os.geteuid() == 0 if made_up is None else bool(made_up.get("root"))


def _hugepages(root: str) -> "Any":
    folder = os.path.join(root, "sys/kernel/mm/hugepages")
    try:
        sizes = names_in(folder, 8)
    except OSError as problem:
        return refusal(problem)
    return {size: text_of(os.path.join(folder, size, "nr_hugepages")) for size in sizes}


def _edac(root: str) -> "Any":
    """Return controller -> its counters and how many DIMMs it sees; empty where no driver tells."""
    folder = os.path.join(root, "sys/devices/system/edac/mc")
    try:
        controllers = [name for name in names_in(folder, 64) if name[:2] == "mc" and name[2:].isdigit()]
        found = {}
        for name in controllers:
            below = os.path.join(folder, name)
            dimms = [one for one in os.listdir(below) if one[:4] in ("dimm", "rank") and one[4:].isdigit()]
            sizes = [text_of(os.path.join(below, one, "size")) for one in dimms]
            found[name] = {
                "ce": text_of(os.path.join(below, "ce_count")),
                "ue": text_of(os.path.join(below, "ue_count")),
                "dimms": len([size for size in sizes if size != "0"]),
            }
    except OSError as problem:
        return refusal(problem)
    return found


def _modules(root: str, asked: "Any") -> "Dict[str, Any]":
    """Return the version of each that is loaded or built in, "" where it tells none."""
    wanted = asked if isinstance(asked, list) else []
    names = [name for name in wanted if isinstance(name, str) and name.replace("-", "_").isidentifier()]
    found = {}
    for name in sorted(set(_MODULES).union(names))[:_MOST_MODULES]:
        folder = os.path.join(root, "sys/module", name.replace("-", "_"))
        if os.path.isdir(folder):
            version = text_of(os.path.join(folder, "version"))
            found[name] = version if isinstance(version, str) else ""
    return found


def _stuck(root: str, uptime: str) -> "Any":
    try:
        return stuck(root, float(uptime.split(maxsplit=1)[0]))
    except OSError as problem:
        return refusal(problem)
    except (ValueError, IndexError):
        return {"!": "EINVAL"}


def _panics(root: str) -> "Any":
    """Return [name, when it was written] of what the kernel left behind in dying; systemd moves it out of pstore."""
    found = []
    denied = {}  # type: Dict[str, Any]
    for folder in ("sys/fs/pstore", "var/lib/systemd/pstore"):
        path = os.path.join(root, folder)
        try:
            names = names_in(path, _MOST_RECORDS)
            found += [[name[:128], os.lstat(os.path.join(path, name)).st_mtime] for name in names]
        except OSError as problem:
            denied = refusal(problem)
    return denied if denied and not found else found


def _fabric_manager(root: str) -> "Any":
    """Return what the fabric manager says of its version; "" where there is none."""
    made_up = told(root)
    if made_up is not None:
        return made_up.get("fabric_manager", "")
    path = find(root, "nv-fabricmanager")
    if path is None:
        return ""
    try:
        return run([path, "--version"], _TOOL_LIMIT_S)[1].strip()[:256]
    except Trouble:
        return {"!": "ETIMEDOUT"}
