"""Are all NVMe disks there?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_COUNT = "disk.nvme_count"
#: Sources that are asked for one disk, and say nothing of the others.
_OF_ONE_DISK = frozenset({"smartctl", "nvme-smart-log"})


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    if node.source in _OF_ONE_DISK:
        raise NeutralError("NVMe disks")
    if case.profile and _COUNT not in case.profile.expectations:
        raise NeutralError("NVMe disks")
    there = [disk.name for disk in told(node.disks, "disks") if disk.name.startswith("nvme")]
    expected = case.expect(_COUNT)
    if len(there) >= expected.value:
        return
    said = f"{len(there)} of {expected.value} NVMe disks are there"
    yield node_finding(
        "disk-count", "missing", said, result=Result.DEGRADED, action=Action.DRAIN, observed=len(there), expected=expected,
        facts={"there": there},
    )  # fmt: skip


CHECK = Check(
    name="disk-count",
    about="All NVMe disks are there.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(Threshold(key=_COUNT, type=int, low=0, high=128, optional=True, about="NVMe disks of the node"),),
    detail="Counts controllers that the kernel knows; one that is dead is there, and disk-health's business.",
)
