"""A simulated fleet, swept by the verb itself: its nodes' replies over a fake transport, what it finds in a real store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aifctl.core.outcome import Outcome
from aifctl.core.report import Item, Report
from aifctl.dispatch.asked import Chosen, Fan, Pace
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.policy import Policy
from aifctl.health.sweep import SweepAsked, sweep
from aifctl.sim.probing.reply import reply
from tests.fakes.fleet import Script
from tests.fakes.toolbox import FakeToolbox, scripted
from tests.health.remembered_night import remembered
from tests.health.simulated_night import BETWEEN_SWEEPS_S, Night
from tests.ops.run_fakes import ListSink

PACE = Pace(min_coverage=0.98)
#: What a node that nobody can reach does.
DEAD = Script(dial_error=Outcome.CONNECT_TIMEOUT)


@dataclass(kw_only=True)
class SweptNight:
    """A fleet whose nodes answer as their machines do, but for those in `instead`; `sinks` has what each sweep said."""

    night: Night
    tools: FakeToolbox
    instead: dict[str, Script] = field(default_factory=dict)
    sinks: list[ListSink] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [machine.name for machine in self.night.machines]

    def sweep(self, selector: str | None = "@all", *, pace: Pace = PACE, **asked: Any) -> Report:
        """Sweep, a quarter of an hour after the sweep before."""
        self.pass_time()
        fan = asked.pop("fan", None) or Fan(chosen=asked.pop("chosen", Chosen(selector=selector)), pace=pace)
        return self.call(lambda sink: sweep(SweepAsked(fan=fan, **asked), self.tools.box, sink))

    def call(self, verb: Callable[[ListSink], Report]) -> Report:
        """Let a verb ask the nodes as they are now."""
        self.sinks.append(ListSink())
        self.tools.transport = scripted(self._answers() | self.instead)
        self.reports.append(verb(self.sinks[-1]))
        return self.reports[-1]

    def pass_time(self, seconds: float = BETWEEN_SWEEPS_S) -> None:
        self.night.clock.at_s += seconds

    @property
    def items(self) -> Mapping[str, Item]:
        """The rows of the last sweep, by node."""
        return {item["node"]: item for item in self.sinks[-1].items}

    def result(self, node: str) -> str | None:
        """How the store has a node."""
        row = self.tools.store.node_now(node)
        return row.result if row else None

    def incidents(self) -> list[tuple[str, str, str, tuple[str, ...]]]:
        """The open ones: check, scope and which, nodes."""
        return sorted((one.check, one.scope, one.scope_value, one.nodes) for one in self.tools.store.incidents())

    def _answers(self) -> dict[str, Script]:
        return {
            machine.name: Script(stdout=(reply(machine, {}, probe=self.tools.probe.sha256, user="ops"),))
            for machine in self.night.machines
        }


def swept_night(
    folder: Path,
    nodes_count: int = 8,
    *,
    states: Mapping[str, State] | None = None,
    off: Sequence[str] = (),
    policy: Policy | None = None,
) -> SweptNight:
    """Return a fleet that nobody has swept yet."""
    made = remembered(folder, nodes_count)
    inventory = made.tools.inventory
    nodes = [
        replace(inventory.node(name), state=(states or {}).get(name, State.READY), off=name in off)
        for name in inventory.names
    ]
    made.tools.fleet = Fleet.from_nodes(nodes, policy=policy, origin="sim")
    return SweptNight(night=made.night, tools=made.tools)


def says(data: bytes) -> Script:
    """Return what a node does that prints this and nothing else."""
    return Script(stdout=(data,))
