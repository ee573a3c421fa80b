"""Every kind of fault on a simulated fleet with healthy noise: each is found, nothing healthy is, the scope is right.

Here in one process and without SSH; `make soak` does it with 6,250 nodes and the commands themselves.
"""

from __future__ import annotations

import pytest

from aifctl.diagnosis.finding import Result
from tests.health.planted_faults import (
    EXPECTED,
    NOT_BY_THEMSELVES,
    Plan,
    Told,
    judge,
    plan,
    probed_kinds,
    render,
    usual_wide,
)
from tests.health.simulated_night import Night, Swept

_WELL = {Result.OK, Result.WATCH}


def told(swept: Swept) -> Told:
    return Told(
        named={name: frozenset(one.check for one in swept.findings(name)) for name in swept.looks},
        incidents=[(one.check, one.scope, one.scope_value, frozenset(one.nodes)) for one in swept.incidents],
    )


def wrong_of(planned: Plan, swept: Swept) -> dict[str, str]:
    looks = {node: swept.looks[node].settled.verdict for node in planned.healthy}
    return {node: str(verdict.findings[0]) for node, verdict in looks.items() if verdict.result not in _WELL}


def test_every_kind_of_fault_is_found_and_nothing_healthy_is() -> None:
    night = Night(400)
    first = night.sweep()
    assert first.incidents == ()
    planned = plan(400, each=2, wide=usual_wide(400))
    night.plant(*planned.plantings())
    swept = night.sweep()
    rows = list(judge(planned, told(swept)))
    wrong = wrong_of(planned, swept)
    text = "\n".join(render(rows, healthy_count=len(planned.healthy), wrong=wrong))
    assert [row.fault for row in rows if row.missed] == [], text
    assert wrong == {}, text


def test_the_matrix_has_every_kind_that_a_sweep_can_see() -> None:
    assert {fault.partition(":")[0] for fault in EXPECTED} == set(probed_kinds()) - NOT_BY_THEMSELVES


def test_a_healthy_night_is_quiet() -> None:
    night = Night(64)
    for _ in range(12):
        swept = night.sweep()
        assert {look.result for look in swept.looks.values()} == {Result.OK}


@pytest.mark.parametrize("fault", sorted(EXPECTED))
def test_a_node_that_was_cured_and_has_booted_is_well_again(fault: str) -> None:
    night = Night(3)
    night.sweep()
    night.plant(f"{fault}@r001n02")
    assert night.sweep().looks["r001n02"].result is not Result.OK
    night.cure()
    night.plant("reboot@r001n02")
    results = [night.sweep().looks["r001n02"].result for _ in range(4)]
    assert results[-1] is Result.OK


def test_a_planted_miss_is_seen() -> None:
    planned = plan(400, each=2)
    rows = {row.fault: row for row in judge(planned, Told(named={}, incidents=()))}
    assert all(row.missed == planned.single[fault] for fault, row in rows.items())
    assert "| ib-down | 2 | 0 |" in "\n".join(render(rows.values(), healthy_count=1, wrong={"n": "x"}))
