"""Reports of a fleet's health, as the verb makes them, for golden files and for formats of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from aifctl.core.report import Head, Item, Report
from aifctl.diagnosis.fleet_groups import By
from aifctl.diagnosis.fleet_health import FleetHealth
from aifctl.dispatch.asked import Chosen
from aifctl.fleet.fleet import Fleet
from aifctl.health.status import StatusAsked, show
from aifctl.ports.toolbox import Toolbox
from tests.diagnosis.fleet_healths import sick_fleet
from tests.ops.run_fakes import ListSink

Case = tuple[Head, Callable[[], Iterable[Item]], Report]


@dataclass
class _Tools:
    known_fleet: Fleet = field(default_factory=lambda: Fleet.from_nodes([], origin="fleet.yaml"))


def report_of(health: FleetHealth, **asked: Any) -> Case:
    """Return what `status` reports of a fleet."""
    sink = ListSink()
    report = show(StatusAsked(chosen=Chosen(selector="@all"), **asked), health, cast("Toolbox", _Tools()), sink)
    (head,) = sink.heads
    return head, lambda: sink.items, report


FLEET_CASES: dict[str, Case] = {
    "fleet": report_of(sick_fleet(), by=By.RACK),
    "fleetmap": report_of(sick_fleet(), is_map=True),
    "fleetnodes": report_of(sick_fleet(), by=By.NODE),
}
