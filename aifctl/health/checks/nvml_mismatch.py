"""Do programs use libraries of another version than the driver's?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.kernel_findings import kernel_finding, no_events, of_kind
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE, kernel


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    events = of_kind(case, "nvml-mismatch")
    if events:
        versions = sorted({str(event.facts["version"]) for event in events if "version" in event.facts})
        of = f" ({', '.join(versions[:3])})" if versions else ""
        message = f"a program has tried the GPU driver with a library of another version{of}"
        verdict = (Result.WATCH, Action.FIX)
        yield kernel_finding("nvml-mismatch", NODE, "api-mismatch", verdict, message, events)


CHECK = Check(
    name="nvml-mismatch",
    about="Programs use the library that belongs to the driver.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="Watched only: one container with a library of its own is enough for the line. Where the node's own library does "
    "not match, driver-answers says so, and that is a fault.",
    moving=True,
    all_fine=no_events,
    explained_by=("driver-answers",),
)
