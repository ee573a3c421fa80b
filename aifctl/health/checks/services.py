"""Do the services run that the node's kind needs?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import CannotTellError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.host_units import unit_name
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_REQUIRED, _FABRIC_MANAGER = "service.required", "service.fabric_manager"
_COMING = frozenset({"activating", "reloading", "refreshing"})


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    services = told(node.services, "services")
    required = case.expect(_REQUIRED)
    apart = case.profile.expectations.get(_FABRIC_MANAGER) if case.profile else None
    untold = []
    for name in map(unit_name, required.value):
        if apart and name == unit_name(apart.value):
            continue  # a check of its own: fabric-manager-service
        state = services.get(name)
        if state is None:
            untold.append(name)
        elif state != "active":
            coming = state in _COMING
            said = f"{name} is {state}, and should be active" + ("" if coming else f": systemctl status {name}")
            yield node_finding(
                "services", name, said, result=Result.WATCH if coming else Result.DEGRADED,
                action=Action.WATCH if coming else Action.FIX, observed=state, expectation="active", source=required.source,
            )  # fmt: skip
    if untold:
        raise CannotTellError(", ".join(untold), "the node was not asked")


CHECK = Check(
    name="services",
    about="The services that the node's kind needs are active.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(Threshold(key=_REQUIRED, type=list, about="systemd units that must be active"),),
    detail="The fabric manager has a check of its own. A node without systemd is not judged.",
)
