"""Does the fabric manager run, without which NVLink is dead?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import CannotTellError, NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.host_units import unit_name
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_UNIT = "service.fabric_manager"
_COMING = frozenset({"activating", "reloading", "refreshing"})


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    if case.profile and _UNIT not in case.profile.expectations:
        raise NeutralError("fabric manager")
    services = told(node.services, "services")
    expected = case.expect(_UNIT)
    unit = unit_name(expected.value)
    state = services.get(unit)
    if state is None:
        raise CannotTellError(unit, "the node was not asked")
    if state == "active":
        return
    coming = state in _COMING
    said = f"{unit} is {state}: the GPUs have no NVLink to each other; start it, and if it fails, reboot"
    yield node_finding(
        "fabric-manager-service", "down", said, result=Result.WATCH if coming else Result.FAULT,
        action=Action.WATCH if coming else Action.FIX, observed=state, expectation="active", source=expected.source,
        debounced=True,
    )  # fmt: skip


CHECK = Check(
    name="fabric-manager-service",
    about="The fabric manager is active.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(
        Threshold(
            key=_UNIT, type=str, optional=True, about="the fabric manager's unit; it must be in service.required, too"
        ),
    ),
    detail="GPUs that were set up before it died go on looking well, each by itself: nodes have been found whose fabric "
    "manager had been dead for 20 days.",
)
