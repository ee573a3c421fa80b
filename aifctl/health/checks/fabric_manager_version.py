"""Is the fabric manager of the same release as the driver?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError, told
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    manager = told(node.fabric_manager_version, "fabric manager's version")
    if case.reading.gpu is None:
        raise NeutralError("driver version")  # that its section could not be read is said already
    driver = told(case.reading.gpu.driver_version, "driver version")
    if manager == driver:
        return
    said = f"the fabric manager is {manager} and the driver {driver}: it refuses to run with another; install the same release"
    yield node_finding(
        "fabric-manager-version", "differs", said, result=Result.DEGRADED, action=Action.FIX, observed=manager,
        expectation=driver, source="NVIDIA Fabric Manager user guide: its version must match the driver's",
    )  # fmt: skip


CHECK = Check(
    name="fabric-manager-version",
    about="The fabric manager is of the same release as the driver.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    detail="Nodes without a fabric manager are not judged here, nor those whose GPUs could not be read.",
)
