from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from aifctl.diagnosis.absent import told
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.examining import Examiner, Kept, Look
from aifctl.diagnosis.finding import REACHABILITY, Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.judging import judge
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.standing_text import parse_findings, render_findings
from aifctl.diagnosis.subjects import gpu_subject, gpus
from aifctl.fleet.profile import Expectation, Profile
from tests.diagnosis.readings import some_reading

GPU = Gpu(pci_address="0000:1b:00.0", serial="165", remap_failure=False, temperature_c=40, pcie_replay_count=1)
SICK = replace(GPU, remap_failure=True)


@dataclass
class Asked:
    """Checks that count how often they were asked."""

    names: list[str] = field(default_factory=list)

    def check(self, name: str, judge: Callable[[Gpu, Case], Iterable[Finding]], *, moving: bool) -> Check:
        def counted(gpu: Any, case: Case) -> Iterator[Finding]:
            self.names.append(name)
            yield from judge(gpu, case)

        return Check(name=name, about="", section=SectionName.GPU, subjects=gpus, judge=counted, moving=moving)


def _remap(gpu: Gpu, _case: Case) -> Iterator[Finding]:
    if told(gpu.remap_failure, "remap failure"):
        yield Finding(
            check="remap", subject=gpu_subject(gpu), result=Result.FAULT, action=Action.RMA, message="remapping failed"
        )


def _hot(gpu: Gpu, case: Case) -> Iterator[Finding]:
    if told(gpu.temperature_c, "temperature") > case.expect("gpu.hot_c").value:
        yield Finding(check="hot", subject=gpu_subject(gpu), result=Result.WATCH, message="hot")


PROFILE = Profile(name="p", expectations={"gpu.hot_c": Expectation(value=80, source="ours")}, digest="d1")


class Node:
    """A node that is looked at again and again, kept as text in between."""

    def __init__(self) -> None:
        self.asked = Asked()
        self.examiner = Examiner(
            [self.asked.check("remap", _remap, moving=False), self.asked.check("hot", _hot, moving=True)], version="1"
        )
        self.kept = Kept()

    def look(self, reading: Reading, profile: Profile | None = PROFILE) -> Look:
        self.asked.names.clear()
        return self._keep(self.examiner.examine(reading, self.kept, profile), seen_at_s=reading.at_s)

    def miss(self, *, at_s: float, outcome: str = "connect-timeout") -> Look:
        look = self.examiner.miss("n1", self.kept, at_s=at_s, outcome=outcome, message="no answer")
        return self._keep(look, seen_at_s=self.kept.seen_at_s)

    def _keep(self, look: Look, *, seen_at_s: float) -> Look:
        text = render_findings(look.findings, seen_at_s=look.at_s)
        self.kept = Kept(
            findings=parse_findings(text, node="n1", seen_at_s=look.at_s),
            memory=look.memory or self.kept.memory,
            seen_at_s=seen_at_s,
        )
        return look


def found(look: Look) -> list[tuple[str, str, bool]]:
    return [(one.finding.check, one.finding.result.value, one.stale) for one in look.settled.standing]


def test_checks_that_read_facts_alone_are_asked_again_only_when_a_fact_changed() -> None:
    node = Node()
    node.look(some_reading(at_s=1000, gpus=(SICK,)))
    assert node.asked.names == ["remap", "hot"]
    again = node.look(some_reading(at_s=1600, gpus=(replace(SICK, temperature_c=90),)))
    assert node.asked.names == ["hot"]
    assert found(again) == [("remap", "fault", False), ("hot", "watch", False)]
    cured = node.look(some_reading(at_s=2200, gpus=(GPU,)))
    assert node.asked.names == ["remap", "hot"]
    assert cured.result is Result.OK


def test_another_profile_judges_anew() -> None:
    node = Node()
    node.look(some_reading(at_s=1000, gpus=(GPU,)))
    node.look(some_reading(at_s=1600, gpus=(GPU,)), replace(PROFILE, digest="d2"))
    assert node.asked.names == ["remap", "hot"]


def test_what_the_inventory_says_anew_judges_anew() -> None:
    node = Node()
    reading = some_reading(at_s=1000, gpus=(GPU,))
    first = node.examiner.examine(reading, Kept(), PROFILE, {"name": "n1"})
    node.asked.names.clear()
    node.examiner.examine(reading, Kept(findings=first.findings), PROFILE, {"name": "n2"})
    assert "remap" in node.asked.names


def test_a_node_that_is_booting_is_judged_anew_when_it_has_booted() -> None:
    node = Node()
    node.look(some_reading(at_s=1000, gpus=(GPU,), uptime_s=60.0))
    node.look(some_reading(at_s=1600, gpus=(GPU,), uptime_s=660.0))
    assert node.asked.names == ["remap", "hot"]


def test_without_a_profile_evidence_is_judged_and_the_node_is_never_ok() -> None:
    node = Node()
    assert found(node.look(some_reading(gpus=(SICK,)), None)) == [("remap", "fault", False), ("hot", "unknown", False)]
    assert Node().look(some_reading(gpus=(GPU,)), None).result is Result.UNKNOWN


def test_a_node_that_does_not_answer_is_unreachable_and_what_stood_stands_stale() -> None:
    node = Node()
    node.look(some_reading(at_s=1000, gpus=(SICK,)))
    missed = node.miss(at_s=1600)
    assert missed.result is Result.UNREACHABLE
    assert found(missed) == [("reachability", "unreachable", False), ("remap", "fault", True)]
    assert [one.finding.check for one in missed.settled.opened] == [REACHABILITY]


def test_further_misses_are_counted_and_are_no_news() -> None:
    node = Node()
    node.look(some_reading(at_s=1000, gpus=(GPU,)))
    node.miss(at_s=1600)
    second = node.miss(at_s=2200, outcome="refused")
    assert second.settled.opened == ()
    assert (second.settled.standing[0].looks_count, second.settled.standing[0].first_at_s) == (2, 1600)
    assert second.settled.standing[0].finding.code == "refused"


def test_a_node_that_answers_again_is_no_longer_unreachable_and_is_judged_anew() -> None:
    node = Node()
    node.look(some_reading(at_s=1000, gpus=(SICK,)))
    node.miss(at_s=1600)
    back = node.look(some_reading(at_s=2200, gpus=(SICK,)))
    assert node.asked.names == ["remap", "hot"]
    assert found(back) == [("remap", "fault", False)]
    assert [one.finding.check for one in back.settled.cleared] == [REACHABILITY]


def test_a_node_that_was_never_seen_is_unreachable_too() -> None:
    assert Node().miss(at_s=1000).result is Result.UNREACHABLE


def test_what_is_kept_of_a_node_does_not_change_while_nothing_does() -> None:
    node = Node()
    first = node.look(some_reading(at_s=1000, gpus=(SICK,)))
    second = node.look(some_reading(at_s=1600, gpus=(SICK,)))
    assert render_findings(first.findings, seen_at_s=1000) == render_findings(second.findings, seen_at_s=1600)


def test_a_check_whose_subjects_can_not_be_listed_is_unknown_and_the_others_go_on() -> None:
    def broken(_reading: Reading) -> Iterator[tuple[str, Any]]:
        raise KeyError("site")

    good, own = Asked().check("remap", _remap, moving=False), Asked().check("site-own", _hot, moving=False)
    case = Case(reading=some_reading(gpus=(SICK,)), profile=PROFILE, memory=Memory())
    verdict = judge(case, [replace(own, subjects=broken), good])
    told_of = [(one.check, one.code, one.subject, one.result) for one in verdict.findings]
    assert told_of == [
        ("remap", "", gpu_subject(SICK), Result.FAULT),
        ("site-own", "check-failed", "node", Result.UNKNOWN),
    ]
    assert verdict.judged == ("remap",)


def test_a_check_of_a_site_that_raises_is_unknown_and_the_others_go_on() -> None:
    def broken(_gpu: Gpu, _case: Case) -> Iterable[Finding]:
        raise KeyError("site")

    asked = Asked()
    checks = [asked.check("site", broken, moving=False), asked.check("remap", _remap, moving=False)]
    look = Examiner(checks, version="1").examine(some_reading(gpus=(SICK,)), Kept(), PROFILE)
    assert found(look) == [("remap", "fault", False), ("site", "unknown", False)]
    assert "the check itself failed: KeyError" in look.settled.standing[1].finding.message
