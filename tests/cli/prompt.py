"""An operator of the simulated fleet: what they type, what they break, what they find afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from aifctl.main import main
from aifctl.sim import processes
from aifctl.sim.processes import SimHandle
from tests.command import Operator, Said, wait_until


@dataclass(kw_only=True)
class Prompt(Operator):
    """As Operator, with the fleet's processes at hand.

    Attributes:
        inventory: the operator's own copy, so that a test may write into it.
        left_behind: commands that ran on the nodes already; whoever was killed ends none.
    """

    fleet: SimHandle
    inventory: Path
    left_behind: int = 0

    @classmethod
    def at(cls, home: Path, fleet: SimHandle) -> Self:
        """Return an operator whose home this is."""
        home.mkdir()
        inventory = home / "site.yaml"
        inventory.write_text(fleet.files.inventory.read_text())
        mine = cls(home=home, fleet=fleet, inventory=inventory, left_behind=_running(fleet))
        mine.prepare_environ(inventory)
        return mine

    def add(self, section: str) -> None:
        """Put one more section into the inventory."""
        self.inventory.write_text(f"{self.inventory.read_text()}\n{section}\n")

    def break_(self, *faults: str) -> None:
        """Give nodes faults, KIND[:ARG]@NODES each."""
        for text in faults:
            processes.tell(self.fleet, {"verb": "plant", "text": text})

    def cure(self) -> None:
        """Take all faults away."""
        processes.tell(self.fleet, {"verb": "cure", "where": "", "kind": None})

    def hanging(self, *args: str) -> subprocess.Popen[bytes]:
        """Start aifctl on nodes that hang, and return when it has sent its command to one of them."""
        known = set(self.journals())
        process = self.start(*args)
        wait_until(
            lambda: [one for one in self.journals() if one not in known and '"t":"start"' in one.read_text()],
            "the first start in a journal",
        )
        wait_until(lambda: self.commands_running() > 0, "a command on a node")
        return process

    def at_terminal(self, *args: str) -> tuple[subprocess.Popen[bytes], int]:
        """Start `aifctl ARGS` with stdin and stderr on a terminal; returns it and the terminal's other side."""
        mine, its = pty.openpty()
        command = [sys.executable, "-m", "aifctl", *args]
        process = subprocess.Popen(command, stdin=its, stdout=subprocess.PIPE, stderr=its, env=self.environ)
        os.close(its)
        return process, mine

    def on_screen(self, *args: str, env: Mapping[str, str] | None = None) -> Said:
        """Run `aifctl ARGS` with stdout and stderr on one terminal; what it shows is in `out`."""
        mine, its = pty.openpty()
        command = [sys.executable, "-m", "aifctl", *args]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=its, stderr=its, env={**self.environ, **(env or {})}
        )
        os.close(its)
        shown = b""
        with contextlib.suppress(OSError):  # EIO: the other side has closed
            while piece := os.read(mine, 65536):
                shown += piece
        os.close(mine)
        code = process.wait(timeout=50)
        return Said(command=" ".join(args), code=code, out=shown.decode("utf-8", "backslashreplace"), err="")

    def shell(self, script: str, *, stdin: str = "", cwd: Path | None = None) -> Said:
        """Run a line of sh in which `aifctl` is the command; its descriptor 3 is what stdout was, whatever it closes."""
        program = self.home / "bin/aifctl"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m aifctl "$@"\n')
        program.chmod(0o700)
        environ = {**self.environ, "PATH": f"{program.parent}:{self.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", f"exec 3>&1; {script}"],
            input=stdin.encode(),
            capture_output=True,
            env=environ,
            cwd=cwd,
            timeout=50,
            check=False,
        )
        return Said(
            command=script, code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode("utf-8", "replace")
        )

    def wait_sleeping(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until a process stands in the kernel's sleep and hears signals as aifctl does."""
        catching = re.compile(r"^SigCgt:\t([0-9a-f]+)$", re.MULTILINE)
        proc = Path(f"/proc/{process.pid}")

        def asleep() -> bool:
            found = catching.search((proc / "status").read_text())
            hears = found is not None and int(found[1], 16) >> (signal.SIGTERM - 1) & 1
            where = (proc / "wchan").read_text()  # "0" where this kernel does not say
            return bool(hears) and (where == "0" or "nanosleep" in where)

        wait_until(asleep, "a sleep")

    def commands_running(self) -> int:
        """Return how many commands run on the nodes, beside those that somebody left there before."""
        return _running(self.fleet) - self.left_behind

    def commands_count(self) -> int:
        """Return how many commands the nodes have been sent since they are up."""
        return sum(answer["counts"]["commands"] for answer in processes.tell(self.fleet, {"verb": "status"}))

    def journals(self) -> list[Path]:
        """Return the journals there are, oldest first."""
        return sorted(self.state.glob("runs/*/journal.jsonl"))

    def audit(self) -> list[dict[str, Any]]:
        """Return the records of the audit chain."""
        path = self.state / "audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def both(self, *args: str) -> Sequence[Said]:
        """Say the same thing twice, as text and as JSON, and check that JSON is one envelope with the exit code."""
        text, as_json = self.aifctl(*args), self.json(*args)
        envelope = as_json.envelope()
        assert as_json.out.count('"schema":') == 1, as_json
        assert envelope["exit"] == as_json.code == text.code, (text, as_json)
        assert bool(envelope["errors"]) <= (not envelope["complete"]), as_json
        return text, as_json


@dataclass(frozen=True)
class InProcess:
    """`aifctl ARGS` in the test's own process."""

    capture: pytest.CaptureFixture[str]

    def __call__(self, *args: str) -> Said:
        self.capture.readouterr()
        code = main(args)
        out, err = self.capture.readouterr()
        return Said(command=f"aifctl {' '.join(args)}", code=code, out=out, err=err)


def hash_in(said: Said) -> str:
    """Return the hash that a dry-run printed."""
    return str(said.envelope()["summary"]["hash"])


def _running(fleet: SimHandle) -> int:
    return sum(answer["counts"]["processes"] for answer in processes.tell(fleet, {"verb": "status"}))
