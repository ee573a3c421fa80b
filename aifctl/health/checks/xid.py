"""Has the driver reported an error of a GPU?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.kernel_findings import no_events, xid_findings
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.recurring import NEEDS
from aifctl.diagnosis.subjects import kernel
from aifctl.diagnosis.xids import NVLINK, XIDS


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    yield from xid_findings("xid", case, nvlink=False, links=NVLINK)


CHECK = Check(
    name="xid",
    about="The driver reports no Xid.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="Every Xid of this boot counts, whenever it was seen, and none of an earlier boot. Those within 30 s on one GPU "
    "are one event, told of the one that causes the others: 48, 63 and eight times 94 are Xid 48. What to do is what "
    "Xid 154 tells, where the driver has it (R565), else what NVIDIA's catalogue says. 13 and 31 are the job's, unless "
    "they come back in the same place of one GPU alone; where several nodes have one at once, of one process, it is one incident of "
    "that job, and no node's. An Xid that nobody knows is watched. A GPU that has 79, 64 or 143 in "
    "a second boot, with a reboot in between that did not help for long, is to be replaced.",
    needs=NEEDS,
    again={f"xid-{one.number}": one.again for one in XIDS.values() if one.again},
    moving=True,
    all_fine=no_events,
    explained_by=("row-remap-failure",),
)
