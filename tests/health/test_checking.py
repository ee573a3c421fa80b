"""checks list and explain: every check by name, its numbers with their sources, what stands of it and where it is muted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.diagnosis.check import Check, Threshold
from aifctl.diagnosis.reading import SectionName
from aifctl.fleet.profile import Expectation, Profile, Profiles
from aifctl.health.checking import explain_check, list_checks
from aifctl.health.muting import MuteAsked, mute
from tests.health.remembered_night import Remembered, remembered
from tests.health.simulated_night import checks


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Remembered:
    night = remembered(tmp_path_factory.mktemp("night"))
    night.sweep()
    night.night.plant("ib-down:2@2")
    night.sweep()
    asked = MuteAsked(check="port-lid", selector="@rack:r1", until="2h", reason="switch swapped")
    night.ask(mute, asked)
    return night


def test_every_check_has_a_line_with_what_stands_of_it(night: Remembered) -> None:
    items, report = night.ask(list_checks)
    assert [item["check"] for item in items] == [check.name for check in checks()]
    by_name = {item["check"]: item for item in items}
    assert (by_name["port-state"]["standing"], by_name["port-state"]["counts"]) == ("2 fault", {"fault": 2})
    assert by_name["acs"]["standing"] == ""
    assert by_name["port-lid"]["muted"].startswith("on @rack:r1 until 2026-12-01 05:30Z by ")
    assert by_name["port-lid"]["muted"].endswith(": switch swapped")
    assert {item["origin"] for item in items} == {"built in"}
    assert report.summary == {"checks_count": len(items), "muted_count": 1}


def test_without_a_store_checks_are_listed_all_the_same(tmp_path: Path) -> None:
    items, report = remembered(tmp_path, 1).ask(list_checks)
    assert {item["standing"] for item in items} == {""}
    assert report.summary["muted_count"] == 0


def test_a_muted_check_that_is_gone_is_named(night: Remembered) -> None:
    rest = [check for check in checks() if check.name != "port-lid"]
    night = replace(night, tools=replace(night.tools, checks=rest))
    assert night.ask(list_checks)[1].notes == ("muted, but not among the checks of this host: port-lid",)


def test_a_check_is_explained_with_its_numbers_and_where_they_come_from(night: Remembered) -> None:
    ((item,), _) = night.ask(explain_check, "port-flap")
    assert item["needs"][:2] == [
        "port.flap_count: times down in the window that are too many",
        "  3 in h100-sxm5 (gpud, InfiniBand flaps: three times down and back)",
    ]
    threshold = item["thresholds"][0]
    assert (threshold["key"], threshold["type"], threshold["low"], threshold["high"]) == (
        "port.flap_count",
        "int",
        1,
        1000,
    )
    assert threshold["profiles"]["h100-sxm5"]["value"] == 3
    assert threshold["profiles"]["h100-sxm5"]["file"].endswith("inventory/profiles/h100-sxm5.yaml")
    assert item["actions"] == ["watch, drain"]
    assert item["explained_by"] == ["port-state, pci-lost"]
    assert item["detail"].startswith("By the growth of link_downed")
    assert (item["standing"], item["origin"]) == ("2 watch", "built in")


def _judge(_subject: object, _case: object) -> list[None]:
    return []


_SITES = Check(
    name="site-limit",
    about="Ours.",
    section=SectionName.HOST,
    subjects=lambda _reading: [],
    judge=_judge,  # type: ignore[arg-type]
    needs=(
        Threshold(key="site.a_count", type=int, about="how many"),
        Threshold(key="site.b_count", type=int, about="how many more", optional=True),
        Threshold(key="site.c_s", type=float, about="how long"),
        Threshold(key="site.d", type=list, about="which"),
    ),
)


def test_profiles_that_say_the_same_share_a_line_and_what_none_says_is_told(night: Remembered) -> None:
    same, other = Expectation(value=90.0, source="ours"), Expectation(value=2.5, source="theirs")
    profiles = [
        Profile(name=name, expectations={"site.c_s": said, "site.d": Expectation(value=["x", "y"], source="us")})
        for name, said in (("one", same), ("two", same), ("three", other))
    ]
    tools = replace(night.tools, checks=[_SITES], profiles=Profiles(all=tuple(profiles)))
    ((item,), _) = replace(night, tools=tools).ask(explain_check, "site-limit")
    assert item["needs"] == [
        "site.a_count: how many; no profile says it, so the check reads unknown",
        "site.b_count: how many more; only a site can say it",
        "site.c_s: how long",
        "  90 in one, two (ours)",
        "  2.5 in three (theirs)",
        "site.d: which",
        "  x, y in one, two, three (us)",
    ]
    assert item["origin"] == f"this site's own: {__name__}"
    assert item["actions"] == []


def test_a_check_that_there_is_not_is_named_with_the_nearest(night: Remembered) -> None:
    with pytest.raises(UsageError, match=r"no check 'port-flapp'; did you mean port-flap\?"):
        night.ask(explain_check, "port-flapp")
    with pytest.raises(UsageError, match="`aifctl checks list` has all"):
        night.ask(explain_check, "qqqq")
