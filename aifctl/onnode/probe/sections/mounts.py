"""The mounted file systems: which are there, how full they are, and which of them no longer answers."""

import json
import os

from ..bounded import Asking
from ..sysfs import refusal
from ..told_root import told
from ..trouble import Trouble

LIMIT_S = 8.0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

_MOST_BYTES, _MOST_MOUNTS = 4 << 20, 64
_PATIENCE_S, _ALL_S = 2.0, 5.0

#: Made by the kernel out of nothing, or images that are full from the start (squashfs: each snap of Ubuntu's).
_NO_DISKS = frozenset(
    (
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cramfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
        "erofs", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fusectl", "hugetlbfs", "iso9660", "mqueue", "nfsd", "nsfs",
        "overlay", "proc", "pstore", "ramfs", "resctrl", "rpc_pipefs", "securityfs", "selinuxfs", "squashfs", "sysfs", "tmpfs",
        "tracefs", "udf",
    )
)  # fmt: skip
#: Whose loss is felt, though they are of such a kind.
_ALWAYS = ("/", "/tmp", "/run")  # noqa: S108 - looked at, never written
#: Their servers may be gone; told apart by how the type begins.
_NETWORK = ("9p", "beegfs", "ceph", "cifs", "fuse", "glusterfs", "gpfs", "lustre", "nfs", "orangefs", "pvfs2", "smb", "wekafs")  # fmt: skip


def read(root: str, arguments: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return {"source": "mountinfo", "mounts": [{"at", "type", "from", "ro", "st", "b", "f"}]}, in order of place.

    `st`: ok, timeout, or {"!": ERROR}. `b`, `f`: [all, free, free for users], of bytes and of inodes. `mounts` of the
    arguments: places that are looked at whatever lies there.
    """
    asked = arguments.get("mounts")
    wanted = [place for place in asked if isinstance(place, str)] if isinstance(asked, list) else []
    mounts = _mounts(root, set(wanted).union(_ALWAYS))
    said = _statvfs(root, [(mount["at"], mount["type"]) for mount in mounts])
    for mount in mounts:
        mount.update(said[mount["at"]])
    return {"source": "mountinfo", "mounts": mounts}


def _mounts(root: str, wanted: "Any") -> "List[Dict[str, Any]]":
    try:
        with open(os.path.join(root, "proc/self/mountinfo"), "rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError as problem:
        raise Trouble("no-proc", "/proc/self/mountinfo can't be read: %s" % problem.strerror) from problem
    by_place = {}  # type: Dict[str, Dict[str, Any]]
    for line in text.splitlines():
        fields, _, behind = line.partition(" - ")
        parts, kinds = fields.split(" "), behind.split(" ")
        if len(parts) < 6 or len(kinds) < 3:  # noqa: PLR2004 - proc(5): six fields before the dash, three behind
            continue
        place = _plain(parts[4])
        by_place[place] = {  # what is mounted over another hides it
            "at": place,
            "type": kinds[0],
            "from": _plain(kinds[1]),
            # A file system that the kernel has put aside after an error is ro in its own options, not in its mount's.
            "ro": "ro" in parts[5].split(",") or "ro" in kinds[2].split(","),
            "dev": parts[2],
        }
    kept = [one for one in by_place.values() if one["at"] in wanted or one["type"] not in _NO_DISKS]
    kept.sort(key=lambda one: (one["at"] not in wanted, str(one["at"]).count("/"), one["at"]))
    return _each_once(kept, wanted)[:_MOST_MOUNTS]


def _each_once(mounts: "List[Dict[str, Any]]", wanted: "Any") -> "List[Dict[str, Any]]":
    """Return one mount of each device, the one nearest to the root, and all that are asked for."""
    found, seen = [], set()
    for mount in mounts:
        device = mount.pop("dev")
        if mount["at"] in wanted or device not in seen:
            found.append(mount)
        seen.add(device)
    return found


def _plain(field: str) -> str:
    """Undo what proc(5) does to blanks in names."""
    for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, letter)
    return field


def _statvfs(root: str, mounts: "List[Tuple[str, str]]") -> "Dict[str, Dict[str, Any]]":
    """Ask each file system (its place, its type) how full it is: those of servers each by itself, the others in a row."""
    made_up = told(root)
    if made_up is not None:
        said = made_up.get("statvfs", {})
        return {at: said.get(at, {"st": {"!": "ENOENT"}}) for at, _ in mounts}
    places = {at: os.path.join(root, at.lstrip("/")) for at, _ in mounts}
    far = [places[at] for at, kind in mounts if kind.startswith(_NETWORK)]
    near = [place for place in places.values() if place not in far]
    answers = Asking("mount", _ask).answers([near] + [[place] for place in far], _PATIENCE_S, _ALL_S)
    return {at: json.loads(answers[place]) if place in answers else {"st": "timeout"} for at, place in places.items()}


def _ask(place: str) -> str:
    try:
        told = os.statvfs(place)
    except OSError as problem:
        return json.dumps({"st": refusal(problem)})
    size = told.f_frsize
    return json.dumps(
        {
            "st": "ok",
            "b": [told.f_blocks * size, told.f_bfree * size, told.f_bavail * size],
            "f": [told.f_files, told.f_ffree, told.f_favail],
        }
    )
