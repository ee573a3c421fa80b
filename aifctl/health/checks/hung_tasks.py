"""Does something hang in the kernel?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelEvent, KernelSection
from aifctl.diagnosis.kernel_findings import kernel_finding, no_events, of_kind
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE, kernel

_REBOOT = (Result.FAULT, Action.REBOOT)
_SAYS = {
    "driver": (_REBOOT, "a process hangs in the GPU driver"),
    "network-storage": ((Result.DEGRADED, Action.REBOOT), "a process hangs in network storage"),
    "task": ((Result.WATCH, Action.WATCH), "a process has hung in the kernel for minutes"),
    "hard-lockup": (_REBOOT, "a CPU does not even take interrupts any more"),
    "soft-lockup": ((Result.DEGRADED, Action.REBOOT), "a CPU did not come out of the kernel"),
}
_DRIVER, _STORAGE = ("nvidia",), ("nfs", "sunrpc", "lustre")


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    by_code: dict[str, list[KernelEvent]] = {}
    for event in of_kind(case, "hung-task", "lockup"):
        by_code.setdefault(_code_of(event), []).append(event)
    for code, (verdict, message) in _SAYS.items():
        if events := by_code.get(code):
            who = events[-1].facts.get("process")
            yield kernel_finding("hung-tasks", NODE, code, verdict, f"{message}{f': {who}' if who else ''}", events)


def _code_of(event: KernelEvent) -> str:
    if event.kind == "lockup":
        return "hard-lockup" if event.facts.get("hard") else "soft-lockup"
    where, who = str(event.facts.get("stack", "")), str(event.facts.get("process", ""))
    if where.startswith(_DRIVER) or (not where and who.startswith(_DRIVER)):
        return "driver"
    return "network-storage" if where.startswith(_STORAGE) else "task"


CHECK = Check(
    name="hung-tasks",
    about="Nothing hangs in the kernel.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="The kernel's own watchdogs: tasks that wait for more than 120 s, by whose code stands in their stack, and CPUs "
    "that are locked up. What hangs in the GPU driver or in NFS does not come back without a reboot.",
    moving=True,
    all_fine=no_events,
    explained_by=("driver-answers", "stuck-processes", "xid"),
)
