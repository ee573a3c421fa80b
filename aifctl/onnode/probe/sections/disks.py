"""The disks: what they are, whether their controllers are alive, and what NVMe disks tell of their own health."""

import array
import binascii
import os
import struct

from ..bounded import Asking
from ..sysfs import names_in, refusal, text_of, texts_of
from ..told_root import told
from ..trouble import Trouble

LIMIT_S = 10.0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

_MOST_DISKS = 64
_PATIENCE_S, _ALL_S = 3.0, 6.0

_OF_CONTROLLER = ("state", "model", "serial", "firmware_rev", "transport")
_OF_DISK = ("model", "vendor", "rev", "state")
#: Parts of other disks, and what is no disk at all.
_NO_DISKS = ("loop", "ram", "zram", "dm-", "md", "sr", "nbd", "fd", "nvme", "rbd")

#: <linux/nvme_ioctl.h>: NVME_IOCTL_ADMIN_CMD is _IOWR('N', 0x41, 72 bytes of struct nvme_passthru_cmd).
_ADMIN_COMMAND = 0xC0484E41
_COMMAND = "=BBHIIIQQIIIIIIIIII"
#: NVM Express Base Specification: Get Log Page is 0x02; log 2 (SMART / Health Information) has 512 bytes, of which
#: those up to 192 hold what is judged.
_GET_LOG_PAGE, _ALL_NAMESPACES, _SMART_LOG, _LOG_BYTES, _KEPT_BYTES = 0x02, 0xFFFFFFFF, 2, 512, 192


def read(root: str, arguments: "Dict[str, Any]") -> "Dict[str, Any]":  # noqa: ARG001 - every section takes both
    """Return {"source": "sysfs", "nvme": {NAME: {...}}, "others": {NAME: {...}}}; `size` in sectors of 512 bytes.

    `log` of an NVMe disk: the head of its SMART log in hex, {"!": ERROR}, or "timeout"; asked of the controller itself,
    without a tool, and only of one that is alive: others would keep who asks waiting.
    """
    if not os.path.isdir(os.path.join(root, "sys/class")):
        raise Trouble("no-sysfs", "there is no /sys/class on this node: sysfs is not mounted")
    try:
        controllers = [
            name for name in names_in(os.path.join(root, "sys/class/nvme"), _MOST_DISKS) if name[:4] == "nvme"
        ]
        blocks = names_in(os.path.join(root, "sys/block"), 4096)
    except OSError as problem:
        raise Trouble("denied", "the disks can't be listed: %s" % problem.strerror) from problem
    nvme = {name: _controller(root, name, blocks) for name in controllers}
    logs = _logs(root, [name for name in controllers if nvme[name].get("state") == "live"])
    for name, log in logs.items():
        nvme[name]["log"] = log
    others = [name for name in blocks if not name.startswith(_NO_DISKS)][:_MOST_DISKS]
    return {"source": "sysfs", "nvme": nvme, "others": {name: _disk(root, name) for name in others}}


def _controller(root: str, name: str, blocks: "List[str]") -> "Dict[str, Any]":
    found = texts_of(os.path.join(root, "sys/class/nvme", name), _OF_CONTROLLER)
    spaces = [block for block in blocks if block.startswith(name + "n")]
    found["sizes"] = [text_of(os.path.join(root, "sys/block", space, "size")) for space in spaces[:16]]
    return found


def _disk(root: str, name: str) -> "Dict[str, Any]":
    folder = os.path.join(root, "sys/block", name)
    found = texts_of(os.path.join(folder, "device"), _OF_DISK)
    found["serial"] = text_of(os.path.join(folder, "serial"))
    found["size"] = text_of(os.path.join(folder, "size"))
    return found


def _logs(root: str, names: "List[str]") -> "Dict[str, Any]":
    made_up = told(root)
    if made_up is not None:
        said = made_up.get("nvme", {})
        return {name: said[name] for name in names if name in said}
    places = {name: os.path.join(root, "dev", name) for name in names}
    answers = Asking("disk", _ask).answers([list(places.values())], _PATIENCE_S, _ALL_S)
    return {name: _answered(answers.get(place, "timeout")) for name, place in places.items()}


def _answered(text: str) -> "Any":
    return {"!": text[1:]} if text.startswith("!") else text


def _ask(place: str) -> str:
    """Return the head of a controller's SMART log in hex, or "!" and the error's name."""
    import fcntl  # noqa: PLC0415 - none but this child's

    log = array.array("B", bytes(_LOG_BYTES))
    words = _SMART_LOG | (_LOG_BYTES // 4 - 1) << 16
    command = struct.pack(
        _COMMAND, _GET_LOG_PAGE, 0, 0, _ALL_NAMESPACES, 0, 0, 0, log.buffer_info()[0], 0, _LOG_BYTES, words, 0, 0, 0, 0, 0, 0, 0
    )  # fmt: skip
    try:
        fd = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as problem:
        return "!" + refusal(problem)["!"]
    try:
        status = fcntl.ioctl(fd, _ADMIN_COMMAND, bytearray(command), True)
    except OSError as problem:
        return "!" + refusal(problem)["!"]
    finally:
        os.close(fd)
    return "!EIO" if status else binascii.hexlify(log.tobytes()[:_KEPT_BYTES]).decode("ascii")
