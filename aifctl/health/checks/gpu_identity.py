"""Are the GPUs those that the inventory knows?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import WATCH, ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    listed = {serial for key, serial in case.inventory.items() if key.startswith("serial.gpu")}
    if not listed:
        raise NeutralError("serials of GPUs in the inventory")
    serial = ask(gpu, "serial", case)
    if serial not in listed:
        said = f"has the serial {serial}, which the inventory does not have on this node: swapped, or moved"
        yield gpu_finding(
            "gpu-identity", gpu, "unknown-serial", WATCH, said, observed=serial, expected=sorted(listed),
            source="the inventory",
        )  # fmt: skip


CHECK = Check(
    name="gpu-identity",
    about="The serials of the GPUs are those that the inventory has.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    detail="Only where the inventory names serials of GPUs. A board that was swapped takes its history along; the inventory has to follow.",
    explained_by=("gpu-lost", "pci-lost"),
)
