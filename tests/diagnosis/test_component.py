"""How a part stands to its baseline: current, staged, mismatch, unknown; and which parts of a node differ from the rest."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.component import Component, Part, State, minority, stand
from aifctl.diagnosis.versions import HCA, SCHEMES
from aifctl.fleet.baseline import Activation, Rule

NIC = Component(name="hca", about="", scheme=HCA, activation=Activation.REBOOT)
RULE = Rule(accept={"MT_1": ("28.42.1000", "28.43.1014")}, source="test")


def nic(running: str | Absent, staged: str | None = None, kind: str = "MT_1", subject: str = "hca:mlx5_0") -> Part:
    return Part(subject=subject, kind=kind, running=running, staged=staged)


@pytest.mark.parametrize(
    ("part", "state", "message"),
    [
        (nic("28.42.1000"), State.CURRENT, "runs 28.42.1000"),
        (nic("28.42.10.00"), State.CURRENT, "runs 28.42.10.00"),
        (nic("28.42.1000", "28.43.1014"), State.CURRENT, "runs 28.42.1000"),
        (nic("28.39.1002"), State.MISMATCH, "runs 28.39.1002, which is older; 28.42.1000 or 28.43.1014 is wanted"),
        (nic("28.47.1026"), State.MISMATCH, "runs 28.47.1026, which is newer; 28.42.1000 or 28.43.1014 is wanted"),
        (nic("28.42.1001"), State.MISMATCH, "runs 28.42.1001; 28.42.1000 or 28.43.1014 is wanted"),
        (
            nic("28.39.1002", "28.40.1000"),
            State.MISMATCH,
            "runs 28.39.1002, which is older; 28.42.1000 or 28.43.1014 is wanted",
        ),
        (nic("28.39.1002", "28.42.1000"), State.STAGED, "runs 28.39.1002; 28.42.1000 is flashed and starts by: reboot"),
        (
            nic("28.42.1000", "28.47.1026"),
            State.STAGED,
            "runs 28.42.1000; 28.47.1026, which the baseline does not list, is flashed and starts by: reboot",
        ),
        (nic("28.42.1000", kind="MT_2"), State.UNKNOWN, "the baseline knows no MT_2; it runs 28.42.1000"),
        (nic(Absent.DENIED), State.UNKNOWN, "which version runs could not be told (denied)"),
        (
            nic(Absent.MISSING, kind=""),
            State.UNKNOWN,
            "the baseline knows no part of this kind; nor is it told which version runs",
        ),
        (
            nic("fw-next"),
            State.UNKNOWN,
            "runs 'fw-next', which is no version of hca; 28.42.1000 or 28.43.1014 is wanted",
        ),
    ],
)
def test_a_part_stands_in_one_of_four_ways(part: Part, state: State, message: str) -> None:
    found = stand(NIC, part, RULE)
    assert (found.state, found.message) == (state, message)
    assert found.needs is (Activation.REBOOT if state is State.STAGED else Activation.NONE)


def test_a_baseline_may_say_what_an_update_needs() -> None:
    rule = Rule(accept={"*": ("28.42.1000",)}, activation=Activation.AC_CYCLE, source="test")
    assert stand(NIC, nic("28.39.1002", "28.42.1000"), rule).needs is Activation.AC_CYCLE


@given(
    scheme=st.sampled_from(sorted(SCHEMES)),
    running=st.one_of(st.text(max_size=20), st.sampled_from(Absent)),
    staged=st.one_of(st.none(), st.text(max_size=20)),
)
def test_nothing_but_an_accepted_version_is_current(scheme: str, running: str | Absent, staged: str | None) -> None:
    component = Component(name="x", about="", scheme=SCHEMES[scheme])
    rule = Rule(accept={"*": ("28.42.1000", "96.00.BC.00.01")}, source="test")
    found = stand(component, Part(subject="node", running=running, staged=staged), rule)
    if found.state is State.CURRENT:
        assert isinstance(running, str)
        assert any(component.scheme.same(running, one) for one in found.accepted)


def test_the_minority_of_a_kind_is_told_and_who_does_not_answer_takes_no_side() -> None:
    parts = [nic("28.42.1000", subject=f"hca:mlx5_{number}") for number in range(3)]
    odd, silent = nic("28.39.1002", subject="hca:mlx5_3"), nic(Absent.LOST, subject="hca:mlx5_4")
    other_kind = nic("32.43.1008", kind="MT_9", subject="hca:mlx5_5")
    written_otherwise = nic("28.42.10.00", subject="hca:mlx5_6")
    assert minority([*parts, odd, silent, other_kind, written_otherwise], HCA) == {"MT_1": ("28.42.1000", (odd,))}
    assert not minority([silent], HCA)
