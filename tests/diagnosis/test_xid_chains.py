"""Xids as events: what belongs together, which of them is the cause, and what the table says."""

from __future__ import annotations

import pytest

from aifctl.diagnosis.finding import DRAINING, Action, Result
from aifctl.diagnosis.kernel import KernelEvent
from aifctl.diagnosis.kernel_findings import count_of
from aifctl.diagnosis.lasting_events import further_count, lasting
from aifctl.diagnosis.sxids import SxidClass, class_of
from aifctl.diagnosis.xid_chains import Happened, happened
from aifctl.diagnosis.xids import MEMORY, NVLINK, XIDS, meaning_of

GPU = "0000:1b:00.0"


def xid(number: int, at_s: float | None = None, gpu: str = GPU, **facts: object) -> KernelEvent:
    return KernelEvent(kind="xid", number=number, pci_address=gpu, monotonic_s=at_s, facts=facts)


def causes(*events: KernelEvent) -> list[tuple[str, int, int]]:
    return [(one.pci_address, one.cause.number, len(one.chains)) for one in happened(events)]


def test_xids_of_one_moment_are_one_event_of_its_cause() -> None:
    chain = [xid(48, 10.0), xid(63, 10.03), *[xid(94, 10.04 + at / 100) for at in range(8)]]
    (one,) = happened(chain)
    assert (one.cause.number, dict(one.counts)) == (48, {48: 1, 63: 1, 94: 8})


def test_the_cause_may_be_told_late() -> None:
    assert causes(xid(45, 10.0), xid(43, 10.1), xid(79, 12.0), xid(154, 12.1)) == [(GPU, 79, 1)]


def test_what_happens_an_hour_later_is_another_event() -> None:
    assert causes(xid(48, 10.0), xid(31, 3700.0), xid(31, 9000.0)) == [(GPU, 48, 1), (GPU, 31, 2)]


def test_gpus_are_told_apart() -> None:
    other = "0000:2b:00.0"
    assert causes(xid(48, 10.0), xid(94, 10.0, other)) == [(GPU, 48, 1), (other, 94, 1)]


def test_without_times_all_of_a_gpu_is_one_event() -> None:
    assert causes(xid(94), xid(48), xid(63)) == [(GPU, 48, 1)]


def test_other_events_are_no_xids() -> None:
    assert happened([KernelEvent(kind="oom"), KernelEvent(kind="xid")]) == ()


@pytest.mark.parametrize(
    ("told", "verdict"), [("gpu-reset", Action.RESET), ("node-reboot", Action.REBOOT), ("none", None)]
)
def test_the_last_word_of_the_driver_counts(told: str, verdict: Action | None) -> None:
    events = (xid(63, 1.0), xid(154, 1.1, action="drain-p2p"), xid(154, 1.2, action=told))
    (one,) = happened(events)
    assert (one.told_verdict and one.told_verdict[1]) == verdict


def test_an_unknown_xid_is_watched_and_says_so() -> None:
    meaning = meaning_of(4711)
    assert (meaning.result, meaning.on_h100, meaning.number) == (Result.WATCH, False, 4711)


def test_every_row_has_a_meaning_and_a_verdict_that_fits() -> None:
    for number, row in XIDS.items():
        assert row.number == number
        assert row.meaning
        assert (row.result is Result.FAULT) == (row.action in DRAINING), number
        assert row.result in {Result.OK, Result.WATCH, Result.FAULT}
        if row.result is Result.FAULT:
            assert row.rank > max(one.rank for one in XIDS.values() if one.result is not Result.FAULT), number
    assert XIDS.keys() >= MEMORY | NVLINK


def test_of_one_memory_error_the_uncorrectable_one_is_the_cause() -> None:
    ranks = {number: meaning_of(number).rank for number in (48, 63, 94, 95, 171, 172)}
    assert max(ranks, key=ranks.__getitem__) == 48


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (12020, SxidClass.ALWAYS_FATAL), (23001, SxidClass.ALWAYS_FATAL), (23017, SxidClass.ALWAYS_FATAL),
        (23018, SxidClass.OTHER), (20034, SxidClass.MAY_BE_FATAL), (19070, SxidClass.MAY_BE_FATAL),
        (20001, SxidClass.CORRECTED), (10005, SxidClass.THERMAL), (1, SxidClass.OTHER),
    ],
)  # fmt: skip
def test_an_sxid_is_classed_by_its_number(number: int, kind: SxidClass) -> None:
    assert class_of(number) is kind


def test_a_storm_of_one_kind_pushes_no_fault_out() -> None:
    storms = [xid(number, 100.0 + at + number / 100, f"0000:{bus:02x}:00.0") for at in range(40) for number in (13, 31, 43, 45)
              for bus in range(8)]  # fmt: skip
    kept = lasting((xid(79, 5.0), xid(48, 6.0, "0000:2b:00.0")), storms)
    assert len(kept) <= 200
    assert {79, 48} <= {event.number for event in kept}
    assert count_of(kept) == len(storms) + 2


def test_what_was_there_before_is_not_counted_again() -> None:
    first = lasting((), [xid(31, float(at)) for at in range(50)])
    again = lasting(first, [xid(31, float(at)) for at in range(60)])
    assert (count_of(first), count_of(again)) == (50, 60)
    assert sum(map(further_count, first)) == 30


def test_what_is_said_of_links_while_a_node_boots_does_not_last() -> None:
    down = [KernelEvent(kind="link-flap", monotonic_s=at, facts={"interface": "ib0"}) for at in (30.0, 599.0, 600.0)]
    assert [event.monotonic_s for event in lasting((), down)] == [600.0]


def test_what_is_corrected_or_told_once_does_not_last() -> None:
    mild = [
        KernelEvent(kind="aer", facts={"severity": "corrected"}),
        KernelEvent(kind="segfault"),
        KernelEvent(kind="peermem"),
    ]
    assert lasting((), mild) == ()


def test_a_cause_without_events_has_no_counts() -> None:
    assert Happened(pci_address=GPU, cause=meaning_of(79), chains=()).told_action == ""
