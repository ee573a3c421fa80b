"""Other programs of this control host, behind a seam: verbs look for them, ask them, or make way for them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aifctl.core.errors import SetupError

_ANSWER_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a program has said; `rc` is None where it could not be started or said nothing in time."""

    rc: int | None
    stdout: str = ""
    stderr: str = ""


class Programs(Protocol):
    """The programs on PATH."""

    def find(self, name: str, environ: Mapping[str, str]) -> str | None:
        """Return where a program lies, None where it is not installed."""

    def ask(self, argv: Sequence[str], environ: Mapping[str, str]) -> Answer:
        """Run a program that ends by itself and touches nothing; it gets no stdin."""

    def become(self, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        """Let a program take this process over, terminal, stdin and exit code included; SetupError where it can't."""


class SystemPrograms:
    """Implements Programs with the kernel."""

    def find(self, name: str, environ: Mapping[str, str]) -> str | None:
        return shutil.which(name, path=environ.get("PATH"))

    def ask(self, argv: Sequence[str], environ: Mapping[str, str]) -> Answer:
        try:
            said = subprocess.run(
                argv,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_ANSWER_S,
                check=False,
                encoding="utf-8",
                errors="backslashreplace",
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            return Answer(rc=None, stderr=str(problem))
        return Answer(rc=said.returncode, stdout=said.stdout, stderr=said.stderr)

    def become(self, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        # Python ignores these two, and what is ignored stays ignored in the next program.
        ours = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
        try:
            os.execve(argv[0], list(argv), dict(environ))  # noqa: S606  the point of it: no shell, an argument list
        except OSError as problem:
            for number, handler in ours.items():
                signal.signal(number, handler)
            raise SetupError(f"{argv[0]} can't be started: {problem.strerror}") from problem
