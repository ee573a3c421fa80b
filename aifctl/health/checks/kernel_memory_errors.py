"""Does the node's own memory, or a CPU, report errors?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.kernel_findings import kernel_finding, no_events, of_kind
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE, kernel

_DRAIN, _WATCH = (Result.FAULT, Action.DRAIN), (Result.WATCH, Action.WATCH)
_SAYS = {
    "fatal": (_DRAIN, "a fatal"),
    "uncorrected": (_DRAIN, "an uncorrected"),
    "recoverable": ((Result.DEGRADED, Action.DRAIN), "a recoverable"),
    "corrected": (_WATCH, "a corrected"),
    "thermal": (_WATCH, "a thermal"),
}
_PARTS = {"mce": "a CPU or the firmware", "edac": "the memory controller"}


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    for kind, part in _PARTS.items():
        for severity, (verdict, word) in _SAYS.items():
            events = [event for event in of_kind(case, kind) if event.facts.get("severity") == severity]
            if events:
                message = f"{part} reported {word} error"
                code = f"{kind}-{severity}"
                yield kernel_finding("kernel-memory-errors", NODE, code, verdict, message, events)


CHECK = Check(
    name="kernel-memory-errors",
    about="Neither CPU nor memory of the node report errors that matter.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="Machine checks by the bits of their own status (UC, PCC), EDAC by CE and UE, the firmware's reports by their "
    "severity. A healthy boot has hundreds of lines with AER, EDAC and Error in them, and none of these forms.",
    moving=True,
    all_fine=no_events,
    explained_by=("edac",),
)
