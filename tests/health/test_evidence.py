"""What the newest look at a node says for and against what was done to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.custody.drains import Evidence
from aifctl.diagnosis.finding import Finding, Result
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.health.evidence import evidence_of, findings_of, missed_looks_count, seen_checks
from aifctl.ports.store_rows import NodeRow
from tests.fakes.toolbox import TONIGHT, toolbox
from tests.health.acting_parts import finding, look

NOW_S = TONIGHT.timestamp()


def row(tmp_path: Path, *found: Finding, answered: bool = True, looks_count: int = 1) -> NodeRow:
    store = toolbox(tmp_path).store
    look(store, "r1n1", at_s=NOW_S - 60, sweep="before", judged=("xid", "clock"))
    look(
        store,
        "r1n1",
        *found,
        at_s=NOW_S,
        sweep="now",
        judged=("xid", "clock"),
        answered=answered,
        looks_count=looks_count,
    )
    told = store.node_now("r1n1")
    assert told is not None
    return told


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (finding(result=Result.FAULT), True),
        (finding(result=Result.DEGRADED), True),
        (finding(result=Result.UNKNOWN), True),
        (finding(result=Result.WATCH), False),
        (finding(result=Result.WATCH, debounced=True), True),
    ],
)
def test_what_is_worse_than_watch_counts_and_what_may_be_the_boot_is_not_clean_yet(
    tmp_path: Path, one: Finding, *, counts: bool
) -> None:
    assert (evidence_of(row(tmp_path, one)).found == {"xid"}) is counts


def test_a_node_that_has_answered_could_be_reached(tmp_path: Path) -> None:
    evidence = evidence_of(row(tmp_path))
    assert evidence.judged == {"xid", "clock", "reachability"}
    assert (evidence.found, evidence.seen_at_s, evidence.boot_id) == (frozenset(), NOW_S, "boot-1")


def test_of_one_that_has_not_the_last_answer_counts_and_nothing_was_seen_now(tmp_path: Path) -> None:
    missing = finding("reachability", Result.UNREACHABLE)
    told = row(tmp_path, missing, answered=False, looks_count=4)
    assert evidence_of(told).seen_at_s == NOW_S - 60
    assert "reachability" not in evidence_of(told).judged
    assert seen_checks(told) == frozenset()
    assert missed_looks_count(told) == 4


def test_what_this_look_has_seen_is_what_is_not_stale(tmp_path: Path) -> None:
    assert seen_checks(row(tmp_path, finding())) == {"xid"}
    assert missed_looks_count(row(tmp_path / "other", finding())) == 0


def test_a_node_that_never_answered_has_nothing_for_it(tmp_path: Path) -> None:
    never = replace(row(tmp_path), findings=None, outcome="connect-timeout", seen_at_s=0.0)
    assert findings_of(never).standing == ()
    assert evidence_of(never).judged == frozenset()


def test_what_can_not_be_read_is_no_evidence_of_anything(tmp_path: Path) -> None:
    garbled = replace(row(tmp_path, finding()), findings=b"{")
    with pytest.raises(UnreadableError):
        findings_of(garbled)
    assert evidence_of(garbled) == Evidence()
    assert (seen_checks(garbled), missed_looks_count(garbled)) == (frozenset(), 0)
