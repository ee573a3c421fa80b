"""The person at the terminal, asked and listened to."""

from __future__ import annotations

import sys
from typing import TextIO

from aifctl.core.printable import printable


class TerminalConfirm:
    """Implements ports.confirm.Confirm: asks on stderr, listens on stdin, and only where both are a terminal."""

    def __init__(self, listen: TextIO | None = None, speak: TextIO | None = None) -> None:
        self._listen = listen or sys.stdin
        self._speak = speak or sys.stderr

    @property
    def possible(self) -> bool:
        return _is_terminal(self._listen) and _is_terminal(self._speak)

    def ask(self, question: str, *, expected: str) -> bool:
        self._speak.write(f"{printable(question)} ")
        self._speak.flush()
        return self._listen.readline().strip() == expected


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed by whoever started us
        return False
