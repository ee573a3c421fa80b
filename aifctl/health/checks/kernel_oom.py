"""Has the kernel ended processes for want of memory?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.kernel_findings import kernel_finding, no_events, of_kind
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE, kernel

_SHOWN = 4


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    events = of_kind(case, "oom")
    if not events:
        return
    names = sorted({str(event.facts["process"]) for event in events if "process" in event.facts})
    whom = f" ({', '.join(names[:_SHOWN])})" if names else ""
    verdict = (Result.WATCH, Action.APP)
    yield kernel_finding(
        "kernel-oom", NODE, "oom", verdict, f"the kernel ended a process for want of memory{whom}", events
    )


CHECK = Check(
    name="kernel-oom",
    about="No process was ended for want of memory.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="The job has asked for more than the node, or its share of it, has: the job's owner is whom to tell.",
    moving=True,
    all_fine=no_events,
)
