"""Durations, sizes and shares as people type them."""

from __future__ import annotations

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.units import parse_count_or_share, parse_duration_s, parse_login, parse_share, parse_size_bytes


@pytest.mark.parametrize(
    ("text", "seconds_s"),
    [
        ("90", 90),
        ("90s", 90),
        ("1m30s", 90),
        ("2h", 7200),
        ("1.5d", 129_600),
        ("250ms", 0.25),
        ("1w", 604_800),
        ("0", 0),
    ],
)
def test_durations_are_read_as_written(text: str, seconds_s: float) -> None:
    assert parse_duration_s(text) == pytest.approx(seconds_s)


@pytest.mark.parametrize("text", ["", "s", "-5", "5 m", "1h30x", "five", "5s!"])
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration; write 30"):
        parse_duration_s(text)


@pytest.mark.parametrize(
    ("text", "size_bytes"), [("4096", 4096), ("64K", 65_536), ("64KiB", 65_536), ("10mb", 10 << 20), (" 1G ", 1 << 30)]
)
def test_sizes_are_powers_of_1024(text: str, size_bytes: int) -> None:
    assert parse_size_bytes(text) == size_bytes


@pytest.mark.parametrize("text", ["", "K", "1.5M", "-1", "1T"])
def test_what_is_no_size_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size; write 4096"):
        parse_size_bytes(text)


@pytest.mark.parametrize(("text", "share"), [("98%", 0.98), ("99.5%", 0.995), ("0.98", 0.98), ("1", 1), ("0%", 0)])
def test_shares_are_read_with_and_without_a_percent_sign(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["98", "101%", "-1%", "half", ""])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a share"):
        parse_share(text)


@pytest.mark.parametrize(
    ("text", "total", "count"), [("12", 100, 12), ("5%", 100, 5), ("1%", 30, 1), ("34%", 3, 2), ("0", 9, 1)]
)
def test_a_share_of_a_total_is_rounded_up_to_one_at_least(text: str, total: int, count: int) -> None:
    assert parse_count_or_share(text, total=total) == count


def test_what_is_neither_count_nor_share_is_refused() -> None:
    with pytest.raises(UsageError, match="neither a count nor a share"):
        parse_count_or_share("few", total=10)


@pytest.mark.parametrize("text", ["", "ops", "CORP\\\\ann", "ann@corp", "first last"])
def test_users_are_named_as_nodes_name_them(text: str) -> None:
    assert parse_login(text) == text


@pytest.mark.parametrize("text", ["-oProxyCommand=x", "a\nb", "a\x1b[2J", "\udcff", "\0"])
def test_what_no_user_is_called_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a user's name"):
        parse_login(text)


def test_only_plain_digits_are_a_count() -> None:
    with pytest.raises(UsageError, match="neither a count nor a share"):
        parse_count_or_share("²", total=9)
