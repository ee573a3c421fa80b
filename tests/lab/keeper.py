"""PID 1 of the lab: it holds the namespaces, and all of the lab ends with it.

It ends itself when its stdin closes, so a test session that dies, however it dies, takes every host with it:
processes by the PID namespace, mounts and bridges by theirs. What no namespace holds are the empty control groups.

usage: keeper.py CGROUP... : prints its process id as the starter sees it once the bridges are up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

BRIDGES = (
    ("lab0", "10.77.0.1/24"),
    ("inner0", None),
)  # inner0: no address here, so only through a host that is on both


def main(groups: list[str]) -> None:
    for line in _plumbing():
        subprocess.run(line.split(), check=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans are reaped without a wait
    sys.stdout.write(f"{Path('/proc/self').readlink()}\n")
    sys.stdout.flush()
    sys.stdin.read()
    _end_all()
    for group in groups:
        _remove(Path(group))


def _plumbing() -> list[str]:
    lines = ["ip link set lo up"]
    for name, address in BRIDGES:
        lines += [f"ip link add {name} type bridge", f"ip link set {name} up"]
        if address:
            lines.append(f"ip addr add {address} dev {name}")
    return lines


def _end_all() -> None:
    try:
        for _ in range(500):
            os.kill(-1, signal.SIGKILL)  # as PID 1: everybody else in this namespace and nobody outside
            time.sleep(0.01)
    except ProcessLookupError:
        return


def _remove(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError as problem:
            sys.stderr.write(f"{folder} stays: {problem}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
