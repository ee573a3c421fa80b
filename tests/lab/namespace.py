"""Namespaces that the test session makes itself, and how to run something inside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_KEEPER = Path(__file__).with_name("keeper.py")
_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """Network, mount and PID namespaces, held by `keeper`; `groups` are control groups of their own.

    Attributes:
        pid: of the keeper, as seen from here.
    """

    keeper: subprocess.Popen[str]
    pid: int
    groups: tuple[Path, ...]

    def enter(self, *command: str, pid: bool = False, env: Sequence[str] = ()) -> list[str]:
        """Return `command` as it runs inside; with `pid` it also ends with the lab, but forks on the way."""
        # Not `ip netns exec`: that mounts a /sys of its own, which hides the control groups that nspawn needs.
        spaces = ["--net", "--mount", *(["--pid"] if pid else [])]
        return ["nsenter", f"--target={self.pid}", *spaces, "--", *(["env", *env] if env else []), *command]

    def run(self, *command: str, timeout_s: float = 30, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a short command inside and return what it said."""
        return subprocess.run(self.enter(*command), capture_output=True, text=True, timeout=timeout_s, check=check)

    def close(self) -> None:
        """End all that runs inside."""
        assert self.keeper.stdin is not None
        self.keeper.stdin.close()
        self.keeper.wait(timeout=20)


def open_namespace(name: str) -> Namespace:
    """Make the namespaces; everything inside ends when this process does."""
    groups = tuple(root / f"aifctl-lab-{name}" for root in _hierarchies())
    for group in groups:
        group.mkdir(exist_ok=True)
    keeper = subprocess.Popen(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", sys.executable, _KEEPER, *map(str, groups)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert keeper.stdout is not None
    with keeper.stdout:
        said = keeper.stdout.readline().strip()
    if not said:
        raise RuntimeError(f"the lab's keeper ended at once with {keeper.wait()}")
    return Namespace(keeper=keeper, pid=int(said), groups=groups)


def _hierarchies() -> list[Path]:
    """Return the trees in which a systemd of its own needs a branch of its own; else all hosts would share one."""
    if (_CGROUPS / "cgroup.procs").exists():
        return [_CGROUPS]
    trees = [_CGROUPS / "unified", _CGROUPS / "systemd"]
    return [tree for tree in trees if (tree / "cgroup.procs").exists()]


def children(pid: int) -> list[int]:
    """Return the process ids of a process's children."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except FileNotFoundError:
        return []
