"""Reading commands, one line at a time."""

from __future__ import annotations

from typing import Protocol


class Prompt(Protocol):
    """A person's line editor, or lines from a pipe."""

    @property
    def is_person(self) -> bool:
        """Whether somebody sits there, who wants to be told what can be typed."""

    def read(self, label: str) -> str | None:
        """Return the next line; "" where a person has wiped it; None at the end."""
