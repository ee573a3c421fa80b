"""What isn't judged at length, since a glance or the last look has told, comes out as if it had been: over all of a node
that can be other than it was, and over nights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NoReturn

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.examining import Examiner
from aifctl.diagnosis.finding import Finding, Result
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.gpu_findings import ask
from aifctl.diagnosis.judging import Verdict, judge
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.remembering import remember
from aifctl.diagnosis.standing_text import NodeFindings
from aifctl.fleet.profile import Profile
from tests.health.changed_readings import changed_readings
from tests.health.planted_faults import plan
from tests.health.simulated_night import Night, checks, profile

GLANCING = tuple(check for check in checks() if check.all_fine is not None)
AT_LENGTH = {check.name: replace(check, all_fine=None) for check in checks()}
#: Two nodes for each kind of fault, no two of a kind in a rack.
NODES_COUNT = 200


@cache
def healthy() -> Reading:
    return Night(1).reading("r001n01")


@cache
def before() -> Memory:
    return remember(Memory(), replace(healthy(), at_s=healthy().at_s - 900.0))


def case_of(reading: Reading, known: Profile | None) -> Case:
    return Case(reading=reading, profile=known, memory=remember(before(), reading), inventory={"name": reading.node})


def at_length(case: Case, those: Iterable[Check]) -> Verdict:
    return judge(case, [AT_LENGTH[check.name] for check in those])


@pytest.mark.parametrize("known", [profile(), None], ids=["a known SKU", "an unknown one"])
@pytest.mark.parametrize("section", sorted(SectionName))
def test_a_glance_hides_nothing_whatever_a_node_tells(section: SectionName, known: Profile | None) -> None:
    tried, wrong = 0, []
    for name, reading in changed_readings(healthy(), section):
        tried += 1
        case = case_of(reading, known)
        if judge(case, GLANCING) != at_length(case, GLANCING):
            wrong.append(name)
    assert wrong == []
    assert tried > 0


def test_of_a_healthy_node_no_check_that_can_see_so_at_a_glance_is_asked() -> None:
    def asked(_thing: Any, _case: Case) -> NoReturn:
        raise AssertionError

    verdict = judge(case_of(healthy(), profile()), [replace(check, judge=asked) for check in GLANCING])
    assert (verdict.findings, verdict.result) == ((), Result.OK)
    assert verdict.judged == tuple(sorted(check.name for check in GLANCING))


def test_every_check_of_what_moves_on_parts_that_nodes_have_many_of_can_see_at_a_glance_that_all_is_well() -> None:
    many = {SectionName.GPU, SectionName.PORT, SectionName.PCI}
    assert [check.name for check in checks() if check.moving and check.section in many and check.all_fine is None] == []


class Doubting(Examiner):
    """Judges each look at length, too; takes down where that says something else, and how often it went by the last look."""

    def __init__(self) -> None:
        super().__init__(checks(), version="test")
        self.wrong: list[tuple[str, tuple[Finding, ...], tuple[Finding, ...]]] = []
        self.as_before_count = 0

    def judge(self, case: Case, kept: NodeFindings, facts_digest: str) -> tuple[Verdict, str]:
        verdict, ground = super().judge(case, kept, facts_digest)
        self.as_before_count += ground == kept.ground
        long = at_length(case, checks())
        if verdict != long:
            self.wrong.append((case.reading.node, verdict.findings, long.findings))
        return verdict, ground


def test_a_night_with_every_kind_of_fault_is_judged_as_at_length() -> None:
    doubting = Doubting()
    night = Night(NODES_COUNT, examiner=doubting)
    planned = plan(NODES_COUNT, each=1)
    night.sweep()
    night.plant(*planned.plantings())
    found = night.sweep()
    night.sweep()
    night.cure()
    night.sweep()
    assert doubting.wrong == []
    assert doubting.as_before_count > NODES_COUNT
    assert {look.result for look in found.looks.values()} >= {Result.OK, Result.WATCH, Result.DEGRADED, Result.FAULT}


def gpu_power(**other: Any) -> Check:
    (found,) = (check for check in GLANCING if check.name == "gpu-power")
    return replace(found, **other)


def test_a_glance_that_overlooks_something_would_be_found() -> None:
    blind = gpu_power(all_fine=lambda _gpus, _case: True)
    cases = [case_of(reading, profile()) for _, reading in changed_readings(healthy(), SectionName.GPU)]
    assert [case for case in cases if judge(case, [blind]) != at_length(case, [blind])] != []


def test_what_is_not_told_is_the_checks_to_tell_and_not_its_glances() -> None:
    gpus = healthy().gpu
    assert gpus is not None
    dumb = replace(gpus, gpus=tuple(replace(gpu, power_w=Absent.ERROR) for gpu in gpus.gpus))
    (first, *rest) = judge(case_of(replace(healthy(), gpu=dumb), profile()), [gpu_power()]).findings
    assert (first.code, first.message, len(rest)) == ("unknown", "can't tell: power (error)", 7)


def test_what_this_hardware_has_not_is_no_trouble_of_a_glance() -> None:
    def asks(gpus: Sequence[Gpu], case: Case) -> bool:
        return all(ask(gpu, "retired_pending", case) is False for gpu in gpus)

    assert judge(case_of(healthy(), profile()), [gpu_power(all_fine=asks)]).judged == ("gpu-power",)
    assert judge(case_of(healthy(), profile()), [gpu_power(all_fine=asks)]).findings == ()


def test_a_glance_that_is_broken_is_told_of_and_the_check_is_asked_all_the_same() -> None:
    def broken(_gpus: Sequence[Gpu], _case: Case) -> bool:
        raise KeyError("site")

    verdict = judge(case_of(healthy(), profile()), [gpu_power(all_fine=broken)])
    assert [(one.code, one.result) for one in verdict.findings] == [("check-failed", Result.UNKNOWN)]
    assert verdict.judged == ("gpu-power",)


def test_where_there_is_nothing_to_judge_no_glance_makes_it_judged() -> None:
    none = replace(healthy(), gpu=GpuSection(source="nvml"))
    blind = gpu_power(all_fine=lambda _gpus, _case: True)
    assert judge(case_of(none, profile()), [blind]) == Verdict()
