"""Are all memory modules there?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_COUNT = "memory.dimm_count"


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    if case.profile and _COUNT not in case.profile.expectations:
        raise NeutralError("DIMMs")
    found = told(node.dimm_count, "DIMMs")
    expected = case.expect(_COUNT)
    if found >= expected.value:
        return
    said = f"{found} of {expected.value} DIMMs are there; reseat or replace the missing one"
    yield node_finding(
        "dimm-count", "missing", said, result=Result.DEGRADED, action=Action.DRAIN, observed=found, expected=expected
    )


CHECK = Check(
    name="dimm-count",
    about="All memory modules are there.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(Threshold(key=_COUNT, type=int, low=1, high=256, optional=True, about="memory modules of the node"),),
    detail="From the kernel's EDAC driver, which everybody may read; DMI, which also lists them, takes root. A node whose "
    "memory controllers no driver knows tells nothing, and is not judged.",
)
