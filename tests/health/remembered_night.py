"""Sweeps of a simulated fleet in a real store, for verbs that read what is remembered: no SSH, and no sweep's own code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from aifctl.core.report import Item, Report
from aifctl.diagnosis.examining import Look
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.memory_text import render_memory
from aifctl.diagnosis.standing_text import render_finding, render_findings
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.node import Node, Rail
from aifctl.fleet.profile import Profiles
from aifctl.ports.store import Store
from aifctl.ports.store_writes import By, FindingChange, NodeLook, Sighting
from aifctl.sim.layout import RAILS, Place
from aifctl.sim.node.machine import SKU
from aifctl.sim.node.parts import HCAS
from tests.fakes.toolbox import FakeToolbox, LoopClock, toolbox
from tests.health.simulated_night import Night, NightClock, Swept, checks, profile
from tests.ops.run_fakes import ListSink

CRON = By(who="root", from_where="no terminal", run="sweep-1")


class StandingClock(LoopClock):
    """The toolbox's clock, at the night's time."""

    def __init__(self, night: NightClock) -> None:
        super().__init__()
        self._night = night

    def now(self) -> datetime:
        return self._night.now()


@dataclass
class Remembered:
    """A night whose sweeps are remembered."""

    night: Night
    tools: FakeToolbox
    sweeps_count: int = 0
    incidents: list[int] = field(default_factory=list)

    def sweep(self) -> Swept:
        """Look at every node once, and keep what it came to."""
        swept = self.night.sweep()
        keep(self.tools.store, f"sweep-{self.sweeps_count}", swept)
        self.sweeps_count += 1
        return swept

    def ask(self, verb: object, *asked: object) -> tuple[list[Item], Report]:
        """Call a verb; returns its items and its report."""
        sink = ListSink()
        report = verb(*asked, self.tools.box, sink)  # type: ignore[operator]
        return list(sink.items), report


def remembered(folder: Path, nodes_count: int = 8) -> Remembered:
    """Return a night that nothing is remembered of yet."""
    night = Night(nodes_count)
    tools = toolbox(
        folder,
        Fleet.from_nodes([_node(machine.place, f"r{machine.place.rack}") for machine in night.machines], origin="sim"),
        clock=StandingClock(night.clock),
        checks=checks(),
        profiles=Profiles(all=(profile(),)),
    )
    return Remembered(night=night, tools=tools)


def keep(store: Store, sweep: str, swept: Swept) -> None:
    """Keep a sweep as a sweep does."""
    store.begin_sweep(sweep, selector="@all", asked=len(swept.looks), probe="0123", facts={})
    store.add(sweep, [_kept(look) for look in swept.looks.values()])
    store.end_sweep(sweep, answered=len(swept.looks), exit_code=0, facts={})
    seen = [
        Sighting(
            check=one.check, code=one.code, scope=one.scope, scope_value=one.scope_value, result=one.result.value,
            action=one.action.value, message=one.message, nodes=one.nodes, suspect=one.suspect,
        )
        for one in swept.incidents
    ]  # fmt: skip
    keys = {one.key for one in seen}
    gone = [row.id for row in store.incidents() if row.key not in keys]
    store.sight(seen, CRON, gone=gone)


def _kept(look: Look) -> NodeLook:
    packed, result = look.packed, look.result.value
    settled = look.settled
    changes = [
        _change(kind, one.finding)
        for kind, those in (
            (FindingChange.OPENED, settled.opened),
            (FindingChange.CHANGED, settled.changed),
            (FindingChange.CLEARED, settled.cleared),
        )
        for one in those
    ]
    return NodeLook(
        node=look.node,
        at_s=look.at_s,
        outcome="ok" if packed else "unreadable",
        result=result,
        answered=packed is not None,
        worst_check=settled.verdict.findings[0].check if settled.verdict.findings else "",
        boot_id="boot" if packed else "",
        facts_digest=packed.digest if packed else "",
        facts=packed.facts if packed else None,
        moving=packed.moving if packed else None,
        memory=render_memory(look.memory) if look.memory else None,
        findings=render_findings(look.findings, seen_at_s=look.at_s),
        changes=changes,
    )


def _change(kind: str, finding: Finding) -> FindingChange:
    return FindingChange(
        kind=kind, check=finding.check, subject=finding.subject, code=finding.code, result=finding.result.value,
        action=finding.action.value, message=finding.message, identity=finding.identity, evidence=render_finding(finding),
    )  # fmt: skip


def _node(place: Place, rack: str) -> Node:
    return Node(
        endpoint=Endpoint(name=place.name, address=place.address, user="ops"),
        site="sim",
        hall=f"h{place.hall}",
        su=f"su{place.su}",
        rack=rack,
        unit=place.unit,
        sku=SKU,
        feeds=place.feeds,
        rails=tuple(
            Rail(index=rail, hca=HCAS[rail], leaf=place.leaf(rail), leaf_port=place.leaf_port) for rail in range(RAILS)
        ),
        serials=(("chassis", place.serial),),
    )
