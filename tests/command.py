"""The `aifctl` command as an operator's shell starts it: a process of its own, in a home and state directory of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

_CHECKOUT = Path(__file__).resolve().parents[1]


def wait_until(holds: Callable[[], object], what: str, *, timeout_s: float = 20) -> None:
    """Wait for something that real processes do in their own time; fails, and says what for, when it does not come."""
    end = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come about within {timeout_s:g} s")
        time.sleep(0.03)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one command said; its repr is what a failing test shows."""

    command: str
    code: int
    out: str
    err: str

    def envelope(self) -> dict[str, Any]:
        """Return what `-o json` printed."""
        try:
            return dict(json.loads(self.out))
        except ValueError as problem:
            raise AssertionError(f"stdout is not the JSON envelope: {self!r}") from problem

    def items(self) -> dict[str, dict[str, Any]]:
        """Return the items of `-o json` by node."""
        return {item["node"]: item for item in self.envelope()["items"]}

    def outcomes(self) -> dict[str, str]:
        """Return each node's outcome from `-o json`."""
        return {node: item["outcome"] for node, item in self.items().items()}

    def __repr__(self) -> str:
        return f"$ {self.command}\n[exit {self.code}]\n--- stdout\n{self.out}\n--- stderr\n{self.err}\n---"


@dataclass(kw_only=True)
class Operator:
    """Somebody at a prompt: a home, and what their shell hands to the commands they start."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.home / "state"

    def prepare_environ(self, inventory: Path) -> None:
        """Set the environment of every command: nothing of this machine's but the system's PATH."""
        self.environ = {
            "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "PYTHONPATH": str(_CHECKOUT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AIFCTL_INVENTORY": str(inventory),
            "AIFCTL_STATE_DIR": str(self.state),
        }

    def json(self, *args: str, timeout_s: float = 50) -> Said:
        """Run `aifctl ARGS` with JSON output; ARGS may end in `-- COMMAND`."""
        at = args.index("--") if "--" in args else len(args)
        return self.aifctl(*args[:at], "--output=json", *args[at:], timeout_s=timeout_s)

    def aifctl(
        self, *args: str, stdin: str | None = None, env: Mapping[str, str] | None = None, timeout_s: float = 50
    ) -> Said:
        """Run `aifctl ARGS` to its end."""
        process = self.start(*args, env=env, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)
        return self.finish(process, *args, stdin=stdin, timeout_s=timeout_s)

    def start(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """Start `aifctl ARGS`; the process is aifctl itself, in a process group of its own."""
        return subprocess.Popen(
            self.around(sys.executable, "-m", "aifctl", *args),
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=self.environ | dict(env or {}),
            start_new_session=True,
        )

    def around(self, *command: str) -> Sequence[str]:
        """Return a command as it runs where the operator is; it must exec, so that signals reach it."""
        return command

    @staticmethod
    def finish(process: subprocess.Popen[bytes], *args: str, stdin: str | None = None, timeout_s: float = 50) -> Said:
        """Wait for a started aifctl; one that does not end is killed and fails the test."""
        command = f"aifctl {' '.join(args)}"
        try:
            out, err = process.communicate(stdin.encode() if stdin is not None else None, timeout=timeout_s)
        except subprocess.TimeoutExpired as late:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(
                f"{command} did not end within {timeout_s:g} s; stdout {out!r}, stderr {err!r}"
            ) from late
        return Said(
            command=command,
            code=process.returncode,
            out=(out or b"").decode(errors="backslashreplace"),
            err=err.decode(errors="backslashreplace"),
        )
