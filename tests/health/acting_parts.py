"""What tests of acting have in common: incidents as a sweep folds them, kept in a real store, and looks at nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.incidents import Incident
from aifctl.diagnosis.standing import Standing
from aifctl.diagnosis.standing_text import NodeFindings, render_findings
from aifctl.health.deciding import Sighted
from aifctl.ports.store import Store
from aifctl.ports.store_writes import By, FindingChange, NodeLook, Sighting
from tests.fakes.toolbox import FakeToolbox

SWEEP = By(who="root", from_where="no terminal", run="sweep-1")


def incident(node: str, check: str = "xid", action: Action = Action.REBOOT, **parts: Any) -> Incident:
    """Return a fault of one node that asks for a reboot, but for what `parts` say."""
    fields: dict[str, Any] = {
        "check": check,
        "code": "79",
        "scope": "node",
        "scope_value": node,
        "nodes": (node,),
        "findings": (),
        "result": Result.FAULT,
        "action": action,
        "message": "fell off the bus",
    }
    return Incident(**(fields | parts))


def sighting(one: Incident) -> Sighting:
    return Sighting(
        check=one.check,
        code=one.code,
        scope=one.scope,
        scope_value=one.scope_value,
        result=one.result.value,
        action=one.action.value,
        message=one.message,
        nodes=one.nodes,
        suspect=one.suspect,
    )


def sighted(tools: FakeToolbox, *incidents: Incident, looked: bool = True, boot_id: str = "boot-1") -> list[Sighted]:
    """Keep incidents as a sweep does, and return them with their rows; `looked`: it has looked at their nodes just now."""
    found: dict[str, list[Finding]] = {}
    for one in incidents if looked else ():
        for node in one.nodes:
            found.setdefault(node, []).append(finding(one.check, one.result))
    for node, those in found.items():
        look(tools.store, node, *those, at_s=tools.clock.now().timestamp(), sweep=SWEEP.run, boot_id=boot_id)
    rows = tools.store.sight([sighting(one) for one in incidents], SWEEP)
    return list(zip(incidents, rows, strict=True))


def look(
    store: Store,
    node: str,
    *found: Finding,
    judged: Sequence[str] = ("xid",),
    sweep: str = "s",
    at_s: float,
    answered: bool = True,
    looks_count: int = 1,
    boot_id: str = "boot-1",
) -> None:
    """Keep one look at one node: what stands, what was judged."""
    standing = tuple(Standing(finding=one, first_at_s=at_s, last_at_s=at_s, looks_count=looks_count) for one in found)
    findings = render_findings(NodeFindings(standing=standing, judged=tuple(judged)), seen_at_s=at_s)
    changes = [
        FindingChange(kind=FindingChange.OPENED, check=one.check, subject=one.subject, code=one.code, result="unknown")
        for one in found
    ]
    told = NodeLook(
        node=node,
        at_s=at_s,
        outcome="ok" if answered else "connect-timeout",
        result=found[0].result.value if found else "ok",
        answered=answered,
        boot_id=boot_id if answered else "",
        moving=b"[]" if answered else None,
        findings=findings,
        changes=changes,
    )
    store.begin_sweep(sweep, selector="@all", asked=1, probe="", facts={})
    store.add(sweep, [told])


def finding(check: str = "xid", result: Result = Result.FAULT, **parts: Any) -> Finding:
    return Finding(check=check, subject="node", result=result, message="it is so", code="79", **parts)
