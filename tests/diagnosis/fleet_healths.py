"""Fleets in all conditions, for tests of what shows them."""

from __future__ import annotations

from typing import Any

from aifctl.diagnosis.fleet_health import (
    ChangeHealth,
    ChangeKind,
    Condition,
    FindingHealth,
    FleetHealth,
    IncidentHealth,
    NodeHealth,
    Place,
    SweepHealth,
)

NOW_S = 1795489200.0
MINUTE_S = 60.0

HOSTILE = "<script>alert(1)</script> \x1b[31mred\x1b]0;x\x07 \u202etxt ```|*"


def node(name: str, condition: Condition, **more: Any) -> NodeHealth:
    """Return a node that was looked at four minutes ago, in the rack that its name says."""
    rack = name.partition("n")[0]
    place = Place(rack=rack, su=f"su{(int(rack[1:]) + 1) // 2}", hall="h1", sku="h100-sxm5", feeds=("A1", "B1"))
    told: dict[str, Any] = {
        "result": "" if condition in {Condition.UNSEEN, Condition.OUT} else condition.value,
        "at_s": 0.0 if condition in {Condition.UNSEEN, Condition.OUT} else NOW_S - 4 * MINUTE_S,
        "place": place,
    }
    told |= more
    told.setdefault("seen_at_s", NOW_S - 20 * MINUTE_S if condition is Condition.UNREACHABLE else told["at_s"])
    return NodeHealth(node=name, condition=condition, **told)


def incident(number: int, **more: Any) -> IncidentHealth:
    told: dict[str, Any] = {
        "id": number,
        "result": "fault",
        "check": "gpu-lost",
        "code": "lost",
        "scope": "node",
        "scope_value": "r2n1",
        "nodes": ("r2n1",),
        "action": "drain",
        "message": "GPU 0000:1b:00.0 has fallen off the bus",
        "opened_at_s": NOW_S - 130 * MINUTE_S,
    }
    return IncidentHealth(**(told | more))


def finding(name: str, **more: Any) -> FindingHealth:
    told: dict[str, Any] = {
        "check": "gpu-lost",
        "subject": "gpu:0000:1b:00.0",
        "code": "lost",
        "result": "fault",
        "action": "drain",
        "message": "GPU 0000:1b:00.0 has fallen off the bus",
        "first_at_s": NOW_S - 130 * MINUTE_S,
        "observed": 7,
        "expected": 8,
        "source": "h100-sxm5",
    }
    return FindingHealth(node=name, **(told | more))


def sick_fleet(*, hostile: bool = True) -> FleetHealth:
    """Return four racks of eight in all conditions, with incidents, changes and queued things."""
    message = f"the link is down {HOSTILE}" if hostile else "the link is down"
    names = [f"r{rack}n{number}" for rack in range(1, 5) for number in range(1, 9)]
    return FleetHealth(
        at_s=NOW_S,
        nodes=tuple(_ODD.get(name) or node(name, Condition.OK) for name in names),
        incidents=_incidents(message),
        findings=_findings(message),
        changes=_changes(message),
        sweep=SweepHealth(id="20261124T025500-sweep", started_at_s=NOW_S - 5 * MINUTE_S, ended_at_s=NOW_S - 4 * MINUTE_S,
                          asked=30, answered=28, exit_code=1),
        reconciled_at_s=NOW_S - 2 * MINUTE_S,
        not_done=("3 notifications are due since 12 min: the receiver does not answer",),
        muted=("ecc-sram on @all until 05:00 UTC (pat: known false alarm)",),
    )  # fmt: skip


_ODD = {
    "r2n1": node("r2n1", Condition.FAULT, state="drained", worst_check="gpu-lost", handled=True),
    "r2n2": node("r2n2", Condition.DEGRADED, worst_check="port-state"),
    "r2n3": node("r2n3", Condition.FAULT, worst_check="gpu-lost", state="suspect"),
    "r3n1": node("r3n1", Condition.UNREACHABLE, worst_check="reachability", why="no answer in 10 s"),
    "r3n2": node("r3n2", Condition.UNKNOWN, worst_check="section-read"),
    "r3n3": node("r3n3", Condition.STALE, result="ok", at_s=NOW_S - 3 * 3600.0),
    "r3n4": node("r3n4", Condition.UNSEEN),
    "r3n5": node("r3n5", Condition.OUT, state="repair"),
    "r3n6": node("r3n6", Condition.OUT, off=True),
    "r4n8": node("r4n8", Condition.WATCH, worst_check="port-errors", state="draining", handled=True),
}


def _incidents(message: str) -> tuple[IncidentHealth, ...]:
    return (
        incident(41, scope="rack", scope_value="r2", nodes=("r2n1", "r2n3"), acked_by="pat"),
        incident(42, result="degraded", check="port-state", code="down", action="cable", scope_value="r2n2",
                 nodes=("r2n2",), message=message, opened_at_s=NOW_S - 5 * MINUTE_S),
        incident(40, result="unknown", check="ecc-sram", scope="check", scope_value="ecc-sram", nodes=("r3n2",),
                 action="none", message="2 of 32 nodes fail it at once: look at the check", suspect=True,
                 silenced=True, silenced_until_s=NOW_S + 7200.0, opened_at_s=NOW_S - 3 * 86400.0),
    )  # fmt: skip


def _findings(message: str) -> dict[str, tuple[FindingHealth, ...]]:
    return {
        "r2n1": (finding("r2n1"),),
        "r2n2": (finding("r2n2", check="port-state", subject="port:mlx5_3/1", code="down", result="degraded",
                         action="cable", message=message, observed="Down", expected="Active"),),
        "r2n3": (finding("r2n3"),),
        "r4n8": (finding("r4n8", check="port-errors", subject="port:mlx5_0/1", code="symbol_error-rate",
                         result="watch", action="watch", message="symbol_error grows"),),
    }  # fmt: skip


def _changes(message: str) -> tuple[ChangeHealth, ...]:
    lost = "GPU 0000:1b:00.0 has fallen off the bus"
    return (
        ChangeHealth(kind=ChangeKind.NEW, check="port-state", code="down", result="degraded", message=message,
                     nodes=("r2n2",)),
        ChangeHealth(kind=ChangeKind.CHANGED, check="gpu-lost", code="lost", result="fault", message=lost,
                     nodes=("r2n3",)),
        ChangeHealth(kind=ChangeKind.CLEARED, check="port-flap", code="flap", result="watch",
                     message="the link flaps", nodes=("r1n1", "r1n2", "r1n3")),
    )  # fmt: skip


def empty_fleet() -> FleetHealth:
    """Return a fleet that no sweep has seen yet."""
    return FleetHealth(at_s=NOW_S, nodes=tuple(node(f"r1n{number}", Condition.UNSEEN) for number in range(1, 5)))


def healthy_fleet() -> FleetHealth:
    sweep = SweepHealth(id="s9", started_at_s=NOW_S - 70.0, ended_at_s=NOW_S - 30.0, asked=4, answered=4, exit_code=0)
    nodes = tuple(node(f"r1n{number}", Condition.OK, at_s=NOW_S - 40.0) for number in range(1, 5))
    return FleetHealth(at_s=NOW_S, nodes=nodes, sweep=sweep, reconciled_at_s=NOW_S - 20.0)
