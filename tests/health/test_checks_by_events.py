"""Checks that are not asked where the kernel has said nothing would have found nothing."""

from __future__ import annotations

import pytest

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.judging import judge
from aifctl.diagnosis.memory import Memory
from aifctl.fleet.profile import Profile
from tests.health.simulated_night import Night, checks, profile

BY_EVENTS = [check for check in checks() if check.by_events]


def test_most_checks_of_the_kernels_log_judge_its_events_alone() -> None:
    assert {check.name for check in BY_EVENTS} >= {"xid", "sxid", "aer-log", "kernel-oom", "link-log"}


@pytest.mark.parametrize("known", [profile(), None], ids=["a known SKU", "an unknown one"])
@pytest.mark.parametrize("check", BY_EVENTS, ids=lambda check: check.name)
def test_without_events_it_finds_nothing_and_raises_nothing(check: Check, known: Profile | None) -> None:
    night = Night(1)
    case = Case(reading=night.reading(night.machines[0].name), profile=known, memory=Memory())
    (subject,) = check.subjects(case.reading)
    assert list(check.judge(subject[1], case)) == []
    assert judge(case, [check]).judged == (check.name,)
