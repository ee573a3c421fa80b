"""Durations, sizes and shares as people type them."""

from __future__ import annotations

import math
import re

from aifctl.core.errors import UsageError

_SECONDS_PER = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BYTES_PER = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def parse_duration_s(text: str) -> float:
    """Turn 90, 90s, 1m30s, 2h, 1.5d into seconds; UsageError otherwise."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdw]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f"{text!r} is not a duration; write 30, 30s, 5m, 1h30m or 2d")
    return sum(float(number) * _SECONDS_PER[unit] for number, unit in parts)


def parse_size_bytes(text: str) -> int:
    """Turn 4096, 64K, 10M, 1G (or 64KiB) into bytes, powers of 1024; UsageError otherwise."""
    match = re.fullmatch(r"(\d+)([kmg]?)(?:i?b)?", text.strip().lower())
    if not match:
        raise UsageError(f"{text!r} is not a size; write 4096, 64K, 10M or 1G")
    return int(match[1]) * _BYTES_PER[match[2]]


def parse_share(text: str) -> float:
    """Turn 98%, 99.5% or 0.98 into a number from 0 to 1; UsageError otherwise."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", text.strip())
    share = float(match[1]) / (100 if match[2] else 1) if match else -1.0
    if not 0 <= share <= 1:
        raise UsageError(f"{text!r} is not a share; write 98% or 0.98")
    return share


def parse_count_or_share(text: str, *, total: int) -> int:
    """Turn 12 or 5% into a count of `total`, rounded up, at least 1; UsageError otherwise."""
    count = math.ceil(parse_share(text) * total) if text.endswith("%") else _count(text)
    return max(1, count)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"{text!r} is neither a count nor a share; write 12 or 5%")
    return int(text)


def parse_login(text: str) -> str:
    """Take a user's name as nodes may have it, empty for none; UsageError for what no login can be."""
    if text.startswith("-") or not text.isprintable():
        raise UsageError(f"{text!r} is not a user's name")
    return text
