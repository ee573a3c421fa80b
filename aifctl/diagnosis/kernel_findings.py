"""What the checks over the kernel's log share: the events of this boot, and findings that tell how often and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aifctl.diagnosis.absent import known
from aifctl.diagnosis.check import Case
from aifctl.diagnosis.finding import RANK, Action, Finding, Result
from aifctl.diagnosis.job_faults import BY_JOB
from aifctl.diagnosis.kernel import KernelEvent, KernelSection
from aifctl.diagnosis.lasting_events import further_count
from aifctl.diagnosis.nvlink_words import LinkTold, has_words, link_errors
from aifctl.diagnosis.subjects import NODE
from aifctl.diagnosis.xid_chains import Happened, follows, happened, is_hardware
from aifctl.diagnosis.xids import NVLINK_ERROR

_SHOWN_NUMBERS = 6
_LINE_SHOWN = 240
_CATALOGUE = "NVIDIA's Xid catalogue"


def of_kind(case: Case, *kinds: str) -> list[KernelEvent]:
    """Return the events of these kinds that this boot has seen, this look's included, in order of their kinds."""
    return [event for event in case.memory.events if event.kind in kinds]


def no_events(_sections: Sequence[KernelSection], case: Case) -> bool:
    """Whether the kernel has said nothing in this boot: at a glance, for checks that judge its events and nothing else."""
    return not case.memory.events


def count_of(events: Sequence[KernelEvent]) -> int:
    """Return how many there were, what was left out of a storm included."""
    return sum(1 + further_count(event) for event in events)


def kernel_finding(
    check: str, subject: str, code: str, verdict: tuple[Result, Action], message: str, events: Sequence[KernelEvent],
    *, source: str = "the kernel's log", **facts: Any,
) -> Finding:  # fmt: skip
    """Make a finding of one or more events of one kind; `message` is told with how often."""
    count, last = count_of(events), events[-1]
    times = "" if count == 1 else f" ({count} times in this boot)"
    return Finding(
        check=check,
        subject=subject,
        code=code,
        result=verdict[0],
        action=verdict[1],
        message=f"{message}{times}",
        observed=count,
        expected=0,
        source=source,
        at_s=last.at_s,
        facts={"line": last.text[:_LINE_SHOWN], "first_at_s": events[0].at_s, **facts},
    )


def gpu_place(address: str, case: Case) -> tuple[str, str]:
    """Return subject and serial of the GPU at an address; the node where none was named."""
    if not address:
        return NODE, ""
    found = next(
        (gpu for gpu in (case.reading.gpu.gpus if case.reading.gpu else ()) if gpu.pci_address == address), None
    )
    return f"gpu:{address}", known(found.serial, "") if found else ""


def xid_findings(check: str, case: Case, *, nvlink: bool, links: frozenset[int]) -> list[Finding]:
    """Return a finding for each cause on each GPU: those of `links` alone, or all others."""
    all_of_node = happened(case.memory.events)
    wanted = [one for one in all_of_node if (one.cause.number in links) is nvlink]
    made = [_xid_finding(check, one, all_of_node, case) for one in wanted]
    return [one for one in made if one.result is not Result.OK]


def _xid_finding(check: str, one: Happened, all_of_node: Sequence[Happened], case: Case) -> Finding:
    subject, serial = gpu_place(one.pci_address, case)
    hardware = is_hardware(one, all_of_node)
    links = _links(one, case)
    source = follows(one, all_of_node) if links and all(told.error.secondary for told in links) else None
    result, action = _verdict(one, hardware, links, source)
    line = next(event for event in one.events if event.number == one.cause.number)
    return Finding(
        check=check,
        subject=subject,
        code=f"xid-{one.cause.number}",
        result=result,
        action=action,
        message=_xid_message(one, hardware) + _said_of_links(links, source),
        observed=one.counts[one.cause.number],
        expected=0,
        source=f"{_CATALOGUE}: {_advice(one)}",
        identity=serial,
        at_s=one.events[-1].at_s,
        facts={
            "line": line.text[:_LINE_SHOWN],
            "chain": {str(number): count for number, count in one.counts.items()},
            "occasions": len(one.chains),
            "first_at_s": one.events[0].at_s,
            **({BY_JOB: True} if one.cause.by_job and not one.told_verdict else {}),
            **({"recovery_action": one.told_action} if one.told_action else {}),
            **({"links": {str(told.link): f"{told.error.name} x{told.count}" for told in links}} if links else {}),
            **{name: line.facts[name] for name in ("link", "registers", "process", "pid") if name in line.facts},
        },
    )


def _links(one: Happened, case: Case) -> tuple[LinkTold, ...]:
    """Return what the words of an Xid 74 say, link by link; nothing of GPUs whose words NVIDIA does not explain."""
    gpus = case.reading.gpu.gpus if case.reading.gpu else ()
    names = {known(gpu.name, "") for gpu in gpus} - {""}
    if one.cause.number != NVLINK_ERROR or not names or not all(map(has_words, names)):
        return ()
    return link_errors(event for event in one.events if event.number == NVLINK_ERROR)


def _verdict(
    one: Happened, hardware: bool, links: Sequence[LinkTold], source: Happened | None
) -> tuple[Result, Action]:
    if one.told_verdict:
        return one.told_verdict
    if source:
        return Result.WATCH, Action.WATCH
    if links:
        return max((told.verdict for told in links), key=lambda verdict: (RANK[verdict[0]], _MILDEST.index(verdict[1])))
    if hardware and one.cause.result is not Result.FAULT:
        return Result.DEGRADED, Action.DRAIN
    return one.cause.result, one.cause.action


_MILDEST = tuple(Action)


def _said_of_links(links: Sequence[LinkTold], source: Happened | None) -> str:
    if source:
        return f"; by its words it follows from the Xid {source.cause.number} of the GPU at {source.pci_address}"
    by_meaning: dict[str, list[str]] = {}
    for told in links:
        by_meaning.setdefault(told.error.meaning, []).append(str(told.link))
    said = [f"link{'s' if len(those) > 1 else ''} {', '.join(those)}: {why}" for why, those in by_meaning.items()]
    return f"; {'; '.join(said)}" if said else ""


def _advice(one: Happened) -> str:
    if not one.cause.immediate:
        return "it recommends nothing"
    return f"at once {one.cause.immediate}" + (f", then {one.cause.investigate}" if one.cause.investigate else "")


def _xid_message(one: Happened, hardware: bool) -> str:
    counts = dict(one.counts)
    count = counts.pop(one.cause.number)
    said = f"the GPU at {one.pci_address} reported Xid {one.cause.number}: {one.cause.meaning}"
    if not one.cause.on_h100:
        said += ", not expected on an H100"
    if count > 1:
        said += f" ({count} times in this boot)"
    if counts:
        others = [f"{number}" + (f" x{times}" if times > 1 else "") for number, times in counts.items()]
        said += f", and with it {', '.join(others[:_SHOWN_NUMBERS])}"
    if one.told_action:
        said += f"; the driver recommends {one.told_action}"
    if hardware:
        said += f"; on {len(one.chains)} occasions in the same place: likelier the GPU than the job, run DCGM's EUD"
    return said
