"""Do links go down, as the node's own log tells?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelEvent, KernelSection
from aifctl.diagnosis.kernel_findings import count_of, kernel_finding, no_events, of_kind
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import kernel

#: AzNHC drains at five lines within a day; the ports' own counters, where they are read, say it better.
_OFTEN = 5
#: An interface that comes up says once that it is down.
_AGAIN = 2


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    by_interface: dict[str, list[KernelEvent]] = {}
    for event in of_kind(case, "link-flap"):
        by_interface.setdefault(str(event.facts.get("interface", "")), []).append(event)
    for interface, events in sorted(by_interface.items()):
        if count_of(events) < _AGAIN:
            continue
        often = count_of(events) >= _OFTEN and case.reading.port is None
        verdict = (Result.DEGRADED, Action.CABLE) if often else (Result.WATCH, Action.WATCH)
        message = f"the link of {interface} has gone down"
        code = "flapping" if often else "down"
        yield kernel_finding("link-log", _subject(interface, case), code, verdict, message, events)


def _subject(interface: str, case: Case) -> str:
    ports = case.reading.port.ports if case.reading.port else ()
    return next((port.subject for port in ports if port.netdev == interface), f"link:{interface}")


CHECK = Check(
    name="link-log",
    about="The node's log tells of no link that goes down.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="Links that go down again and again, more than 10 min after the boot. Where the ports' counters are read, they judge how often is "
    "too often; of a log alone, five times is.",
    moving=True,
    all_fine=no_events,
    explained_by=("port-state", "port-flap"),
)
