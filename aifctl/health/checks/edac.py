"""Has memory had errors?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.growth_rate import grown_in, last_grown_at
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_RATE, _WINDOW = "memory.corrected_per_h", "memory.uncorrected_window_s"
_IDENTITY, _CORRECTED, _UNCORRECTED = "node", "edac_corrected", "edac_uncorrected"
_HOUR_S = 3600.0


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    counters = told(node.edac, "memory errors")
    grown = (_IDENTITY, _UNCORRECTED) in case.memory.growths
    if grown:
        yield from _uncorrected(case)
    elif counters.get("uncorrected", 0):
        said = f"{counters['uncorrected']} uncorrectable memory error(s) since boot, none of them new"
        yield node_finding(
            "edac", "uncorrected-before", said, result=Result.WATCH, action=Action.WATCH,
            observed=counters["uncorrected"], expectation=0,
        )  # fmt: skip
    if (_IDENTITY, _CORRECTED) in case.memory.growths:
        yield from _corrected(case)


def _uncorrected(case: Case) -> Iterator[Finding]:
    window = case.expect(_WINDOW)
    count = case.memory.grown(_IDENTITY, _UNCORRECTED, within_s=window.value, now_s=case.reading.at_s)
    if count:
        said = f"{count} uncorrectable memory error(s) in the last {window.value / _HOUR_S:g} h; replace the DIMM that counts them"
        yield node_finding(
            "edac", "uncorrected", said, result=Result.FAULT, action=Action.DRAIN, observed=count, expectation=0,
            source=window.source, at_s=last_grown_at(case.memory, _IDENTITY, _UNCORRECTED),
        )  # fmt: skip


def _corrected(case: Case) -> Iterator[Finding]:
    most = case.expect(_RATE)
    count = grown_in(case.memory, _IDENTITY, _CORRECTED, window_s=_HOUR_S, now_s=case.reading.at_s)
    if count > most.value:
        said = f"{count:g} memory errors were corrected in the last hour, and {most.value:g} is the most that is usual"
        yield node_finding(
            "edac", "corrected-rate", said, result=Result.WATCH, action=Action.WATCH, observed=count, expected=most,
            at_s=last_grown_at(case.memory, _IDENTITY, _CORRECTED),
        )  # fmt: skip


CHECK = Check(
    name="edac",
    about="Memory has had no error that could not be corrected, and few that could.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(
        Threshold(key=_RATE, type=float, low=0, high=1e9, about="corrected memory errors an hour"),
        Threshold(
            key=_WINDOW, type=float, low=60, high=86400, about="seconds that an uncorrectable one is held against it"
        ),
    ),
    detail="From the kernel's counters (EDAC), never from words in its log: a healthy boot says EDAC, AER and Error hundreds "
    "of times. Judged is what they grew by in this boot. Without an EDAC driver there is nothing to judge.",
    moving=True,
)
