"""The profiles that come with aifctl answer every check, say nothing that no check asks, and fit the fleets beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.diagnosis.check import Threshold
from aifctl.diagnosis.examining import NEEDS
from aifctl.fleet.profile import Profiles
from aifctl.roster.roster import FileRoster
from aifctl.wiring.expecting import all_checks, read_all_profiles

_CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def thresholds() -> list[Threshold]:
    return [*NEEDS, *(threshold for check in all_checks() for threshold in check.needs)]


@pytest.fixture(scope="module")
def profiles() -> Profiles:
    return read_all_profiles(None, all_checks())


def test_an_h100s_profile_says_all_that_checks_ask_but_what_only_a_site_can_know(
    profiles: Profiles, thresholds: list[Threshold]
) -> None:
    said = profiles.named("h100-sxm5").expectations
    assert sorted({one.key for one in thresholds if not one.optional} - set(said)) == []


@pytest.mark.parametrize("name", ["a100-sxm4", "h100-sxm5", "h200-sxm5"])
def test_every_value_has_a_source_that_says_something(profiles: Profiles, name: str) -> None:
    bare = {key: one.source for key, one in profiles.named(name).expectations.items() if len(one.source.split()) < 2}
    assert bare == {}


def test_checks_that_share_a_key_want_the_same_kind_of_value(thresholds: list[Threshold]) -> None:
    kinds: dict[str, set[tuple[type, type]]] = {}
    for one in thresholds:
        kinds.setdefault(one.key, set()).add((one.type, one.items))
    assert {key: those for key, those in kinds.items() if len(those) > 1} == {}


def test_every_threshold_that_is_a_number_has_bounds(thresholds: list[Threshold]) -> None:
    assert [one.key for one in thresholds if one.type in {int, float} and (one.low is None or one.high is None)] == []


@pytest.mark.parametrize("fleet", ["demo", "ai-factory-50k"])
def test_the_fleets_beside_them_are_of_known_kinds(profiles: Profiles, fleet: str) -> None:
    found = FileRoster(None).load(_CHECKOUT / "inventory" / fleet).fleet
    assert {profile.name if (profile := profiles.of_sku(found.node(name).sku)) else "" for name in found.names} == {
        "h100-sxm5"
    }
