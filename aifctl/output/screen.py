"""stdout and stderr as one command may use them."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aifctl.core.errors import AifctlError, SetupError, UsageError
from aifctl.core.printable import printable
from aifctl.core.report import ReaderGoneError
from aifctl.core.shown import COLORS, PROGRESS, Shown
from aifctl.core.system_clock import SystemClock
from aifctl.output.errors import describe_error
from aifctl.output.format import Page, ScopesOf
from aifctl.output.pipe import TextPipe
from aifctl.output.terminal import TerminalFacts, environ_as_given, size_of

if TYPE_CHECKING:
    from aifctl.output.live import LiveLines
    from aifctl.output.progress import ShownProgress

#: To the upper left corner, and what stands there goes.
_HOME = "\x1b[H\x1b[2J"


class Screen:
    """stdout and stderr as this command may use them."""

    def __init__(self, shown: Shown) -> None:
        # Told before anything is done: progress itself is only made when a run is under way.
        for option, said, known in (("--color", shown.color, COLORS), ("--progress", shown.progress, PROGRESS)):
            if said not in known:
                raise UsageError(f"{option} {said!r}: write {', '.join(known)}")
        self.shown = shown
        self.stdout_terminal, self.stdout = _pipe(sys.stdout, shown.color)
        self.stderr_terminal, self.stderr = _pipe(sys.stderr, shown.color)

    def page(self, scopes_of: ScopesOf | None, *, again: bool = False) -> Page:
        """Return the page for a report; `again`: one that takes the place of the report before."""
        now, terminal = SystemClock().now, self.stdout_terminal
        height = None
        if again and terminal.moves:
            columns, height = size_of(self.stdout.descriptor)
            terminal = replace(terminal, width=columns or terminal.width)
            self.stdout.write(_HOME)  # goes out together with the report: nothing flickers
            height = max(height - 1, 1) if height else None
        elif again and self.shown.format != "jsonl":
            self.stdout.write(f"-- {now():%Y-%m-%d %H:%M:%S} UTC\n")
        return Page(terminal=terminal, now=now, live=self.shown.live, height=height, scopes_of=scopes_of)

    def progress(self) -> ShownProgress:
        from aifctl.output.progress import open_progress  # noqa: PLC0415  threading, for verbs that take time

        writes_meanwhile = self.shown.live or (self.shown.format == "jsonl" and self.stdout_terminal.is_terminal)
        return open_progress(
            self.shown.progress,
            stderr=self.stderr,
            terminal=self.stderr_terminal,
            clock=SystemClock(),
            quiet=self.shown.quiet,
            streams=writes_meanwhile,
        )

    def live(self) -> LiveLines:
        from aifctl.output.live import LiveLines  # noqa: PLC0415  for --live alone

        return LiveLines(
            stdout=self.stdout,
            stderr=self.stderr,
            stdout_terminal=self.stdout_terminal,
            stderr_terminal=self.stderr_terminal,
        )

    def note(self, sentence: str) -> None:
        with contextlib.suppress(ReaderGoneError, SetupError):  # there is no third place to say it
            self.stderr.write(f"{printable(sentence)}\n")
            self.stderr.flush()

    def tell(self, error: AifctlError) -> None:
        with contextlib.suppress(ReaderGoneError, SetupError):
            self.stderr.write(describe_error(error))
            self.stderr.flush()


def _pipe(stream: Any, color: str) -> tuple[TerminalFacts, TextPipe]:
    stream = stream or _Closed()
    terminal = TerminalFacts.detect(stream, environ_as_given(), color=color)
    return terminal, TextPipe(stream.fileno(), encoding=terminal.encoding)


class _Closed:
    """Stands in for a stream that whoever started us has closed (`>&-`): nobody reads it."""

    def fileno(self) -> int:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
