from __future__ import annotations

from dataclasses import replace

from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.judging import Verdict, verdict_of
from aifctl.diagnosis.muting import MUTED, is_muted
from aifctl.diagnosis.standing import Settled, settle, unseen

LINK = Finding(
    check="nvlink-state",
    subject="gpu:0000:1b:00.0",
    code="down",
    result=Result.FAULT,
    action=Action.RESET,
    message="3 of 18 links are down",
    debounced=True,
)
FULL = Finding(check="disk-fill", subject="mount:/", result=Result.WATCH, message="/ is 90 % full")
NOTHING = Settled(standing=(), past=(), opened=(), changed=(), cleared=(), verdict=Verdict())
JUDGED = ("disk-fill", "nvlink-state")


def look(
    before: Settled, *findings: Finding, at_s: float, judged: tuple[str, ...] = JUDGED, uptime_s: float | None = 1e6
) -> Settled:
    return settle(
        before.standing, before.past, verdict_of(findings, judged), at_s=at_s, uptime_s=uptime_s, debounce_s=600.0
    )


def test_a_new_finding_opens_and_stands_since_then() -> None:
    settled = look(NOTHING, LINK, at_s=100)
    assert [one.finding for one in settled.opened] == [LINK]
    again = look(settled, LINK, at_s=400)
    assert again.opened == ()
    assert (again.standing[0].first_at_s, again.standing[0].last_at_s, again.standing[0].looks_count) == (100, 400, 2)
    assert again.verdict.result is Result.FAULT


def test_what_a_check_no_longer_finds_has_cleared() -> None:
    settled = look(look(NOTHING, LINK, FULL, at_s=100), FULL, at_s=400)
    assert [one.finding for one in settled.cleared] == [LINK]
    assert settled.verdict.result is Result.WATCH


def test_what_could_not_be_looked_at_stands_and_is_stale() -> None:
    settled = look(look(NOTHING, LINK, at_s=100), at_s=400, judged=("disk-fill",))
    assert settled.cleared == ()
    assert settled.standing[0].stale
    assert settled.standing[0].last_at_s == 100
    assert settled.verdict.result is Result.FAULT
    seen = look(settled, LINK, at_s=700)
    assert not seen.standing[0].stale


def test_a_node_that_was_not_reached_keeps_its_findings_stale() -> None:
    settled = look(NOTHING, LINK, at_s=100)
    assert [(one.finding, one.stale) for one in unseen(settled.standing)] == [(LINK, True)]


def test_could_not_tell_goes_as_soon_as_it_can_be_told_or_is_said_otherwise() -> None:
    unknown = replace(LINK, code="unknown", result=Result.UNKNOWN, action=Action.NONE)
    settled = look(look(NOTHING, unknown, at_s=100), at_s=400, judged=("disk-fill",))
    assert settled.standing == ()


def test_another_result_or_action_is_a_change_and_another_sentence_is_none() -> None:
    settled = look(NOTHING, LINK, at_s=100)
    worse = look(settled, replace(LINK, action=Action.RMA), at_s=400)
    assert [one.finding.action for one in worse.changed] == [Action.RMA]
    assert look(settled, replace(LINK, message="4 of 18 links are down"), at_s=400).changed == ()


def test_a_finding_that_could_not_tell_and_is_muted_then_is_a_change_too() -> None:
    unknown = replace(FULL, result=Result.UNKNOWN)
    held = replace(unknown, facts={MUTED: "unknown"})
    first = look(NOTHING, unknown, at_s=100)
    muted = look(first, held, at_s=400)
    assert [is_muted(one.finding) for one in muted.changed] == [True]
    assert look(muted, held, at_s=700).changed == ()
    assert [is_muted(one.finding) for one in look(muted, unknown, at_s=700).changed] == [False]


def test_links_that_are_still_coming_up_after_a_boot_are_a_watch() -> None:
    booting = look(NOTHING, LINK, at_s=100, uptime_s=120.0)
    found = booting.standing[0].finding
    assert (found.result, found.action) == (Result.WATCH, Action.NONE)
    assert found.message == "3 of 18 links are down (booted 2 min ago: not judged yet)"
    later = look(booting, LINK, at_s=700, uptime_s=720.0)
    assert [one.finding.result for one in later.changed] == [Result.FAULT]


def test_a_boot_excuses_nothing_that_a_boot_does_not_explain() -> None:
    lost = replace(LINK, debounced=False)
    assert look(NOTHING, lost, at_s=100, uptime_s=120.0).verdict.result is Result.FAULT


def test_a_finding_that_comes_and_goes_stands_until_it_has_been_clean_for_three_looks() -> None:
    settled = NOTHING
    for at_s in range(0, 6000, 1200):
        settled = look(look(settled, LINK, at_s=at_s), at_s=at_s + 600)
    flapping = settled
    assert [one.finding for one in flapping.standing] == [LINK]
    assert flapping.standing[0].flapping
    assert flapping.standing[0].clean_count == 1
    two = look(flapping, at_s=7000)
    assert two.verdict.result is Result.FAULT
    assert look(two, at_s=7600).standing == ()


def test_a_return_after_more_than_a_day_is_no_flapping() -> None:
    settled = NOTHING
    for day in range(6):
        settled = look(look(settled, LINK, at_s=day * 90_000), at_s=day * 90_000 + 600)
    assert settled.standing == ()


def test_what_counts_only_if_it_lasts_is_to_be_watched_until_then() -> None:
    brake = replace(LINK, check="throttle", action=Action.DRAIN, debounced=False, lasting_s=300.0)
    judged = ("throttle",)
    first = look(NOTHING, brake, at_s=100, judged=judged)
    assert (first.verdict.result, first.standing[0].finding.action) == (Result.DEGRADED, Action.WATCH)
    assert look(first, brake, at_s=399, judged=judged).changed == ()
    lasting = look(first, brake, at_s=400, judged=judged)
    assert [one.finding for one in lasting.changed] == [brake]
    assert lasting.verdict.result is Result.FAULT
    anew = look(look(first, at_s=250, judged=judged), brake, at_s=400, judged=judged)
    assert anew.verdict.result is Result.DEGRADED
    assert look(NOTHING, replace(brake, lasting_s=0.0), at_s=100, judged=judged).verdict.result is Result.FAULT
