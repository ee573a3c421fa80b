"""A muted check reads unknown, for the nodes it is muted on, whatever it finds."""

from __future__ import annotations

from typing import Any

import pytest

from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.incidents import fold
from aifctl.diagnosis.judging import Verdict, verdict_of
from aifctl.diagnosis.muting import Muting, is_muted, muted
from aifctl.diagnosis.scopes import Ground
from aifctl.diagnosis.standing import Standing, settle

UNTIL_S = 1_796_000_000.0


def mute(check: str = "xid", nodes: frozenset[str] | None = None) -> Muting:
    return Muting(check=check, nodes=nodes, until_s=UNTIL_S, who="pat", reason="ticket 811")


def found(check: str = "xid", result: Result = Result.FAULT, **fields: Any) -> Finding:
    return Finding(
        check=check, subject="gpu:0", code="79", result=result, action=Action.REBOOT, message="it fell", **fields
    )


def verdict(*findings: Finding, judged: tuple[str, ...] = ("port-state", "xid")) -> Verdict:
    return verdict_of(findings, judged, node="n1")


def test_what_a_muted_check_finds_is_unknown_and_asks_for_nothing() -> None:
    (told,) = muted(verdict(found()), "n1", [mute()]).findings
    assert (told.key, told.result, told.action) == (("xid", "gpu:0", "79"), Result.UNKNOWN, Action.NONE)
    assert told.message == "it fell (muted until 2026-11-30 00:53Z by pat: ticket 811)"
    assert told.facts == {"muted": "fault"}
    assert is_muted(told)
    assert told.node == "n1"


def test_a_muted_check_that_finds_nothing_is_not_clean_either() -> None:
    told = muted(verdict(), "n1", [mute()])
    assert [(one.key, one.result) for one in told.findings] == [(("xid", "node", "muted"), Result.UNKNOWN)]
    assert told.result is Result.UNKNOWN
    assert told.judged == ("port-state", "xid")


def test_other_checks_say_what_they_said() -> None:
    told = muted(verdict(found(), found("port-state", Result.DEGRADED)), "n1", [mute()])
    assert told.result is Result.DEGRADED
    assert [one.check for one in told.findings] == ["port-state", "xid"]  # in order of what they are now


@pytest.mark.parametrize(
    "mutes", [[], [mute("other")], [mute(nodes=frozenset({"n2"}))], [mute("section-read")]], ids=repr
)
def test_a_verdict_of_which_nothing_is_muted_is_the_very_same(mutes: list[Muting]) -> None:
    before = verdict(found())
    assert muted(before, "n1", mutes) is before


def test_a_check_that_had_nothing_to_look_at_is_left_out() -> None:
    assert muted(verdict(judged=("port-state",)), "n1", [mute()]).findings == ()


def test_a_mute_is_for_its_nodes_alone() -> None:
    only = mute(nodes=frozenset({"n1"}))
    assert is_muted(muted(verdict(found()), "n1", [only]).findings[0])
    assert not is_muted(muted(verdict(found()), "n2", [only]).findings[0])


def test_no_incident_comes_of_what_is_muted() -> None:
    ground = Ground(judged=frozenset({"n1"}))
    assert [one.check for one in fold(verdict(found()).findings, ground)] == ["xid"]
    assert fold(muted(verdict(found()), "n1", [mute()]).findings, ground) == ()
    assert fold(muted(verdict(), "n1", [mute()]).findings, ground) == ()


def _settled(before: tuple[Standing, ...], told: Verdict, at_s: float) -> Any:
    return settle(before, (), told, at_s=at_s, uptime_s=None, debounce_s=0)


def test_a_finding_neither_clears_nor_begins_anew_when_a_mute_begins_and_ends() -> None:
    first = _settled((), verdict(found()), 100.0)
    second = _settled(first.standing, muted(verdict(found()), "n1", [mute()]), 200.0)
    third = _settled(second.standing, verdict(found()), 300.0)
    assert [(len(one.opened), len(one.changed), len(one.cleared)) for one in (second, third)] == [(0, 1, 0), (0, 1, 0)]
    assert second.verdict.result is Result.UNKNOWN
    assert third.verdict.result is Result.FAULT
    assert third.standing[0].first_at_s == 100.0


def test_a_check_that_is_clean_beneath_its_mute_clears_what_stood() -> None:
    first = _settled((), verdict(found()), 100.0)
    second = _settled(first.standing, muted(verdict(), "n1", [mute()]), 200.0)
    assert [one.finding.code for one in second.cleared] == ["79"]
    assert [one.finding.code for one in second.standing] == ["muted"]
