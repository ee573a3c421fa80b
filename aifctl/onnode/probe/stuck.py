"""Processes of earlier probes that not even SIGKILL has ended: a hung driver holds whoever asks it.

Each is one empty file in memory, `stuck.BOOT.SECTION.PID.START`: gone with the boot, as they are, never on a full disk
or in a home that many nodes share, and two probes at once don't overwrite each other's. Its modification time is since
when.
"""

import contextlib
import os
import stat
import time

_MOST = 256
_PARTS = 5
#: Fields of /proc/PID/stat behind the name: state, group, start time in ticks since boot.
_STATE, _GROUP, _START = 0, 2, 19
_OVER = ("Z", "X")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Tuple

    Held = Dict[str, List[Tuple[int, float]]]


class Processes:
    """The kernel's view of processes, as far as it is asked here."""

    def start_of(self, pid: int) -> str:
        """Return when a process began; "" where there is none any more, or a zombie that waits for its parent."""
        fields = _stat(pid)
        return "" if len(fields) <= _START or fields[_STATE] in _OVER else fields[_START]

    def in_group(self, group: int) -> bool:
        """Whether a process group has any member, zombies included."""
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True

    def members_of(self, group: int) -> "List[int]":
        """Return the processes of a group, zombies left out; a walk through all of /proc."""
        found = []
        for name in os.listdir("/proc"):
            fields = _stat(int(name)) if name.isdigit() else []
            if len(fields) > _START and fields[_GROUP] == str(group) and fields[_STATE] not in _OVER:
                found.append(int(name))
        return found


def default_folder() -> str:
    """Return where this user's probes remember; the launcher keeps probes there, too, where it can't elsewhere."""
    return "/dev/shm/aifctl-%d" % os.geteuid()  # noqa: S108 - whose it is is looked at


class Stuck:
    """The memory in one folder ("" remembers nothing), of this boot; a folder that others may write is not used.

    Attributes:
        held: section → (pid, since when, seconds since the epoch) of those that are still there.
    """

    def __init__(self, folder: str, boot_id: str, processes: "Processes | None" = None) -> None:
        self.processes = processes or Processes()
        self._folder = folder if _is_mine(folder) else ""
        self._new_folder = "" if self._folder or os.path.lexists(folder) else folder
        self._boot = "".join(letter for letter in boot_id if letter.isalnum())[:32] or "unknown"
        self.held = {}  # type: Held
        self._untold: "set[int]" = set()
        self._look()

    def pids(self) -> "List[int]":
        """Return all that are still there, those remembered since included."""
        return sorted({pid for found in self.held.values() for pid, _ in found} - self._untold)

    def remember(self, section: str, pid: int, tell: bool = True) -> None:
        """Keep one for the next probe to find; `tell` whether this one shall speak of it already."""
        if not tell:
            self._untold.add(pid)
        self._hold(section, pid, time.time())  # noqa: TID251 - as files' times are
        start = self.processes.start_of(pid)
        if self._new_folder:
            with contextlib.suppress(OSError):
                os.mkdir(self._new_folder, 0o700)
                self._folder, self._new_folder = self._new_folder, ""
        if self._folder and start:
            path = os.path.join(self._folder, "stuck.%s.%s.%d.%s" % (self._boot, section, pid, start))
            with contextlib.suppress(OSError):  # a full disk: it is still told in this reply
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))

    def _look(self) -> None:
        names = []  # type: List[str]
        if self._folder:
            with contextlib.suppress(OSError):
                names = [name for name in os.listdir(self._folder) if name.startswith("stuck.")]
        for name in sorted(names)[:_MOST]:
            with contextlib.suppress(OSError):  # another probe has seen to it
                self._look_at(os.path.join(self._folder, name), name.split("."))

    def _look_at(self, path: str, parts: "List[str]") -> None:
        since_s = os.lstat(path).st_mtime
        if len(parts) == _PARTS and parts[1] == self._boot and self._is_there(parts[3], parts[4]):
            self._hold(parts[2], int(parts[3]), since_s)
        else:
            os.unlink(path)

    def _is_there(self, pid: str, start: str) -> bool:
        return pid.isdigit() and self.processes.start_of(int(pid)) == start

    def _hold(self, section: str, pid: int, since_s: float) -> None:
        self.held.setdefault(section, []).append((pid, since_s))


def _is_mine(folder: str) -> bool:
    try:
        facts = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o022


def _stat(pid: int) -> "List[str]":
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            # A name may hold anything, so the fields start behind the last parenthesis.
            return file.read(4096).decode("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return []
