"""Counts as sentences say them."""

from __future__ import annotations


def counted(count: int, word: str = "node") -> str:
    """Return "1 node", "6,250 nodes", "2 processes"."""
    if count == 1:
        return f"1 {word}"
    return f"{count:,} {word}{'es' if word.endswith('s') else 's'}"
