"""Have earlier looks left processes behind that can't be ended?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.words import counted
from aifctl.diagnosis.absent import told
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_SHOWN = 8


def _judge(node: Host, case: Case) -> Iterator[Finding]:  # noqa: ARG001 - every judge takes both
    left = told(node.probe_left, "processes left behind")
    if left:
        pids = ", ".join(map(str, left[:_SHOWN]))
        said = f"{counted(len(left), 'process')} of looks at this node in the kernel, which can't be killed ({pids}); only a boot ends that"
        yield node_finding(
            "probe-left",
            "stuck",
            said,
            result=Result.DEGRADED,
            action=Action.REBOOT,
            observed=list(left[:_SHOWN]),
            expectation=[],
        )


CHECK = Check(
    name="probe-left",
    about="No process of an earlier look hangs on the node.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    detail="A driver, disk or server that hangs holds whoever asks it. What is held so is not asked again while it is, so "
    "that looks do not pile up.",
    explained_by=("driver-answers", "mounts-hung", "disk-health", "stuck-processes"),
)
