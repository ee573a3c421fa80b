from __future__ import annotations

import pytest

from aifctl.fleet.nearest import nearest, nearest_names
from tests.fleet.call_count import calls_of

KNOWN = [*(f"r{rack:02}n{node:02}" for rack in range(1, 13) for node in range(1, 33)), "login-a", "login-b"]
KNOWN.sort()


@pytest.mark.parametrize(
    ("unknown", "found"),
    [
        ("r1n1", "r01n01"),
        ("R01-N01", "r01n01"),
        ("r01n33", "r01n32"),
        ("r0ln01", "r01n01"),
        ("r01m07", "r01n07"),
        ("r01n012", "r01n12"),
        ("r10n1", "r10n01"),
        ("r12n99", "r12n32"),
        ("lgoin-a", "login-a"),
        ("login_b", "login-b"),
        ("r05nzz", "r05n01"),  # of many that are equally like it
        ("completely-different", ""),
    ],
)
def test_the_nearest_is_what_was_probably_meant(unknown: str, found: str) -> None:
    assert nearest_names([unknown], KNOWN) == [found]


def test_each_unknown_name_gets_its_own_nearest() -> None:
    assert nearest_names(["r1n1", "r01n33", "zzz"], KNOWN) == ["r01n01", "r01n32", ""]


def test_nothing_is_near_in_an_empty_fleet() -> None:
    assert nearest_names(["n1"], []) == [""]


def test_thousands_of_unknown_names_take_bounded_work() -> None:
    strangers = [f"other-{number}-x" for number in range(5000)]
    assert calls_of(lambda: nearest_names(strangers, KNOWN)) < 250 * len(strangers)


def test_a_word_finds_the_nearest_of_a_few_choices() -> None:
    assert nearest("drainde", ["drained", "draining"]) == "drained"
    assert nearest("SU-3", ["su3", "su4"]) == "su3"
    assert nearest("zzz", ["drained"]) == ""
