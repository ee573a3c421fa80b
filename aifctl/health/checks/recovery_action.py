"""What does the driver itself say is to be done?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import DRAIN, REBOOT, RESET, ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_SOURCE = "NVML_FI_DEV_GET_GPU_RECOVERY_ACTION; Xid 154"
_ASKED = {
    "gpu-reset": (RESET, "reset the GPU"),
    "node-reboot": (REBOOT, "reboot the node"),
    "drain-p2p": (DRAIN, "end all work that reaches this GPU from others, then reset it"),
    "drain-and-reset": (RESET, "take all work off the GPU, then reset it"),
}


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    action = ask(gpu, "recovery_action", case, "recovery action")
    if action == "none":
        return
    verdict, what = _ASKED.get(action, (DRAIN, f"{action}, which this aifctl has no word for"))
    code = action if action in _ASKED else "other"
    said = f"is to be recovered, says its driver: {what}"
    yield gpu_finding("recovery-action", gpu, code, verdict, said, observed=action, expected="none", source=_SOURCE)


CHECK = Check(
    name="recovery-action",
    about="The driver asks for no recovery.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    detail="The driver's own verdict (NVML field 230, from R565 on) is the first authority; our other checks say why.",
    explained_by=("gpu-lost", "xid", "row-remap-failure", "row-remap-pending", "sram-ecc"),
)
