"""sweep: look at every node once, judge what was seen, remember it, fold it into incidents and say so; cron's command."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aifctl.core.exit_codes import first_that_applies
from aifctl.core.report import Head, Report
from aifctl.diagnosis.fleet_groups import By as GroupedBy
from aifctl.diagnosis.fleet_health import FleetHealth
from aifctl.dispatch.asked import Chosen, Fan
from aifctl.dispatch.carrying import Carried, carry, run_facts, run_notes
from aifctl.dispatch.deed import Deed, Order
from aifctl.dispatch.selection import Nodes, choose_for
from aifctl.dispatch.timetable import on_time
from aifctl.fanout.plan import RunPlan, Tally
from aifctl.fleet.profile import Profile
from aifctl.health.asking import cursors_of, probe_arguments
from aifctl.health.last_sweep import NARROWED
from aifctl.health.looking import Looker
from aifctl.health.muting import mutings
from aifctl.health.peers_before import PeersBefore
from aifctl.health.status import summary_of
from aifctl.health.sweep_end import Ending
from aifctl.health.sweep_report import SWEEP, Count, has_changed, item_of
from aifctl.health.taking_in import TakingIn
from aifctl.ports.sink import Sink
from aifctl.ports.store_rows import NodeRow
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
        sudo: whom to become on the nodes; None stays the login user.
        quiet: show a person nothing where nothing is new and all is as it should be.
    """

    fan: Fan
    act: bool = False
    fail_on: str = "fault"
    profile: str | None = None
    sudo: str | None = None
    quiet: bool = False

    @property
    def drawing(self) -> str:
        """How the report is drawn for a person."""
        return "changes" if self.fan.keep.only_changes else "news" if self.quiet else "fleet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What there is of a sweep that was cut short.

    Attributes:
        facts: those that its run keeps.
        sweep: its id. names: all that it was to look at. rows: the newest looks at those that it did look at.
    """

    facts: Mapping[str, Any]
    sweep: str
    names: tuple[str, ...]
    rows: tuple[NodeRow, ...]


def sweep(asked: SweepAsked, tools: Toolbox, sink: Sink) -> Report:
    """Sweep the chosen nodes, when and as the timetable wants it."""
    sink.accept(SWEEP)
    report = on_time(VERB, asked.fan, tools, partial(_choose_and_go, asked, tools, sink))
    if report.summary.get("skipped"):  # another holds the lock; even then JSON is one envelope
        sink.open(Head(kind=SWEEP, facts={"verb": VERB}, drawing="changes"))  # to a person stderr has said it
    return report


def go_on(before: Before, nodes: Nodes, asked: SweepAsked, tools: Toolbox, sink: Sink) -> Report:
    """Look at the rest of what a sweep was to look at; it is judged as a whole."""
    return _Sweep(asked, nodes, tools, sink, selector=before.facts["selector"], before=before).go()


def _choose_and_go(asked: SweepAsked, tools: Toolbox, sink: Sink) -> Report:
    nodes = choose_for(VERB, asked.fan.chosen, tools.fleet, tools)
    if not nodes.names:
        sink.open(Head(kind=SWEEP, facts={"verb": VERB}, drawing="changes"))
        return Report(notes=("nothing is selected, so nothing was looked at",), summary={"counts": {}})
    return _Sweep(asked, nodes, tools, sink, selector=asked.fan.chosen.selector).go()


class _Sweep:
    """One sweep from its first question to its report."""

    def __init__(
        self,
        asked: SweepAsked,
        nodes: Nodes,
        tools: Toolbox,
        sink: Sink,
        *,
        selector: str | None,
        before: Before | None = None,
    ) -> None:
        self._asked, self._nodes, self._tools, self._sink = asked, nodes, tools, sink
        self._apart, self._selector = selector is None, selector or ""
        self._sweep, self._all = (before.sweep, before.names) if before else ("", nodes.names)
        self._count = Count()
        if before:
            self._count.recall(before.rows)
        rows = {row.node: row for row in tools.store.nodes_now(nodes.names, bodies=True)}
        self._work = ProbeWork(
            package=tools.probe,
            arguments=probe_arguments(self._profiles()),
            cursors=cursors_of(rows),
            sudo=asked.sudo,
            password=tools.secret("sudo_password") if asked.sudo else None,
        )
        self._looker = Looker(
            fleet=tools.fleet,
            checks=tools.checks,
            rows=rows,
            standing=lambda name: tools.store.findings([name]),
            profile_of=self._profile_of,
            mutes=mutings(tools, tools.fleet),
            peers_of=PeersBefore(tools.checks, rows, tools.fleet.attribute("sku"), tools.store.facts, tools.note).of,
            probe=tools.probe.sha256,
            tell=tools.note,
        )
        self._taking: TakingIn

    def go(self) -> Report:
        order = Order(deed=self._deed(), nodes=self._nodes, fan=self._asked.fan, selector=self._selector or None)
        carried = carry(order, self._tools, self._each, begun=partial(self._begun, order), run_loop=self._run_loop)
        return self._report(carried)

    def _deed(self) -> Deed:
        asked = self._asked
        facts = {
            "act": asked.act,
            "fail_on": asked.fail_on,
            "profile": asked.profile,
            "sudo": asked.sudo,
            "selector": None if self._apart else self._selector,
            "sweep": self._sweep or None,
        }
        return Deed(
            verb=VERB, facts=facts, work=self._work, steps=("probe",), changing=False, reply_bytes=STDOUT_MOST_BYTES
        )

    def _begun(self, order: Order, plan: RunPlan) -> None:
        self._sweep = self._sweep or plan.run_id
        self._taking = TakingIn(self._tools.store, self._sweep, self._tools.clock)
        self._taking.begin(
            selector=self._selector,
            asked=len(self._all),
            probe=self._tools.probe.sha256[:12],
            facts={NARROWED: True} if self._apart or _is_narrowed(self._asked.fan.chosen) else {},
        )
        facts = {**run_facts(plan, order), "sweep": self._sweep, "by": GroupedBy.STATE.value}
        self._sink.open(Head(kind=SWEEP, facts=facts, drawing=self._asked.drawing))

    def _run_loop(self, work: Coroutine[Any, Any, Tally]) -> Tally:
        return asyncio.run(self._taking.beside(work))

    def _each(self, result: NodeResult) -> None:
        looked = self._looker.look(result, at_s=self._tools.clock.now().timestamp())
        self._count.take(result.node, result.outcome, looked)
        if looked is not None:
            self._taking.take(looked.kept)
        if not self._asked.fan.keep.only_changes or (looked is not None and has_changed(looked)):
            self._sink.item(item_of(result.node, result.outcome, result.message, looked))

    def _report(self, carried: Carried) -> Report:
        asked, count, stopped = self._asked, self._count, carried.tally.stopped
        code = count.exit(
            self._all,
            self._tools.fleet,
            fail_on=asked.fail_on,
            min_coverage=asked.fan.pace.min_coverage,
            stopped=stopped,
        )
        coverage = count.coverage(len(self._all))
        ending = Ending(self._tools, count, self._taking, sweep=self._sweep, act=asked.act, apart=self._apart)
        ended = ending.end(self._all, coverage, code)
        errors = tuple({"code": int(problem.exit_code), "message": str(problem)} for problem in ended.trouble)
        return Report(
            exit=first_that_applies(code, *(problem.exit_code for problem in ended.trouble)),
            coverage=coverage,
            notes=(*run_notes(carried), *ended.notes),
            errors=errors,
            summary={
                "run": carried.plan.run_id,
                "sweep": self._sweep,
                "counts": {outcome.value: number for outcome, number in count.outcomes.items()},
                "changed_count": count.changed_count,
                **(_summary(ended.health) if ended.health else {}),
            },
            complete=coverage.answered == coverage.asked and not ended.trouble,
            view=ended.health,
        )

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


def _summary(health: FleetHealth) -> Mapping[str, Any]:
    return {key: value for key, value in summary_of(health).items() if key != "sweep"}
