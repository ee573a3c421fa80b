"""Points in time and durations as people type and read them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.moments import ago, parse_since, parse_until, said_at, said_at_s, span

NOW_S = datetime(2026, 12, 1, 12, 0, tzinfo=UTC).timestamp()
_DAY_S = 86400.0


@pytest.mark.parametrize(
    ("text", "ahead_s"),
    [
        ("2h", 7200.0),
        ("90", 90.0),
        ("1.5d", 1.5 * _DAY_S),
        ("2026-12-02", 0.5 * _DAY_S),
        ("2026-12-02T18:00", 1.25 * _DAY_S),
        ("2026-12-02T18:00Z", 1.25 * _DAY_S),
        ("2026-12-02T18:00:00+06:00", _DAY_S),
    ],
)
def test_until_is_a_while_from_now_or_a_date_or_a_time(text: str, ahead_s: float) -> None:
    assert parse_until(text, NOW_S) == NOW_S + ahead_s


@pytest.mark.parametrize(
    ("text", "before_s"), [("1h", 3600.0), ("2026-12-01", 0.5 * _DAY_S), ("0", 0.0), ("90000d", NOW_S)]
)
def test_since_is_a_while_ago_or_a_date_or_a_time(text: str, before_s: float) -> None:
    assert parse_since(text, NOW_S) == NOW_S - before_s


@pytest.mark.parametrize("text", ["0", "2026-11-30", "2026-12-01T12:00Z"])
def test_until_must_be_ahead(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not ahead: it is 2026-12-01 12:00Z now"):
        parse_until(text, NOW_S)


@pytest.mark.parametrize("text", ["9" * 400, "4000000d"])
def test_until_is_within_the_calendar(text: str) -> None:
    with pytest.raises(UsageError, match="after the end of the calendar"):
        parse_until(text, NOW_S)


def test_since_must_not_be_ahead() -> None:
    with pytest.raises(UsageError, match="is ahead"):
        parse_since("2026-12-02", NOW_S)


@pytest.mark.parametrize("text", ["", "tomorrow", "2y", "-2h", "2026-13-01", "12:00"])
@pytest.mark.parametrize("parse", [parse_until, parse_since])
def test_what_is_no_time_is_refused_with_what_is_one(text: str, parse: Callable[[str, float], float]) -> None:
    with pytest.raises(UsageError):
        parse(text, NOW_S)


def test_a_point_in_time_is_read_to_the_minute() -> None:
    assert said_at(NOW_S) == "2026-12-01 12:00Z"
    assert said_at(0) == "1970-01-01 00:00Z"
    assert said_at(1e300) == said_at(float("inf")) == "?"


@pytest.mark.parametrize(
    ("seconds_s", "text"),
    [(0, "0 s"), (-3, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_a_duration_is_told_in_the_unit_that_a_person_would_use(seconds_s: float, text: str) -> None:
    assert span(seconds_s) == text


def test_ages_are_told_and_clocks_that_were_wrong_too() -> None:
    assert ago(NOW_S - 300, NOW_S) == "5 min ago"
    assert ago(NOW_S, NOW_S) == "0 s ago"
    assert ago(NOW_S + 300, NOW_S) == "in 5 min"


def test_what_programs_read_too_is_said_to_the_second() -> None:
    assert said_at_s(NOW_S + 61.9) == "2026-12-01T12:01:01Z"
