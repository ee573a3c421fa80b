"""What one look costs a node: CPU and peak memory of the whole probe, on every Python of this machine.

    python -m tests.onnode.cost [ROOT]

ROOT is a made-up node's tree in place of /. NVML's own time is not in it where there is no GPU.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from aifctl.survey.envelope import open_envelope
from aifctl.survey.probe_work import probe_line
from aifctl.wiring.probe import probe_package
from tests.onnode.pythons import PYTHONS

_TIMES = 5

# Between us and the probe, so that our own size is not taken for its; memory is the sum of what its processes have,
# pages that they share counted once (PSS), looked at every 2 ms.
_MEASURE = """
import os, sys, time
def pss(pid):
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            total = sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            return total + sum(pss(int(child)) for child in file.read().split())
    except (OSError, ValueError):
        return 0
reading, writing = os.pipe()
pid = os.fork()
if pid == 0:
    os.dup2(reading, 0)
    os.close(writing)
    os.execvp("sh", ["sh", "-c", sys.argv[1]])
os.close(reading)
sys.stdout.flush()
most, watch = 0, sys.argv[2] == "memory"
if len(sys.argv) > 3:
    with open(sys.argv[3], "rb") as file:
        os.write(writing, file.read())
os.close(writing)
while True:
    done, _, used = os.wait4(pid, os.WNOHANG if watch else 0)
    if done:
        break
    most = max(most, pss(pid))
    time.sleep(0.002)
sys.stderr.write("%.4f %d" % (used.ru_utime + used.ru_stime, most))
"""


def main(root: str) -> None:
    """Measure and print a table."""
    package = probe_package()
    line = probe_line(package, {"root": root} if root else {})
    sys.stdout.write(f"probe: {len(package.data)} bytes, its command line {len(line)}\n")
    sys.stdout.write("python   cpu s (best of 5)  first contact  peak MB  reply bytes\n")
    for version, python in PYTHONS.items():
        with tempfile.TemporaryDirectory(prefix="aifctl-") as folder:
            home = Path(folder)
            (home / "python3").symlink_to(python)
            (home / "probe").write_bytes(package.data)
            first = _run(home, line, "cpu", str(home / "probe"))
            runs = [_run(home, line, "cpu") for _ in range(_TIMES)]
            memory = _run(home, line, "memory")[1]
            reply = runs[0][2]
            open_envelope(reply, node="", probe=package.sha256)
            best = min(run[0] for run in runs)
            sys.stdout.write(f"{version:8} {best:17.3f} {first[0]:14.3f} {memory / 1024:8.0f} {len(reply):12}\n")


def _run(home: Path, line: str, what: str, *feed: str) -> tuple[float, int, bytes]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _MEASURE, line, what, *feed],
        capture_output=True,
        check=True,
        env={"HOME": str(home), "PATH": f"{home}:/usr/bin:/bin"},
    )
    cpu, memory = done.stderr.split()[-2:]
    return float(cpu), int(memory), done.stdout


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
