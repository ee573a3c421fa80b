"""Asking the person at the terminal."""

from __future__ import annotations

from typing import Protocol


class Confirm(Protocol):
    """Asks on the terminal; there may be none."""

    @property
    def possible(self) -> bool:
        """Whether somebody sits there."""

    def ask(self, question: str, *, expected: str) -> bool:
        """Show the question and say whether exactly `expected` was typed."""
