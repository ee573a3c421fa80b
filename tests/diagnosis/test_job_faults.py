"""A job that fails on many nodes at once is one incident of the job, whatever its nodes make of it by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.incidents import Incident, drains, fold
from aifctl.diagnosis.job_faults import BY_JOB
from aifctl.diagnosis.scopes import Ground
from tests.health.kernel_cases import GPUS, findings as found_in, healthy

NODES = [f"n{number:04}" for number in range(1, 1001)]
GROUND = Ground(
    judged=frozenset(NODES), scopes={"rack": {"r1": NODES[:8], "r2": NODES[8:16]}}, gpu_counts=dict.fromkeys(NODES, 8)
)
NOW_S = 1_000_000.0


def blamed(node: str, *, at_s: float = NOW_S, process: str = "train", gpu: int = 0, ill: bool = False) -> Finding:
    """Return a page fault as the check xid tells it: the job's, or on one GPU alone again and again."""
    return Finding(
        node=node,
        check="xid",
        subject=f"gpu:{GPUS[gpu]}",
        code="xid-31",
        result=Result.DEGRADED if ill else Result.WATCH,
        action=Action.DRAIN if ill else Action.APP,
        message="said",
        at_s=at_s,
        facts={BY_JOB: True, "process": process},
    )


def scopes(incidents: Sequence[Incident]) -> list[tuple[str, str, int]]:
    return [(one.scope, one.scope_value, len(one.nodes)) for one in incidents]


@pytest.mark.parametrize("ill", [False, True])
def test_a_bad_kernel_on_two_hundred_nodes_is_one_incident_of_the_job_and_drains_nobody(ill: bool) -> None:
    hit = [
        blamed(node, at_s=NOW_S + at / 10, gpu=gpu, ill=ill) for at, node in enumerate(NODES[:200]) for gpu in (0, 1)
    ]
    (incident,) = fold(hit, GROUND)
    assert scopes([incident]) == [("job", "train", 200)]
    assert (incident.result, incident.action, len(incident.findings)) == (Result.WATCH, Action.APP, 400)
    assert not drains(incident)
    assert incident.message == "200 nodes at once: it is the job, and not their GPUs; first: said"


def test_a_whole_rack_is_the_job_too_and_no_racks() -> None:
    assert scopes(fold([blamed(node, ill=True) for node in NODES[:8]], GROUND)) == [("job", "train", 8)]


def test_two_nodes_are_a_coincidence_and_each_stands_for_itself() -> None:
    assert fold([blamed(node) for node in NODES[:2]], GROUND) == ()
    assert [one.scope for one in fold([blamed(node, ill=True) for node in NODES[:2]], GROUND)] == ["gpu", "gpu"]


def test_one_gpu_that_fails_again_and_again_is_no_jobs_beside_a_job_that_failed_at_another_time() -> None:
    alone = blamed(NODES[500], at_s=NOW_S - 3600, ill=True)
    assert sorted(scopes(fold([alone, *(blamed(node) for node in NODES[:5])], GROUND))) == [
        ("gpu", f"{NODES[500]} gpu:{GPUS[0]}", 1),
        ("job", "train", 5),
    ]


def test_nodes_whose_reports_lie_apart_or_are_of_other_processes_have_no_job_in_common() -> None:
    assert fold([blamed(node, at_s=NOW_S + 301 * at) for at, node in enumerate(NODES[:20])], GROUND) == ()
    assert fold([blamed(node, process=f"p{at}") for at, node in enumerate(NODES[:20])], GROUND) == ()
    assert scopes(fold([blamed(node, process="") for node in NODES[:3]], GROUND)) == [("job", "unnamed", 3)]


def test_reports_one_after_the_other_are_counted_from_the_first_and_no_endless_chain() -> None:
    chain = [blamed(node, at_s=NOW_S + 200 * at, ill=True) for at, node in enumerate(NODES[100:106])]
    assert {one.scope for one in fold(chain, GROUND)} == {"gpu"}


def test_the_same_process_at_two_times_is_one_incident_of_both() -> None:
    hit = [blamed(node, at_s=NOW_S + 3600 * (at // 4)) for at, node in enumerate(NODES[:8])]
    assert scopes(fold(hit, GROUND)) == [("job", "train", 8)]


def test_after_a_day_it_is_no_news_and_still_no_gpus_fault() -> None:
    hit = [blamed(node, ill=True) for node in NODES[:5]]
    assert scopes(fold(hit, replace(GROUND, at_s=NOW_S + 86_400))) == [("job", "train", 5)]
    assert fold(hit, replace(GROUND, at_s=NOW_S + 86_401)) == ()


def test_what_says_nothing_of_a_job_or_of_a_time_is_left_as_it_was() -> None:
    hit = [blamed(node, ill=True) for node in NODES[100:105]]
    assert {one.scope for one in fold([replace(one, facts={}) for one in hit], GROUND)} == {"gpu"}
    assert {one.scope for one in fold([replace(one, at_s=None) for one in hit], GROUND)} == {"gpu"}


@pytest.mark.parametrize(
    ("number", "by_job"), [(13, True), (31, True), (69, True), (80, True), (94, False), (79, False), (68, False)]
)
def test_what_nvidia_has_the_application_looked_at_for_is_the_jobs(number: int, by_job: bool) -> None:
    log = healthy()
    log.xid(number, GPUS[0])
    (finding,) = found_in(log)
    assert finding.facts.get(BY_JOB, False) is by_job
