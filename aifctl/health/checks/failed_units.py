"""Has any unit of systemd failed?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import told
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.host_units import unit_name
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_SHOWN = 8


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    required = case.profile.expectations.get("service.required") if case.profile else None
    others = set(map(unit_name, required.value)) if required else set()
    failed = [unit for unit in told(node.failed_units, "failed units") if unit not in others]
    if failed:
        said = f"{len(failed)} unit(s) have failed: {', '.join(failed[:_SHOWN])}" + (
            ", ..." if len(failed) > _SHOWN else ""
        )
        yield node_finding(
            "failed-units",
            "failed",
            said,
            result=Result.WATCH,
            action=Action.WATCH,
            observed=failed[:_SHOWN],
            expectation=[],
        )


CHECK = Check(
    name="failed-units",
    about="No unit of systemd has failed.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    detail="Those that the profile requires are judged by services; the rest is watched: nodes that work well have some.",
)
