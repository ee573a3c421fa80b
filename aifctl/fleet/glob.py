"""* and ? over many names at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_JOKERS = {"*": ".*", "?": "."}


def is_glob(text: str) -> bool:
    """Return whether * or ? stand in it; brackets are ranges, never character classes."""
    return "*" in text or "?" in text


def glob_filter(names: Iterable[str], patterns: Iterable[str]) -> Iterator[str]:
    """Yield the names that match any pattern as a whole, exact patterns included, in the order of the names."""
    exact, globs = set(), []
    for pattern in patterns:
        if is_glob(pattern):
            globs.append("".join(_JOKERS.get(character) or re.escape(character) for character in pattern))
        else:
            exact.add(pattern)
    matches = re.compile("|".join(globs), flags=re.DOTALL).fullmatch if globs else lambda _: None
    return (name for name in names if name in exact or matches(name))
