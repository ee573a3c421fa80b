"""Has the driver reported an error of a GPU's NVLinks?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.kernel_findings import no_events, xid_findings
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import kernel
from aifctl.diagnosis.xids import NVLINK


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    yield from xid_findings("nvlink-xid", case, nvlink=True, links=NVLINK)


CHECK = Check(
    name="nvlink-xid",
    about="The driver reports no Xid of an NVLink.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="As the check xid, for Xids 74, 136 and 137: both ends of a link report it, so that with an SXid the NVSwitch is "
    "where to look, and without one the GPU and its peer. Of Hopper GPUs the seven words of Xid 74 are read as NVIDIA's "
    "catalogue explains them (WORKFLOW_NVLINK_ERR), link by link: what can be ignored, what follows from an error elsewhere, "
    "how a link is seated, the GPU's own hardware; of others they stay evidence.",
    moving=True,
    all_fine=no_events,
    explained_by=("sxid", "xid"),
)
