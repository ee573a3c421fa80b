"""Has each GPU joined the NVLink fabric?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import DRAIN, REBOOT, ask, ask_if_any, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_SOURCE = "NVML, nvmlGpuFabricInfo: completed and success on every GPU of an HGX board"
_RESTART = "restart nvidia-fabricmanager, then reboot"


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    state = ask(gpu, "fabric_state", case, "fabric state")
    if state == "not-supported":
        raise NeutralError("fabric state")
    if state != "completed":
        said = f"has not joined the NVLink fabric ({state}): {_RESTART}"
        yield gpu_finding(
            "fabric-state", gpu, state if state in {"in-progress", "not-started"} else "other", REBOOT, said,
            observed=state, expected="completed", source=_SOURCE, debounced=True,
        )  # fmt: skip
        return
    status = ask(gpu, "fabric_status", case, "fabric status")
    if status != "success":
        said = f"could not join the NVLink fabric ({status}): {_RESTART}"
        yield gpu_finding(
            "fabric-state", gpu, "failed", REBOOT, said, observed=status, expected="success", source=_SOURCE
        )
    health = ask_if_any(gpu, "fabric_health", case)
    if health not in {None, "healthy", "not-supported"}:
        verdict = DRAIN if health == "unhealthy" else (Result.DEGRADED, Action.DRAIN)
        said = f"has an NVLink fabric that is {health}"
        yield gpu_finding(
            "fabric-state", gpu, "health", verdict, said, observed=health, expected="healthy", source=_SOURCE
        )


CHECK = Check(
    name="fabric-state",
    about="Each GPU has joined the NVLink fabric.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    detail="Without it CUDA does not start on any GPU of the node, while each GPU by itself looks healthy. What N/A is for this chip or driver is no trouble. Just after a boot it takes its time.",
    explained_by=("gpu-lost", "pci-lost", "fabric-manager-service"),
)
