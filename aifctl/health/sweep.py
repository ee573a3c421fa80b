"""sweep: look at every node once, judge what was seen, remember it, fold it into incidents and say so; cron's command."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aifctl.core.errors import AifctlError
from aifctl.core.exit_codes import ExitCode, first_that_applies
from aifctl.core.report import Coverage, Head, Report
from aifctl.core.tracebacks import keep_trace
from aifctl.core.words import counted
from aifctl.custody.person import this_person
from aifctl.diagnosis.fleet_groups import By as GroupedBy
from aifctl.dispatch.asked import Chosen, Fan
from aifctl.dispatch.carrying import Carried, carry, run_facts, run_notes
from aifctl.dispatch.deed import Deed, Order
from aifctl.dispatch.selection import Nodes, choose_for
from aifctl.dispatch.timetable import on_time
from aifctl.fanout.plan import RunPlan, Tally
from aifctl.fleet.profile import Profile
from aifctl.health.acting import act
from aifctl.health.asking import cursors_of, probe_arguments
from aifctl.health.deciding import Sighted
from aifctl.health.fleet_reading import read_fleet_health
from aifctl.health.ground import ground_of
from aifctl.health.last_sweep import NARROWED
from aifctl.health.looking import Looker
from aifctl.health.muting import mutings
from aifctl.health.notifying import announce, send_due
from aifctl.health.status import summary_of
from aifctl.health.sweep_incidents import nodes_that_count, sight_incidents
from aifctl.health.sweep_report import SWEEP, Count, has_changed, item_of, unseen_scopes
from aifctl.health.taking_in import TakingIn
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.work import NodeResult
from aifctl.survey.probe_work import STDOUT_MOST_BYTES, ProbeWork

VERB = "sweep"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepAsked:
    """What was asked for.

    Attributes:
        act: drain by policy, and make suspect whom nobody can look at.
        fail_on: exit 1 for a node at this result or a worse one, or "new" for anything new.
        profile: judge every node by this one, in place of the one of its SKU.
    """

    fan: Fan
    act: bool = False
    fail_on: str = "fault"
    profile: str | None = None


def sweep(asked: SweepAsked, tools: Toolbox, sink: Sink) -> Report:
    """Sweep the chosen nodes, when and as the timetable wants it."""
    sink.accept(SWEEP)
    report = on_time(VERB, asked.fan, tools, partial(_choose_and_go, asked, tools, sink))
    if report.summary.get("skipped"):  # another holds the lock; even then JSON is one envelope
        sink.open(Head(kind=SWEEP, facts={"verb": VERB}))
    return report


def go_on(facts: Mapping[str, Any], nodes: Nodes, fan: Fan, tools: Toolbox, sink: Sink) -> Report:
    """Go on with a sweep that was cut short; `facts` are those that its run keeps."""
    sink.accept(SWEEP)
    asked = SweepAsked(fan=fan, act=facts["act"], fail_on=facts["fail_on"], profile=facts["profile"])
    return _go(asked, nodes, tools, sink, sweep=facts.get("sweep"), selector=facts["selector"])


def _choose_and_go(asked: SweepAsked, tools: Toolbox, sink: Sink) -> Report:
    nodes = choose_for(VERB, asked.fan.chosen, tools.fleet, tools)
    return _go(asked, nodes, tools, sink, sweep=None, selector=asked.fan.chosen.selector or "@all")


def _go(asked: SweepAsked, nodes: Nodes, tools: Toolbox, sink: Sink, *, sweep: str | None, selector: str) -> Report:
    if not nodes.names:
        sink.open(Head(kind=SWEEP, facts={"verb": VERB}))
        return Report(notes=("nothing is selected, so nothing was looked at",), summary={"counts": {}})
    return _Sweep(asked, nodes, tools, sink, sweep=sweep, selector=selector).go()


class _Sweep:
    """One sweep from its first question to its report."""

    def __init__(
        self, asked: SweepAsked, nodes: Nodes, tools: Toolbox, sink: Sink, *, sweep: str | None, selector: str
    ) -> None:
        self._asked, self._nodes, self._tools, self._sink = asked, nodes, tools, sink
        self._sweep, self._selector = sweep or "", selector
        self._store, self._count = tools.store, Count()
        rows = {row.node: row for row in self._store.nodes_now(nodes.names, bodies=True)}
        self._work = ProbeWork(
            package=tools.probe,
            arguments=probe_arguments(self._profiles()),
            cursors=cursors_of(rows),
        )
        self._looker = Looker(
            fleet=tools.fleet,
            checks=tools.checks,
            rows=rows,
            profile_of=self._profile_of,
            mutes=mutings(tools, tools.fleet),
            probe=tools.probe.sha256,
        )
        self._taking: TakingIn

    def go(self) -> Report:
        order = Order(deed=self._deed(), nodes=self._nodes, fan=self._asked.fan, selector=self._selector)
        carried = carry(order, self._tools, self._each, begun=partial(self._begun, order), run_loop=self._run_loop)
        self._taking.flush()
        return self._report(carried)

    def _deed(self) -> Deed:
        asked = self._asked
        facts = {
            "act": asked.act,
            "fail_on": asked.fail_on,
            "profile": asked.profile,
            "selector": self._selector,
            "sweep": self._sweep or None,
        }
        return Deed(
            verb=VERB, facts=facts, work=self._work, steps=("probe",), changing=False, reply_bytes=STDOUT_MOST_BYTES
        )

    def _begun(self, order: Order, plan: RunPlan) -> None:
        self._sweep = self._sweep or plan.run_id
        chosen = self._asked.fan.chosen
        self._store.begin_sweep(
            self._sweep,
            selector=self._selector,
            asked=len(self._nodes.names),
            probe=self._tools.probe.sha256[:12],
            facts={NARROWED: True} if _is_narrowed(chosen) else {},
        )
        self._taking = TakingIn(self._store, self._sweep, self._tools.clock)
        drawing = "changes" if self._asked.fan.keep.only_changes else "fleet"
        facts = {**run_facts(plan, order), "sweep": self._sweep, "by": GroupedBy.STATE.value}
        self._sink.open(Head(kind=SWEEP, facts=facts, drawing=drawing))

    def _run_loop(self, work: Coroutine[Any, Any, Tally]) -> Tally:
        return asyncio.run(self._taking.beside(work))

    def _each(self, result: NodeResult) -> None:
        looked = self._looker.look(result, at_s=self._tools.clock.now().timestamp())
        self._count.take(result.node, result.outcome, looked)
        if looked is not None:
            self._taking.take(looked.kept)
        if not self._asked.fan.keep.only_changes or (looked is not None and has_changed(looked)):
            self._sink.item(item_of(result.node, result.outcome, result.message, looked))

    # The end

    def _report(self, carried: Carried) -> Report:
        asked, tools, count = self._asked, self._tools, self._count
        names, tally = self._nodes.names, carried.tally
        code = count.exit(
            names, tools.fleet, fail_on=asked.fail_on, min_coverage=asked.fan.pace.min_coverage, stopped=tally.stopped
        )
        coverage, trouble, notes = count.coverage(len(names)), [], [*run_notes(carried), *self._unseen_notes()]
        try:
            notes += self._remember(coverage, code)
        except AifctlError as problem:
            trouble.append(problem)
        trouble += filter(None, (self._taking.problem, self._taking.queued))
        health = self._health()
        return Report(
            exit=first_that_applies(code, *(problem.exit_code for problem in trouble)),
            coverage=coverage,
            notes=(*notes, *map(str, trouble)),
            errors=tuple({"code": int(problem.exit_code), "message": str(problem)} for problem in trouble),
            summary={
                "run": carried.plan.run_id,
                "sweep": self._sweep,
                "counts": {outcome.value: number for outcome, number in count.outcomes.items()},
                "changed_count": count.changed_count,
                **(_summary(health)),
            },
            complete=coverage.answered == coverage.asked and not trouble,
            view=health,
        )

    def _remember(self, coverage: Coverage, code: ExitCode) -> Iterator[str]:
        """Tell the store how the sweep ended, and what stands then; yields sentences for stderr."""
        tools, store = self._tools, self._store
        said: list[str] = []
        if self._taking.problem is None and self._taking.queued is None:
            sighted = self._sight()
            said += self._tell(sighted)
        else:
            said.append("incidents are as the sweep before left them: not all of this one is in the store")
        store.end_sweep(
            self._sweep, answered=coverage.answered, exit_code=int(code), facts={"coverage": coverage.share}
        )
        if tools.settings.value("notify"):
            said += send_due(tools).problems
        return iter(said)

    def _sight(self) -> tuple[Sighted, ...]:
        tools, count = self._tools, self._count
        counting = nodes_that_count(tools.fleet)
        known = {row.node for row in self._store.nodes_now()} & counting
        ground = ground_of(
            tools.fleet, known, gpu_counts=count.gpu_counts, drivers=count.drivers, profiles=tools.profiles
        )
        by = this_person(tools.environ, run=self._sweep)
        return sight_incidents(self._store, ground, tools.checks, by, counting=counting)

    def _tell(self, sighted: Sequence[Sighted]) -> list[str]:
        tools, said = self._tools, list[str]()
        if self._asked.act:
            said += act(sighted, tools, this_person(tools.environ, run=self._sweep)).notes
        announce([row for _, row in sighted], tools)
        suspects = [incident for incident, _ in sighted if incident.suspect]
        said += [f"CHECK SUSPECT: {one.check}: {one.message}" for one in suspects]
        return said

    def _unseen_notes(self) -> Iterator[str]:
        count, tools = self._count, self._tools
        unseen = unseen_scopes(tools.fleet, self._nodes.names, count.covered)
        if unseen:
            yield f"not one node could be judged in {', '.join(unseen[:10])}{' …' if len(unseen) > 10 else ''}"  # noqa: PLR2004  a line's worth
        if count.bugs:
            path = keep_trace(count.bugs[0], tools.state)
            yield f"{counted(len(count.bugs))} met a bug of ours and could not be judged; the first traceback is in {path}"

    def _health(self) -> Any:
        """Return how the nodes stand now, from the store; None where that does not answer."""
        store = self._store
        try:
            states = {name: row.now for name, row in store.states().items()}
            fleet = self._tools.fleet.written.with_states(lambda: states)
            now_s = self._tools.clock.now().timestamp()
            return read_fleet_health(store, fleet, self._nodes.names, now_s=now_s)
        except AifctlError as problem:
            self._tools.tell(problem)
            return None

    # By what is judged

    def _profile_of(self, sku: str | None) -> Profile | None:
        profiles = self._tools.profiles
        return profiles.named(self._asked.profile) if self._asked.profile else profiles.of_sku(sku)

    def _profiles(self) -> tuple[Profile, ...]:
        sku_of = self._tools.fleet.attribute("sku")
        found = {
            profile.name: profile
            for sku in {sku_of(name) for name in self._nodes.names}
            if (profile := self._profile_of(sku))
        }
        return tuple(found.values())


def _is_narrowed(chosen: Chosen) -> bool:
    return bool(chosen.exclude or chosen.first or chosen.sample)


def _summary(health: Any) -> Mapping[str, Any]:
    return {key: value for key, value in summary_of(health).items() if key != "sweep"} if health is not None else {}
