"""Processes on a node that has no job: told where that can be known, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.finding import Action
from aifctl.diagnosis.gpu import Gpu, GpuProcess
from aifctl.diagnosis.judging import Verdict
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.node import Node
from aifctl.fleet.states import StateNow
from aifctl.health.looking import inventory_of
from tests.health.gpu_cases import Found, eight, gpu_checks, judged, profile, reading, short

BUSY = (GpuProcess(pid=4021, name="python3"),)
IDLE = tuple(replace(gpu, processes=()) for gpu in eight())


def looked(gpus: tuple[Gpu, ...], state: str | None = State.DRAINED.value) -> Verdict:
    (check,) = (one for one in gpu_checks() if one.name == "leftover-processes")
    inventory = {"state": state} if state else {}
    return judged(reading(gpus), by=profile(), inventory=inventory, checks=[check])


def at_length(verdict: Verdict, gpus: tuple[Gpu, ...]) -> bool:
    """Whether judging without a glance comes to the same."""
    checks = [replace(one, all_fine=None) for one in gpu_checks() if one.name == "leftover-processes"]
    return judged(reading(gpus), by=profile(), inventory={"state": "drained"}, checks=checks) == verdict


def found(gpus: tuple[Gpu, ...]) -> set[Found]:
    return {short(one) for one in looked(gpus).findings}


def test_a_drained_node_that_still_computes_is_told_with_what_is_left() -> None:
    (finding,) = looked((IDLE[0], replace(IDLE[1], processes=BUSY), *IDLE[2:])).findings
    assert short(finding) == ("node", "leftover-processes", "drained", "watch")
    assert (finding.action, finding.observed) == (Action.APP, 1)
    assert "1 compute process on the GPUs of a drained node: 4021 python3" in finding.message
    assert finding.facts["processes"] == [[f"gpu:{IDLE[1].pci_address}", 4021, "python3"]]


def test_a_drained_node_on_which_nothing_computes_is_fine() -> None:
    verdict = looked(IDLE)
    assert (verdict.findings, verdict.judged) == ((), ("leftover-processes",))
    assert at_length(verdict, IDLE)


@pytest.mark.parametrize("state", [None, *(one.value for one in State if one is not State.DRAINED)])
def test_in_any_other_state_a_process_may_be_a_jobs_and_what_was_found_before_is_over(state: str | None) -> None:
    verdict = looked(tuple(replace(gpu, processes=BUSY) for gpu in IDLE), state)
    assert (verdict.findings, verdict.judged) == ((), ("leftover-processes",))


def test_processes_that_are_not_told_are_unknown_and_a_lost_gpu_has_none() -> None:
    unknown = {("node", "leftover-processes", "unknown", "unknown")}
    assert found((replace(IDLE[0], processes=Absent.ERROR), *IDLE[1:])) == unknown
    assert found((replace(IDLE[0], processes=Absent.LOST, lost=True), *IDLE[1:])) == set()
    assert looked((replace(IDLE[0], processes=Absent.NOT_SUPPORTED), *IDLE[1:])).judged == ()


def test_of_many_processes_the_first_are_named() -> None:
    many = tuple(GpuProcess(pid=pid) for pid in range(20))
    (finding,) = looked((replace(IDLE[0], processes=many), *IDLE[1:])).findings
    assert finding.observed == 20
    assert "0, 1, 2, 3, 4, 5, 6, 7, ...;" in finding.message


def test_where_a_node_stands_by_now_is_what_it_is_judged_by() -> None:
    fleet = Fleet.from_nodes([Node(endpoint=Endpoint(name="n1", address="10.0.0.1"), state=State.READY)], origin="test")
    assert inventory_of(fleet, "n1")["state"] == "ready"
    drained = fleet.with_states(lambda: {"n1": StateNow(state=State.DRAINED)})
    assert inventory_of(drained, "n1")["state"] == "drained"
