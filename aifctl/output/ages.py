"""How long ago something was, and when, as a person reads it."""

from __future__ import annotations

from datetime import UTC, datetime

_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86400.0

#: Up to here the smaller unit alone says it best.
_ENOUGH = 1.5
_ENOUGH_HOURS = 36.0


def show_age(seconds: float) -> str:
    """Return 45 s, 12 min, 3 h 05 min, 3 d 4 h; what lies ahead, by a clock that runs fast, is 0 s."""
    seconds = max(0.0, seconds)
    if seconds < _ENOUGH * _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _ENOUGH * _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    minutes = round(seconds / _MINUTE_S)
    if seconds < _ENOUGH_HOURS * _HOUR_S:
        return f"{minutes // 60} h {minutes % 60:02} min"
    hours = round(seconds / _HOUR_S)
    return f"{hours // 24} d {hours % 24} h"


def show_time(at_s: float) -> str:
    """Return 2026-11-24 03:00 UTC."""
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M} UTC"
