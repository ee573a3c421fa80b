"""Was all of the kernel's log there to be read?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE, kernel


def _judge(section: KernelSection, _case: Case) -> Iterator[Finding]:
    if not section.complete:
        said = "lines were lost before they were read, or the text is cut: what stood there can't be told"
        yield Finding(
            check="kernel-log",
            subject=NODE,
            code="incomplete",
            result=Result.UNKNOWN,
            message=said,
            observed=section.dropped_count,
            expected=0,
        )
    elif section.dropped_count:
        yield Finding(
            check="kernel-log",
            subject=NODE,
            code="storm",
            result=Result.WATCH,
            action=Action.WATCH,
            message=f"a storm: {section.dropped_count} lines like others were left out",
            observed=section.dropped_count,
            expected=0,
        )


CHECK = Check(
    name="kernel-log",
    about="The kernel's log could be read to its end, with nothing lost since the last look.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="Lines that were overwritten before anybody read them make this look unknown: could not look is never clean. What "
    "the ring buffer has lost before the first look of a boot comes from the journal, where that can be read; what is not "
    "there either is not held against a node.",
    moving=True,
)
