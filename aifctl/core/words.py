"""Counts as sentences say them."""

from __future__ import annotations


def counted(count: int, word: str = "node") -> str:
    """Return "1 node", "6,250 nodes"."""
    return f"{count:,} {word}{'s' * (count != 1)}"
