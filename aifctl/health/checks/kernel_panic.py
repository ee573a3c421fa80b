"""Has the kernel run into an error of its own?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.kernel_findings import kernel_finding, no_events, of_kind
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE, kernel

_SAYS = {
    "panic": "the kernel panicked",
    "oops": "the kernel has run into an error of its own and goes on, nobody knows for how long",
}


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    for severity, message in _SAYS.items():
        events = [event for event in of_kind(case, "panic") if event.facts.get("severity") == severity]
        if events:
            verdict = (Result.DEGRADED, Action.REBOOT)
            yield kernel_finding("kernel-panic", NODE, severity, verdict, message, events)


CHECK = Check(
    name="kernel-panic",
    about="The kernel has not run into an error of its own.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="An oops, a BUG or a panic in this boot's log. After a panic there is another boot: its record in pstore is told "
    "with the node's other facts.",
    moving=True,
    all_fine=no_events,
)
