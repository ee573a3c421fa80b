"""Has an NVSwitch reported an error?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelEvent, KernelSection
from aifctl.diagnosis.kernel_findings import kernel_finding, no_events, of_kind
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE, kernel
from aifctl.diagnosis.sxids import SxidClass, class_of


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    by_number: dict[int, list[KernelEvent]] = {}
    for event in of_kind(case, "sxid"):
        by_number.setdefault(event.number or 0, []).append(event)
    for number, events in sorted(by_number.items()):
        kind = class_of(number)
        fatal = kind is SxidClass.ALWAYS_FATAL or any(one.facts.get("severity") == "fatal" for one in events)
        verdict = (Result.FAULT, Action.REBOOT) if fatal else _MILD.get(kind, _WATCH)
        yield kernel_finding(
            "sxid",
            NODE,
            f"sxid-{number}",
            verdict,
            f"{_places(events)} reported SXid {number}, {'fatal' if fatal else kind.value}",
            events,
            source="NVIDIA's list of SXids: fatal ones need all GPUs and NVSwitches reset, which a reboot does",
            switches=sorted({one.pci_address for one in events}),
            links=sorted({link for one in events if isinstance(link := one.facts.get("link"), int)}),
        )


def _places(events: Sequence[KernelEvent]) -> str:
    places = sorted({one.pci_address for one in events})
    return f"the NVSwitch{'es' if len(places) > 1 else ''} at {', '.join(places)}"


_WATCH = (Result.WATCH, Action.WATCH)
_MILD = {SxidClass.THERMAL: (Result.DEGRADED, Action.WATCH)}

CHECK = Check(
    name="sxid",
    about="The NVSwitches report no SXid.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="An SXid is fatal by its number (12020, 22003, 22011, 23001 to 23017) or by the line's own word; corrected and "
    "unknown ones are watched. It explains the GPUs' Xid 74 of the same node. Every one of this boot counts.",
    moving=True,
    all_fine=no_events,
)
