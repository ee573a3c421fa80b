"""aifctl sweep: every node looked at once, judged, remembered, folded into incidents; what it ends with, and what it never calls clean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.errors import RefusedError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding, Result
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.dispatch.asked import Chosen, Fan, Keep, Pace
from aifctl.fleet.lifecycle import State
from aifctl.ports.store_writes import NodeLook
from aifctl.ports.transport import Ended
from tests.fakes.fleet import Script
from tests.health.simulated_night import BETWEEN_SWEEPS_S
from tests.health.swept_night import DEAD, PACE, SweptNight, says, swept_night


@pytest.fixture
def night(tmp_path: Path) -> SweptNight:
    return swept_night(tmp_path)


def test_a_healthy_fleet_is_clean_and_every_node_is_in_the_store(night: SweptNight) -> None:
    report = night.sweep()
    assert (report.exit, report.complete, report.coverage.share if report.coverage else 0) == (ExitCode.OK, True, 1.0)
    assert {night.result(name) for name in night.names} == {"ok"}
    assert {item["result"] for item in night.items.values()} == {"ok"}
    (row,) = night.tools.store.sweeps()
    assert (row.asked, row.answered, row.exit_code, row.selector) == (8, 8, 0, "@all")
    assert len(night.tools.transport.sent) == 8
    assert night.incidents() == []


def test_one_command_a_node_and_a_journal_that_holds_no_reply(night: SweptNight) -> None:
    night.sweep()
    (journal,) = (night.tools.state.path / "runs").rglob("journal.jsonl")
    assert journal.stat().st_size < 8 * 1024
    assert b"deflate" not in journal.read_bytes()


def test_a_fault_is_found_with_evidence_and_makes_one_incident(night: SweptNight) -> None:
    night.night.plant("remap-failure@1")
    report = night.sweep()
    (sick,) = [name for name, item in night.items.items() if item["result"] == "fault"]
    item = night.items[sick]
    assert (item["check"], item["action"], item["outcome"]) == ("row-remap-failure", "rma", "ok")
    (finding,) = [one for one in item["findings"] if one["check"] == "row-remap-failure"]
    assert finding["identity"]
    assert finding["message"] == item["message"]
    assert {"check": "row-remap-failure", "subject": item["subject"], "code": "failure"} in item["new"]
    assert report.exit is ExitCode.FINDINGS
    ((check, scope, _, nodes),) = night.incidents()
    assert (check, scope, nodes) == ("row-remap-failure", "gpu", (sick,))


def test_an_incident_opens_goes_on_and_is_over(night: SweptNight) -> None:
    night.sweep()
    night.night.plant("remap-failure@1")
    night.sweep()
    (opened,) = night.tools.store.incidents()
    assert night.sweep().exit is ExitCode.FINDINGS
    (still,) = night.tools.store.incidents()
    assert (still.id, still.opened_at_s) == (opened.id, opened.opened_at_s)
    night.night.cure()
    report = night.sweep()
    assert report.exit is ExitCode.OK
    assert night.tools.store.incidents() == []
    assert night.tools.store.incident_log(opened.id)[-1].what == "closed"
    (cleared,) = [item["cleared"] for item in night.items.values() if item["cleared"]]
    assert "row-remap-failure" in {one["check"] for one in cleared}


@pytest.mark.parametrize(
    ("fail_on", "expected"),
    [("fault", ExitCode.OK), ("degraded", ExitCode.OK), ("watch", ExitCode.FINDINGS), ("new", ExitCode.OK)],
)
def test_what_is_worth_an_exit_code_is_the_callers_choice(night: SweptNight, fail_on: str, expected: ExitCode) -> None:
    night.night.plant("persistence-off@1")  # watch
    assert night.sweep(fail_on=fail_on).exit is expected


def test_fail_on_new_is_1_once_for_each_thing_that_is_new(night: SweptNight) -> None:
    night.night.plant("remap-failure@1")
    assert [night.sweep(fail_on="new").exit for _ in range(3)] == [ExitCode.FINDINGS, ExitCode.OK, ExitCode.OK]
    assert night.sweep(fail_on="fault").exit is ExitCode.FINDINGS


# What could not be looked at


def test_nobody_reached_is_4(night: SweptNight) -> None:
    night.instead = dict.fromkeys(night.names, DEAD)
    report = night.sweep()
    assert (report.exit, report.complete) == (ExitCode.NONE_ASKED, False)
    assert {night.result(name) for name in night.names} == {"unreachable"}


def test_too_few_is_3_and_unreachable_nodes_are_no_fault(night: SweptNight) -> None:
    night.instead = {night.names[0]: DEAD}
    report = night.sweep()
    assert report.exit is ExitCode.COVERAGE
    assert report.coverage is not None
    assert (report.coverage.asked, report.coverage.answered) == (8, 7)
    item = night.items[night.names[0]]
    assert (item["result"], item["check"], item["outcome"], item["action"]) == (
        "unreachable", "reachability", "connect-timeout", "none",
    )  # fmt: skip


def test_one_node_below_the_bound_is_0(night: SweptNight) -> None:
    night.instead = {night.names[0]: DEAD}
    assert night.sweep(pace=replace(PACE, min_coverage=0.8)).exit is ExitCode.OK


def test_a_rack_that_is_wholly_unseen_is_3_whatever_the_share(tmp_path: Path) -> None:
    night = swept_night(tmp_path, 16)
    fleet = night.tools.fleet
    rack, nodes = next(iter(fleet.scope("rack").items()))
    night.instead = dict.fromkeys(nodes, DEAD)
    report = night.sweep(pace=Pace(min_coverage=0.5))
    assert report.exit is ExitCode.COVERAGE
    assert any(f"rack {rack}" in note for note in report.notes)
    assert night.incidents() == [("reachability", "rack", rack, tuple(nodes))]


def test_nodes_that_are_off_or_in_repair_are_left_out_and_do_not_count(tmp_path: Path) -> None:
    names = swept_night(tmp_path / "a").names
    night = swept_night(tmp_path / "b", states={names[0]: State.REPAIR}, off=[names[1]])
    report = night.sweep()
    assert report.exit is ExitCode.OK
    assert report.coverage is not None
    assert (report.coverage.asked, report.coverage.skipped) == (6, 2)
    assert {night.items[name]["outcome"] for name in names[:2]} == {"skipped"}
    assert {night.items[name]["result"] for name in names[:2]} == {None}
    assert {night.result(name) for name in names[:2]} == {None}


def test_all_left_out_is_refused_and_nothing_selected_is_no_sweep(tmp_path: Path) -> None:
    names = swept_night(tmp_path / "a", 2).names
    night = swept_night(tmp_path / "b", 2, off=names)
    with pytest.raises(RefusedError, match="2 off"):
        night.sweep()
    report = night.sweep(chosen=Chosen(selector="@state:drained", allow_empty=True))
    assert (report.exit, night.tools.store.sweeps()) == (ExitCode.OK, [])


def test_nodes_in_repair_keep_no_incident_open(night: SweptNight) -> None:
    (sick,) = night.night.plant("remap-failure@1")
    night.sweep()
    fleet = night.tools.inventory
    others = [fleet.node(name) for name in fleet.names if name != sick]
    night.tools.fleet = type(fleet).from_nodes([*others, replace(fleet.node(sick), state=State.REPAIR)], origin="sim")
    night.sweep()
    assert night.incidents() == []


# Bad input


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (says(b"Last login: Tue\nhello\n"), "the answer is no probe's"),
        (says(b""), "the answer is no probe's: it is empty"),
        (says(b'{"aifctl_probe":1,"deflate":"AAAA'), "half a JSON"),
        (says(b'{"aifctl_probe":99,"deflate":""}'), "has schema 99"),
        (says(b"x" * (3 << 20)), "said more than 2 MB"),
        (Script(ended=Ended(rc=127), stderr=(b"there is no python3 here\n",)), "no python3"),
        (Script(dies=True), "died"),
    ],
)
def test_a_node_that_answers_nonsense_is_unknown_in_one_sentence_and_the_others_are_judged(
    night: SweptNight, script: Script, said: str
) -> None:
    odd = night.names[3]
    night.instead = {odd: script}
    report = night.sweep()
    item = night.items[odd]
    assert (item["result"], item["check"]) == ("unknown", "reachability")
    assert said in item["message"]
    assert "\n" not in item["message"]
    assert len(item["message"]) <= 300
    assert {night.result(name) for name in night.names if name != odd} == {"ok"}
    assert report.exit is ExitCode.COVERAGE


def test_a_bug_in_transport_is_that_nodes_unknown_and_70(night: SweptNight) -> None:
    night.instead = {night.names[0]: Script(run_bug=True)}
    report = night.sweep()
    assert report.exit is ExitCode.BUG
    assert night.items[night.names[0]]["result"] == "unknown"
    assert night.result(night.names[1]) == "ok"


def test_what_is_kept_of_a_node_may_be_garbage_and_what_stands_of_it_still_stands(night: SweptNight) -> None:
    (sick,) = night.night.plant("remap-failure@1")
    night.sweep()
    store = night.tools.store
    row = store.node_now(sick)
    assert row is not None
    (opened,) = store.incidents()
    look = NodeLook(
        node=sick, at_s=row.at_s + 1, outcome="ok", result="ok", findings=b"[", memory=b"]", after_s=row.at_s
    )
    store.add(row.sweep, [look])
    assert night.sweep().exit is ExitCode.FINDINGS
    assert night.items[sick]["new"] == []
    assert [one.id for one in store.incidents()] == [opened.id]
    about_findings, about_memory = night.tools.notes
    assert about_findings.startswith(f"the findings kept of {sick} can't be read")
    assert about_memory.startswith(f"{sick}: what is remembered of a node is no memory")
    night.night.cure()
    assert night.sweep().exit is ExitCode.OK
    assert store.findings([sick]) == []


def raising(_thing: object, _case: Case) -> list[Finding]:
    raise ZeroDivisionError("a site's own\nmistake")


BROKEN = Check(
    name="site-own", about="A site's.", section=SectionName.GPU, subjects=lambda reading: [("node", reading)],
    judge=raising,
)  # fmt: skip


def test_a_sites_own_check_that_raises_everywhere_is_suspect_and_takes_no_nodes_coverage(night: SweptNight) -> None:
    night.tools.checks = (*night.tools.checks, BROKEN)
    (sick,) = night.night.plant("remap-failure@1")
    report = night.sweep()
    assert report.coverage is not None
    assert (report.coverage.asked, report.coverage.answered, report.exit) == (8, 8, ExitCode.FINDINGS)
    items = dict(night.items)
    assert items.pop(sick)["check"] == "row-remap-failure"  # what the others find counts
    for item in items.values():
        assert (item["result"], item["check"], item["code"]) == ("unknown", "site-own", "check-failed")
        assert "a site's own" in item["message"]
    said = [note for note in report.notes if "site-own" in note]
    sentence = (
        "CHECK SUSPECT: site-own: it fails itself on 8 of 8 nodes (100%) and judges nothing there: mend it, or "
        "`aifctl checks mute site-own`; first: the check itself failed: ZeroDivisionError: a site's own\\nmistake"
    )
    assert said == [sentence]
    (row,) = (one for one in night.tools.store.incidents() if one.check == "site-own")
    assert (row.suspect, row.scope, row.action) == (True, "check", "none")


def test_a_check_that_raises_everywhere_is_no_clean_exit_and_drains_nobody(night: SweptNight) -> None:
    night.tools.checks = (*night.tools.checks, BROKEN)
    reports = [night.sweep(act=True) for _ in range(4)]
    assert {report.exit for report in reports} == {ExitCode.FINDINGS}
    assert night.tools.store.states() == {}
    assert {row.answered for row in night.tools.store.sweeps()} == {8}
    night.sweep(fail_on="new")
    assert night.reports[-1].exit is ExitCode.OK  # it is not new


def test_a_check_that_raises_on_a_few_nodes_leaves_those_unseen(night: SweptNight) -> None:
    few = set(night.names[:4])

    def raise_on_few(reading: Reading, _case: Case) -> list[Finding]:
        return raising(reading, _case) if reading.node in few else []

    night.tools.checks = (*night.tools.checks, replace(BROKEN, judge=raise_on_few))
    report = night.sweep()
    assert report.coverage is not None
    assert (report.coverage.answered, report.exit) == (4, ExitCode.COVERAGE)
    assert len(night.incidents()) == 4


def test_where_no_other_check_could_tell_anything_a_check_that_raises_covers_nobody(night: SweptNight) -> None:
    night.tools.checks = (BROKEN,)
    report = night.sweep()
    assert report.coverage is not None
    assert (report.coverage.answered, report.exit) == (0, ExitCode.COVERAGE)


# What is asked for and shown


def test_only_changes_shows_nothing_of_nodes_that_are_as_they_were(night: SweptNight) -> None:
    fan = Fan(chosen=Chosen(selector="@all"), pace=PACE, keep=Keep(only_changes=True))
    night.sweep(fan=fan)
    assert night.items == {}
    (sick,) = night.night.plant("remap-failure@1")
    night.sweep(fan=fan)
    assert list(night.items) == [sick]
    night.sweep(fan=fan)
    assert night.items == {}
    assert night.sinks[-1].heads[0].drawing == "changes"


def test_quiet_asks_for_news_alone(night: SweptNight) -> None:
    night.sweep(quiet=True)
    assert night.sinks[-1].heads[0].drawing == "news"


def test_a_profile_by_name_overrules_the_sku_and_one_that_there_is_not_is_refused_before_anybody_is_asked(
    night: SweptNight,
) -> None:
    known = night.tools.profiles.all[0].name
    assert night.sweep(profile=known).exit is ExitCode.OK
    with pytest.raises(UsageError):
        night.sweep(profile="h100-sxm9")
    assert night.tools.transport.sent == []


def test_an_unknown_sku_is_never_ok(night: SweptNight) -> None:
    fleet = night.tools.inventory
    nodes = [replace(fleet.node(name), sku="abacus") for name in fleet.names]
    night.tools.fleet = type(fleet).from_nodes(nodes, origin="sim")
    report = night.sweep()
    assert report.exit is ExitCode.COVERAGE
    assert {item["result"] for item in night.items.values()} == {Result.UNKNOWN.value}


def test_a_part_of_the_fleet_neither_closes_nor_doubles_what_stands_of_the_rest(tmp_path: Path) -> None:
    night = swept_night(tmp_path, 16)
    (sick,) = night.night.plant("remap-failure@1")
    night.sweep()
    before = [row.id for row in night.tools.store.incidents()]
    other = next(name for name in night.names if name != sick)
    assert night.sweep(other).exit is ExitCode.OK
    assert [row.id for row in night.tools.store.incidents()] == before
    assert list(night.items) == [other]


def test_a_host_file_touches_no_incident_of_nodes_it_does_not_name(night: SweptNight) -> None:
    (sick,) = night.night.plant("remap-failure@1")
    night.sweep()
    fleet = night.tools.inventory
    other = next(name for name in night.names if name != sick)
    night.tools.fleet = type(fleet).from_nodes([fleet.node(other)], origin="hosts.txt")
    night.sweep(None)
    assert [row.nodes for row in night.tools.store.incidents()] == [(sick,)]
    assert night.tools.store.sweeps()[0].facts["narrowed"] is True


def test_outcomes_of_asking_are_counted_by_the_report(night: SweptNight) -> None:
    night.instead = {night.names[0]: DEAD}
    report = night.sweep()
    assert report.summary["counts"] == {Outcome.CONNECT_TIMEOUT.value: 1, Outcome.OK.value: 7}
    assert report.summary["incidents"][0]["check"] == "reachability"
    assert report.summary["changed_count"] == 1


def test_links_that_are_down_after_a_boot_are_watched_and_a_fault_when_they_had_time_to_train(
    night: SweptNight,
) -> None:
    assert night.sweep().exit is ExitCode.OK
    booted_with_links_down(night)
    watched = night.sweep(fail_on="degraded")
    ((sick, item),) = [(name, item) for name, item in night.items.items() if item["result"] != "ok"]
    assert (watched.exit, item["result"], item["check"]) == (ExitCode.OK, "watch", "nvlink-state")
    assert "booted 1 min ago: not judged yet" in item["message"]
    assert night.incidents() == []

    faulty = night.sweep()
    assert (faulty.exit, night.items[sick]["result"]) == (ExitCode.FINDINGS, "fault")
    assert "booted" not in night.items[sick]["message"]
    assert [nodes for *_, nodes in night.incidents()] == [(sick,)]


def test_links_that_train_after_a_boot_were_nobodys_fault(night: SweptNight) -> None:
    night.sweep()
    booted_with_links_down(night)
    night.sweep()
    night.night.cure()
    assert night.sweep().exit is ExitCode.OK
    assert {item["result"] for item in night.items.values()} == {"ok"}
    assert night.incidents() == []


def booted_with_links_down(night: SweptNight) -> None:
    """Let one node boot, so that the next sweep looks at it a minute later, with three links of a GPU down."""
    (name,) = night.night.plant("nvlink-down:3@1")
    next(machine for machine in night.night.machines if machine.name == name).booted()
    night.pass_time(60 - BETWEEN_SWEEPS_S)
