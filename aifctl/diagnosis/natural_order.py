"""mlx5_2 before mlx5_10."""

from __future__ import annotations

import re
from functools import lru_cache

_DIGITS = re.compile(r"([0-9]{1,18})", re.ASCII)


@lru_cache(maxsize=4096)  # devices of thousands of nodes have the same few names
def natural_order(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Return a key for sorting by the numbers in a name."""
    return tuple((part.isdecimal(), int(part), "") if part.isdecimal() else (False, 0, part) for part in _parts(name))


def _parts(name: str) -> list[str]:
    return [part for part in _DIGITS.split(name) if part]
