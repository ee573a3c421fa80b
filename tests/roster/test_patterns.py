"""Braces: a node's own values in patterns."""

from __future__ import annotations

import pytest

from aifctl.roster.patterns import BadValueError, Template, env_of, expand_names

_KNOWN = frozenset({"hall", "su", "rack", "node"})
_ENV = {**env_of("su", "su007"), **env_of("rack", "r0012"), **env_of("node", "r0012n03")}


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("{rack}n", "r0012n"),
        ("10.{su#}.{rack#}.{node#+100}", "10.7.12.103"),
        ("r[{su#*8-7:04}-{su#*8:04}]", "r[0049-0056]"),
        ("{(rack#-1)%8*4+node#}", "15"),
        ("{2+3*4}", "14"),
        ("{(2+3)*4/7}", "2"),
        ("0c:42:{node#:02x}", "0c:42:03"),
        ("{{plain}}", "{plain}"),
    ],
)
def test_a_pattern_is_filled_in(pattern: str, value: str) -> None:
    assert Template(pattern, known=_KNOWN).render(_ENV) == value


def test_the_rail_is_known_within_rails_alone() -> None:
    assert Template("mlx5_{rail}", known=_KNOWN, rail=3).render({}) == "mlx5_3"
    with pytest.raises(BadValueError, match=r"there is no \{rail\} here"):
        Template("mlx5_{rail}", known=_KNOWN)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{su", "brace without its partner"),
        ("su}", "brace without its partner"),
        ("{}", "is not a formula"),
        ("{1 2}", "is not a formula"),
        ("{su#**2}", "is not a formula"),
        ("{(su#}", "is not a formula"),
        ("{row#}", "there is no {row#} here"),
        ("{su:03}", "{su#:03} is its number"),
        ("{su+1}", "su# is its number"),
        ("{su#:s}", "is no number format"),
        ("{__import__('os')}", "is not a formula"),
    ],
)
def test_a_pattern_that_does_not_parse_says_why(pattern: str, reason: str) -> None:
    with pytest.raises(BadValueError) as caught:
        Template(pattern, known=_KNOWN)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("{hall#}", "no hall stands above it"), ("{hall}", "no hall"), ("{su#/0}", "divides by zero")],
)
def test_a_pattern_without_a_value_here_says_why(pattern: str, reason: str) -> None:
    with pytest.raises(BadValueError, match=reason):
        Template(pattern, known=_KNOWN).render(_ENV)


def test_a_name_without_a_number_has_none() -> None:
    with pytest.raises(BadValueError, match="'alpha' has no number in its name"):
        Template("{su#}", known=_KNOWN).render(env_of("su", "alpha"))


def test_more_names_than_a_fleet_can_have_are_refused() -> None:
    with pytest.raises(BadValueError, match="200,000 are the most"):
        expand_names("n[1-500]m[1-500]")
