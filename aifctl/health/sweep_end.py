"""How a sweep ends: the store is told, what stands is folded, acted on where that was asked for, and told to others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from aifctl.core.errors import AifctlError
from aifctl.core.exit_codes import ExitCode, first_that_applies
from aifctl.core.report import Coverage
from aifctl.core.tracebacks import keep_trace
from aifctl.core.words import counted
from aifctl.custody.person import this_person
from aifctl.diagnosis.fleet_health import FleetHealth
from aifctl.diagnosis.scopes import Ground
from aifctl.health.acting import act
from aifctl.health.deciding import Sighted
from aifctl.health.fleet_reading import read_fleet_health
from aifctl.health.ground import ground_of
from aifctl.health.notifying import announce, send_due
from aifctl.health.sweep_incidents import nodes_that_count, sight_incidents
from aifctl.health.sweep_report import Count, unseen_scopes
from aifctl.health.taking_in import TakingIn
from aifctl.health.told_before import Told, tell
from aifctl.ports.toolbox import Toolbox

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How it went.

    Attributes:
        notes: sentences for stderr.
        trouble: what went wrong with the ending itself; the sweep's exit code is at least theirs.
        health: how the nodes stand now; None where the store does not answer.
    """

    notes: tuple[str, ...]
    trouble: tuple[AifctlError, ...]
    health: FleetHealth | None


class Ending:
    """The end of one sweep. `apart`: its nodes are a host file's."""

    def __init__(self, tools: Toolbox, count: Count, taking: TakingIn, *, sweep: str, act: bool, apart: bool) -> None:
        self._tools, self._count, self._taking = tools, count, taking
        self._sweep, self._act, self._apart = sweep, act, apart
        self._by = this_person(tools.environ, run=sweep)

    def end(self, names: Sequence[str], coverage: Coverage, code: ExitCode) -> Ended:
        """End it; whatever one part of that runs into, the others are done."""
        self._taking.flush()
        notes, trouble = [*self._unseen(names), *self._bugs()], [*filter(None, [self._taking.trouble])]
        if trouble:
            notes.append("incidents are as the sweep before left them: not all of this one is in the store")
        sighted: list[Sighted] = []
        steps: list[Callable[[], Iterable[str]]] = [lambda: self._close(coverage, code, trouble), self._send]
        if not trouble:
            steps = [lambda: self._fold(sighted), lambda: self._announce(sighted), lambda: self._do(sighted), *steps]
        for step in steps:
            try:
                notes += step()
            except AifctlError as problem:
                trouble.append(problem)
        return Ended(notes=(*notes, *map(str, trouble)), trouble=tuple(trouble), health=self._health(names))

    def _fold(self, sighted: list[Sighted]) -> Iterator[str]:
        """Bring the incidents to what stands now, and put them into `sighted`."""
        tools = self._tools
        counting = nodes_that_count(tools.fleet)
        sighted += sight_incidents(
            tools.store,
            partial(self._ground, counting),
            tools.checks,
            self._by,
            counting=counting,
            apart=self._apart,
        )
        for incident, _ in sighted:
            if incident.suspect:
                yield f"CHECK SUSPECT: {incident.check}: {incident.message}"

    def _ground(self, counting: Collection[str]) -> Ground:
        tools, count = self._tools, self._count
        told = tell(
            tools.store, Told(drivers=count.drivers, gpu_counts=count.gpu_counts), among=frozenset(tools.fleet.names)
        )
        known = {row.node for row in tools.store.nodes_now()}
        ground = ground_of(
            tools.fleet,
            known.intersection(counting),
            gpu_counts=told.gpu_counts,
            drivers=told.drivers,
            profiles=tools.profiles,
        )
        return replace(ground, at_s=tools.clock.now().timestamp())

    def _announce(self, sighted: Sequence[Sighted]) -> Iterator[str]:
        announce([row for _, row in sighted], self._tools)
        yield from ()

    def _do(self, sighted: Sequence[Sighted]) -> Iterable[str]:
        return act(sighted, self._tools, self._by).notes if self._act else ()

    def _close(self, coverage: Coverage, code: ExitCode, trouble: Iterable[AifctlError]) -> Iterator[str]:
        """Say in the store how it ended, by what of it is there: whoever looks there later sees no more."""
        kept = replace(coverage, answered=len(self._count.covered - self._taking.waiting))
        exit_code = first_that_applies(code, *(problem.exit_code for problem in trouble))
        self._tools.store.end_sweep(
            self._sweep, answered=kept.answered, exit_code=int(exit_code), facts={"coverage": kept.share}
        )
        yield from ()

    def _send(self) -> Iterable[str]:
        return send_due(self._tools).problems if self._tools.settings.value("notify") else ()

    def _unseen(self, names: Sequence[str]) -> Iterator[str]:
        unseen = unseen_scopes(self._tools.fleet, names, self._count.covered)
        if unseen:
            more = f" and {len(unseen) - _MOST_NAMED} more" if len(unseen) > _MOST_NAMED else ""
            yield f"not one node could be judged in {', '.join(unseen[:_MOST_NAMED])}{more}"

    def _bugs(self) -> Iterator[str]:
        bugs = self._count.bugs
        if bugs:
            path = keep_trace(bugs[0], self._tools.state)
            yield f"{counted(len(bugs))} met a bug of ours and could not be judged; the first traceback is in {path}"

    def _health(self, names: Sequence[str]) -> FleetHealth | None:
        store = self._tools.store
        try:
            states = {name: row.now for name, row in store.states().items()}
            fleet = self._tools.fleet.written.with_states(lambda: states)
            return read_fleet_health(store, fleet, names, now_s=self._tools.clock.now().timestamp())
        except AifctlError as problem:
            self._tools.tell(problem)
            return None
