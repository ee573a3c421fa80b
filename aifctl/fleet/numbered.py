"""Bare numbers for places that are called by a word and a number: @su:3 where the inventory says su003."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_CALLED = re.compile(r"[^\W\d]+[-_]?(\d+)")


def by_number(wanted: Iterable[str], known: Collection[str]) -> tuple[list[str], list[str]]:
    """Split into the names that bare numbers stand for and what stands for nothing, or for more than one name."""
    called: dict[int, list[str]] = {}
    for name in known:
        found = _CALLED.fullmatch(name)
        if found:
            called.setdefault(int(found[1]), []).append(name)
    names, left = [], []
    for text in wanted:
        meant = called.get(int(text), []) if text.isdecimal() and text.isascii() else []
        if len(meant) == 1:
            names += meant
        else:
            left.append(text)
    return names, left
