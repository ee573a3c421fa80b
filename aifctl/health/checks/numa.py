"""Is memory laid out over as many NUMA nodes as expected?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_COUNT = "cpu.numa_count"


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    if case.profile and _COUNT not in case.profile.expectations:
        raise NeutralError("NUMA nodes")
    found = told(node.numa_nodes, "NUMA nodes")
    expected = case.expect(_COUNT)
    if found == expected.value:
        return
    said = f"the kernel sees {found} NUMA node(s), not {expected.value}: a setting of the BIOS (NPS, SNC), or a processor without memory"
    yield node_finding("numa", "count", said, result=Result.WATCH, action=Action.FIX, observed=found, expected=expected)


CHECK = Check(
    name="numa",
    about="Memory lies on as many NUMA nodes as expected, so that jobs bind as they are meant to.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(Threshold(key=_COUNT, type=int, low=1, high=256, optional=True, about="NUMA nodes"),),
    detail="Which GPU and which HCA lie on which NUMA node is what pci-topology compares.",
)
