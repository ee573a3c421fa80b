"""demo: a simulated fleet with a few sick nodes, the real commands against it, and what they print.

Everything lies in a temporary folder of its own and is gone at the end, whatever happens in between.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from aifctl.core.exit_codes import ExitCode
from aifctl.core.state_dir import StateDir
from aifctl.sim import processes
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec

PROGRAM = (sys.executable, "-m", "aifctl")
_STEP_S = 40.0
_FAULTS = ("dead@r003n02", "refused@r007n[01-04]", "wrong-host-key@r011n03", "non-utf8@r013n01", "exit:3@r014n04")
#: What goes wrong before the second sweep, and what the report must say of it.
_ILLS = (
    ("xid:79@r002n01", "xid, r002n01: "),
    ("disk-full@r003n02", "disk-fill"),
    ("fm-dead@r004n03", "fabric-manager-service"),
    ("nvlink-down:3@r005n01", "nvlink-state"),
    ("power-brake:all@rack:r006", "rack r006"),
    ("remap-failure:0@r007n02", "row-remap-failure"),
    ("ib-down@leaf:l2-r3", "leaf l2-r3"),
)
_SCRIPT = """\
#!/bin/sh
# Who am I, how many GPUs answer, and is the fabric up?
echo "gpus: $(nvidia-smi -L | wc -l)"
echo "ports down: $(ibstat | grep -c 'State: Down')"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command of the tour: why it is shown, its words behind `aifctl`, and what must come of it.

    Attributes:
        says: texts that must stand in its output (stdout and stderr).
        healed: the sick nodes are mended first.
        planted: faults that nodes get first.
    """

    about: str
    argv: tuple[str, ...]
    expected: ExitCode = ExitCode.OK
    says: tuple[str, ...] = ()
    healed: bool = False
    planted: tuple[str, ...] = ()


TOUR = (
    Step(about="How many nodes are there?", argv=("nodes", "@all", "-o", "count"), says=("64",)),
    Step(
        about="Names fold; selectors know racks, units and leaves.",
        argv=("nodes", "@su:su1 ! @rack:r001", "-o", "nodeset"),
        says=("r[002-008]n[01-04]",),
    ),
    Step(
        about="Run something everywhere. Six nodes are ill on purpose: the exit code and the report say so.",
        argv=("run", "@all", "--connect-timeout", "2", "--", "hostname -s >/dev/null; echo ready"),
        expected=ExitCode.COVERAGE,
        says=("r007n[01-04]", "r003n02", "r011n03", "ready"),
    ),
    Step(
        about="Which GPUs, on one rack? Equal answers fold into one.",
        argv=(
            "run",
            "@rack:r002",
            "--",
            "nvidia-smi --query-gpu=index,name,memory.total --format=csv,noheader | tail -2",
        ),
        says=("r002n[01-04]", "H100"),
    ),
    Step(
        about="A script, with its interpreter from its first line; it is removed afterwards.",
        argv=("script", "@rack:r002", "{script}"),
        says=("gpus: 8", "ports down: 0"),
    ),
    Step(about="Copy a file to two racks ...", argv=("push", "@rack:r[001-002]", "{script}", "check.sh")),
    Step(
        about="... and read it there.",
        argv=("run", "@rack:r[001-002]", "--", "sha256sum check.sh | cut -c1-12; ls"),
        says=("r[001-002]n[01-04]", "check.sh"),
    ),
    Step(
        about="Simulated nodes execute nothing on this machine, so this is harmless (and fails, as it would for `ops`).",
        argv=("run", "r001n01", "--", "rm -rf /"),
        expected=ExitCode.FINDINGS,
        says=("dangerous",),
    ),
    Step(
        about="A command that never returns is ended, children included; the other node's answer is kept.",
        argv=(
            "run",
            "r001n[01-02]",
            "--timeout",
            "1",
            "--",
            "case $(hostname) in *n02) sleep 1000;; *) echo done;; esac",
        ),
        expected=ExitCode.COVERAGE,
        says=("done", "timeout"),
    ),
    Step(about="Every run is kept.", argv=("runs", "list"), says=("run", "push")),
    Step(
        about="The sick nodes have been mended: run it again where it did not work.",
        argv=("runs", "retry", "{first_run}"),
        says=("ready",),
        healed=True,
    ),
    Step(
        about="Health: one look at each node, everything judged, nothing found.",
        argv=("sweep", "@all"),
        says=("64 ok",),
    ),
    Step(
        about="Seven things have gone wrong. The next sweep names each, and says once what a leaf or a rack has in common.",
        argv=("sweep", "@all"),
        expected=ExitCode.FINDINGS,
        says=tuple(says for _, says in _ILLS),
        planted=tuple(fault for fault, _ in _ILLS),
    ),
    Step(
        about="What one node has, since when, and by which threshold.",
        argv=("node", "why", "r002n01"),
        says=("xid-79",),
    ),
    Step(
        about="The fleet on a page, from what is remembered: no node is asked.",
        argv=("status", "@all", "--map"),
        says=("su2",),
    ),
)


class Demo:
    """One tour.

    Attributes:
        surprises: what did not come as it must; empty at the end of a good tour.
    """

    def __init__(
        self, out: BinaryIO, *, environ: Mapping[str, str], bold: bool = False, program: Sequence[str] = PROGRAM
    ) -> None:
        self._out, self._environ, self._bold, self._program = out, environ, bold, program
        self.surprises: list[str] = []

    def tour(self, steps: tuple[Step, ...] = TOUR) -> ExitCode:
        """Start the fleet, show the steps, end the fleet; OK where every step did what it must."""
        with tempfile.TemporaryDirectory(prefix="aifctl-demo-") as folder:
            state = StateDir(path=Path(folder) / "state")
            with self._fleet(state) as handle:
                words = self._words(Path(folder))
                for step in steps:
                    self._show(step, handle, state, words)
        for surprise in self.surprises:
            self._say(f"NOT AS EXPECTED: {surprise}")
        self._say("The fleet is down; nothing is left of it.")
        return ExitCode.BUG if self.surprises else ExitCode.OK

    @contextmanager
    def _fleet(self, state: StateDir) -> Iterator[SimHandle]:
        spec = FleetSpec(name="demo", faults=_FAULTS)
        # Tied: the nodes end with this process even where it is killed and gets no chance to say so.
        handle = processes.up(spec, state, tied=True)
        self._say(f"# {spec.nodes_count} simulated nodes are up: real SSH servers on this machine's loopback.")
        try:
            yield handle
        finally:
            processes.down(handle, state)

    def _words(self, folder: Path) -> dict[str, str]:
        script = folder / "check.sh"
        script.write_text(_SCRIPT)
        script.chmod(0o700)
        return {"{script}": str(script)}

    def _show(self, step: Step, handle: SimHandle, state: StateDir, words: dict[str, str]) -> None:
        if step.healed:
            processes.tell(handle, {"verb": "cure", "kind": None, "where": ""})
        for fault in step.planted:
            processes.tell(handle, {"verb": "plant", "text": fault})
        argv = [words.get(word, word) for word in step.argv]
        shown = shlex.join(["aifctl", *argv])
        self._say(f"\n# {step.about}", f"$ {shown}")
        code, output = self._run(argv, handle, state)
        self._out.write(output)
        self._out.flush()
        if code != step.expected:
            self.surprises.append(f"`{shown}` ended with {code}, not {int(step.expected)}")
        missing = [text for text in step.says if text.encode() not in output]
        if missing:
            self.surprises.append(f"`{shown}` did not print {', '.join(map(repr, missing))}")
        if "{first_run}" not in words and step.expected is ExitCode.COVERAGE:
            words["{first_run}"] = _latest_run(state)

    def _run(self, argv: list[str], handle: SimHandle, state: StateDir) -> tuple[int, bytes]:
        command = [*self._program, *argv]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=self._environment(handle, state),
        )  # fmt: skip
        try:
            output, _ = process.communicate(timeout=_STEP_S)
        except BaseException:
            process.terminate()
            output, _ = process.communicate()
            self._out.write(output)
            raise
        return process.returncode, output

    def _environment(self, handle: SimHandle, state: StateDir) -> dict[str, str]:
        """Return an environment in which aifctl knows this fleet and nothing of the person's own settings."""
        kept = {key: value for key, value in self._environ.items() if not key.startswith(("AIFCTL_", "XDG_", "SSH_"))}
        return {
            **kept, "AIFCTL_INVENTORY": str(handle.files.inventory), "AIFCTL_STATE_DIR": str(state.path),
            "XDG_CONFIG_HOME": str(state.path), "AIFCTL_SSH_CONFIG": "", "COLUMNS": kept.get("COLUMNS", "100"),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), kept.get("PYTHONPATH", "")))),
        }  # fmt: skip

    def _say(self, *lines: str) -> None:
        for line in lines:
            command = self._bold and line.startswith("$")
            self._out.write((f"\x1b[1m{line}\x1b[0m" if command else line).encode() + b"\n")
        self._out.flush()


def demo(out: BinaryIO, *, environ: Mapping[str, str], bold: bool = False) -> ExitCode:
    """Show the tour on `out`; `bold`: commands in bold, for terminals. Ctrl-C ends the fleet before it goes on."""
    return Demo(out, environ=environ, bold=bold).tour()


def _latest_run(state: StateDir) -> str:
    """Return the newest run's id: its folder's name begins with when it began."""
    runs = state.path / "runs"
    return max((path.name for path in runs.iterdir() if path.is_dir()), default="latest") if runs.is_dir() else "latest"
