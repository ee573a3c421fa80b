"""Does a drained node still compute?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.core.words import counted
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu, GpuProcess, GpuSection
from aifctl.diagnosis.gpu_findings import ask
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE, gpu_section, gpu_subject
from aifctl.fleet.lifecycle import State

_SHOWN = 8


def _judge(section: GpuSection, case: Case) -> Iterator[Finding]:
    if case.inventory.get("state") != State.DRAINED:
        return
    answering = [gpu for gpu in section.gpus if not gpu.lost]
    left = [(gpu, one) for gpu in answering for one in ask(gpu, "processes", case, "compute processes")]
    if left:
        yield Finding(
            check="leftover-processes",
            subject=NODE,
            code="drained",
            result=Result.WATCH,
            action=Action.APP,
            message=f"{counted(len(left), 'compute process')} on the GPUs of a drained node: {_names(left)}; end them, and reset the "
            "GPUs where they stay",
            observed=len(left),
            expected=0,
            source="a drained node has no job",
            facts={"processes": [[gpu_subject(gpu), one.pid, one.name] for gpu, one in left[:_SHOWN]]},
        )


def _none_left(sections: Sequence[GpuSection], case: Case) -> bool:
    return case.inventory.get("state") != State.DRAINED or all(
        gpu.processes == () for section in sections for gpu in section.gpus if not gpu.lost
    )


def _names(left: Sequence[tuple[Gpu, GpuProcess]]) -> str:
    names = [f"{one.pid} {one.name}".strip() for _, one in left[:_SHOWN]]
    return ", ".join(names) + (", ..." if len(left) > _SHOWN else "")


CHECK = Check(
    name="leftover-processes",
    about="On a drained node no process computes.",
    section=SectionName.GPU,
    subjects=gpu_section,
    judge=_judge,
    detail="Of a node in any other state nobody here can tell whether a process belongs to a job, so that nothing is "
    "found there. What a person runs on a drained node to examine it is seen, too: it is a watch.",
    moving=True,
    all_fine=_none_left,
)
