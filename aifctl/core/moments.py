"""Points in time as people type and read them: 2h, 2026-12-02, 2026-12-02T18:00Z; `5 min ago`. All of it UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from aifctl.core.errors import UsageError
from aifctl.core.units import parse_duration_s

_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86400.0


def parse_until(text: str, now_s: float) -> float:
    """Turn 2h (from now on), 2026-12-02 or an ISO time into seconds since the epoch; UsageError where it is not ahead."""
    moment_s = _moment_s(text, now_s, sign=1)
    if said_at(moment_s) == "?":
        raise UsageError(f"{text[:40]!r} is after the end of the calendar; write 2h, or a date such as 2026-12-02")
    if moment_s <= now_s:
        raise UsageError(f"{text!r} is not ahead: it is {said_at(now_s)} now")
    return moment_s


def parse_since(text: str, now_s: float) -> float:
    """Turn 1h (ago), 2026-12-02 or an ISO time into seconds since the epoch; UsageError where it is ahead."""
    moment_s = _moment_s(text, now_s, sign=-1)
    if moment_s > now_s:
        raise UsageError(f"{text!r} is ahead: it is {said_at(now_s)} now")
    return max(0.0, moment_s)


def said_at(at_s: float) -> str:
    """Return a point in time as a person reads it, to the minute; `?` for what no calendar holds."""
    try:
        return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M}Z"
    except (ValueError, OverflowError, OSError):
        return "?"


def said_at_s(at_s: float) -> str:
    """Return a point in time as programs and audits write it, to the second."""
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def span(seconds_s: float) -> str:
    """Return a duration in the one unit that a person would use."""
    for unit_s, unit in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds_s >= 2 * unit_s:
            return f"{seconds_s / unit_s:.0f} {unit}"
    return f"{max(0.0, seconds_s):.0f} s"


def ago(at_s: float, now_s: float) -> str:
    """Return `5 min ago`, and `in 5 min` for what a clock that was wrong has put ahead."""
    return f"{span(now_s - at_s)} ago" if at_s <= now_s else f"in {span(at_s - now_s)}"


def _moment_s(text: str, now_s: float, *, sign: int) -> float:
    try:
        return now_s + sign * parse_duration_s(text)
    except UsageError:
        pass
    try:
        told = datetime.fromisoformat(text)
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no time; write 30m, 2h or 3d, a date such as 2026-12-02, or 2026-12-02T18:00Z (UTC)"
        ) from None
