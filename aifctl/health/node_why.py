"""node why: each finding that stands against a node, with all that there is to say for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aifctl.core.errors import BackendError
from aifctl.core.moments import ago, said_at, span
from aifctl.core.report import Column, Field, FieldType, Head, Item, Kind, Report
from aifctl.diagnosis.check import Check
from aifctl.diagnosis.finding import REACHABILITY
from aifctl.diagnosis.judging import SECTION_CHECK
from aifctl.diagnosis.standing import Standing
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.fleet.fleet import Fleet
from aifctl.health.evidence import findings_of
from aifctl.health.last_clean import last_clean_at_s
from aifctl.health.node_lines import named, said_facts, said_look, said_value
from aifctl.health.node_peers import Peers
from aifctl.health.one_node import NOTHING_YET, one_node
from aifctl.ports.sink import Sink
from aifctl.ports.store import Reader
from aifctl.ports.store_rows import IncidentRow, NodeRow
from aifctl.ports.toolbox import Toolbox

NODE_WHY = Kind(
    name="NodeWhy",
    about="A finding that stands against a node, and all that there is to say for it.",
    records=True,
    keeps_order=True,
    columns=(
        Column(key="finding", title="finding", type=FieldType.STRING, about="result, check, code and subject"),
        Column(key="message", title="found", type=FieldType.STRING, about="one sentence"),
        Column(key="saw", title="observed", type=FieldType.STRING, about="what was read, as a text"),
        Column(key="wanted", title="expected", type=FieldType.STRING, about="what it was compared with, as a text"),
        Column(key="source", title="source", type=FieldType.STRING, about="where `expected` comes from"),
        Column(key="since", title="since", type=FieldType.STRING, about="since when it stands, as a sentence"),
        Column(key="evidence", title="evidence", type=FieldType.STRING, about="how old it is, as a sentence"),
        Column(key="action", title="action", type=FieldType.STRING, about="none, watch, app, fix, reset, reboot, …"),
        Column(key="identity", title="part", type=FieldType.STRING, about="serial of the part, where known"),
        Column(key="belongs_to", title="incident", type=FieldType.STRING, about="which one, and how wide it is"),
        Column(key="peers", title="peers", type=FieldType.STRING, about="p50 and p99 of its peers, as a sentence"),
        Column(key="clean", title="last clean", type=FieldType.STRING, about="when the check last found nothing"),
        Column(key="more", title="more", type=FieldType.ARRAY, about="further evidence, as sentences"),
    ),
    fields=(
        Field(key="node", type=FieldType.STRING, about="its name"),
        Field(key="result", type=FieldType.STRING, about="watch, degraded, fault, unknown or unreachable"),
        Field(key="check", type=FieldType.STRING, about="`aifctl checks explain` tells of it"),
        Field(key="subject", type=FieldType.STRING, about="which part of the node"),
        Field(key="code", type=FieldType.STRING, about="which of the check's findings"),
        Field(key="observed", about="what was read"),
        Field(key="expected", about="what it was compared with"),
        Field(key="since_at", type=FieldType.TIME, about="since when it stands"),
        Field(key="evidence_at", type=FieldType.TIME, about="when the evidence arose"),
        Field(key="seen_at", type=FieldType.TIME, about="by which look it was last seen"),
        Field(key="stale", type=FieldType.BOOLEAN, about="the last look could not see it one way or the other"),
        Field(key="flapping", type=FieldType.BOOLEAN, about="it comes and goes"),
        Field(key="incident", type=FieldType.INTEGER, about="number of the incident"),
        Field(key="scope", type=FieldType.STRING, about="of the incident: gpu, node, chassis, rack, leaf, …"),
        Field(key="spread", type=FieldType.OBJECT, about="of the peers: count, p50, p99; and `here`, this one's"),
        Field(key="clean_at", type=FieldType.TIME, about="when the check last found nothing"),
        Field(key="facts", type=FieldType.OBJECT, about="further evidence"),
    ),
)


def why_node(text: str, tools: Toolbox, sink: Sink) -> Report:
    """Report what stands against one node, worst first; BackendError where what is kept of it can't be read."""
    fleet, reader = tools.known_fleet, tools.store_reader
    name = one_node(text, fleet, tools)
    row = reader.node_now(name) if reader else None
    standing = _standing(row) if row else ()
    sink.open(Head(kind=NODE_WHY, facts={"node": name}))
    if reader is None or row is None:
        note = f"{name} has never been looked at" if reader else NOTHING_YET
        return Report(notes=(note,), complete=False, summary={"findings_count": 0})
    now_s = tools.clock.now().timestamp()
    case = _Case(row=row, tools=tools, fleet=fleet, reader=reader, now_s=now_s)
    for one in standing:
        sink.item(case.item(one))
    return Report(notes=_notes(row, standing, now_s), summary={"findings_count": len(standing), "result": row.result})


def _standing(row: NodeRow) -> Sequence[Standing]:
    try:
        return findings_of(row).standing
    except UnreadableError as problem:
        raise BackendError(f"{problem}; the next sweep of {row.node} begins anew") from problem


@dataclass(kw_only=True)
class _Case:
    """What is asked once for all findings of a node."""

    row: NodeRow
    tools: Toolbox
    fleet: Fleet
    reader: Reader
    now_s: float

    def item(self, one: Standing) -> Item:
        finding = one.finding
        arose_s = finding.at_s if finding.at_s is not None else one.last_at_s
        check = self._check(finding.check)
        incident = _incident_of(one, self._incidents, check)
        section = check.section.value if check else ""
        clean_s = last_clean_at_s(self.row.node, finding.check, section, self.reader)
        spread = self._peers.spread(check, finding.subject)
        return {
            "finding": f"{finding.result}  {named(one)}",
            "message": finding.message,
            "saw": said_value(finding.observed),
            "wanted": said_value(finding.expected),
            "source": finding.source,
            "since": self._said_since(one),
            "evidence": self._said_evidence(one, arose_s),
            "action": finding.action.value,
            "identity": finding.identity,
            "belongs_to": self._said_incident(incident),
            "peers": self._peers.said(spread) if spread else "",
            "clean": self._said_clean(clean_s),
            "more": said_facts(finding.facts),
            "node": self.row.node,
            "result": finding.result.value,
            "check": finding.check,
            "subject": finding.subject,
            "code": finding.code,
            "observed": finding.observed,
            "expected": finding.expected,
            "since_at": one.first_at_s,
            "evidence_at": arose_s,
            "seen_at": one.last_at_s,
            "stale": one.stale,
            "flapping": one.flapping,
            "incident": incident.id if incident else None,
            "scope": incident.scope if incident else None,
            "spread": spread,
            "clean_at": clean_s,
            "facts": dict(finding.facts),
        }

    def _said_since(self, one: Standing) -> str:
        count = len(one.returns_at_s)
        returns = f"; came back {count} time{'s' * (count != 1)} within a day" if count else ""
        return f"{said_at(one.first_at_s)} ({span(self.now_s - one.first_at_s)}){returns}"

    def _said_evidence(self, one: Standing, arose_s: float) -> str:
        seen = f"last seen {ago(one.last_at_s, self.now_s)}"
        stale = "; the last look could not see it one way or the other" if one.stale else ""
        clean = f"; clean for {one.clean_count} looks since, and flapping" if one.clean_count else ""
        return f"arose {ago(arose_s, self.now_s)} ({said_at(arose_s)}), {seen}{stale}{clean}"

    def _said_incident(self, row: IncidentRow | None) -> str:
        if row is None:
            return ""
        width = f"{len(row.nodes)} nodes" if len(row.nodes) != 1 else "this node alone"
        root = "" if not row.suspect else ", and the check itself is suspect: nothing is done on its word"
        taken = f", taken on by {row.acked_by}" if row.acked_by else ""
        silenced = f", silenced until {said_at(row.silenced_until_s)}" if row.silenced_until_s > self.now_s else ""
        scope = f"{row.scope} {row.scope_value}"
        since = f"open since {said_at(row.opened_at_s)}"
        return f"{row.id}: {row.check} on {scope}, {width}, {since}{taken}{silenced}{root}"

    def _said_clean(self, clean_s: float | None) -> str:
        return f"{said_at(clean_s)} ({ago(clean_s, self.now_s)})" if clean_s else "never, as far as looks are kept"

    @cached_property
    def _incidents(self) -> Sequence[IncidentRow]:
        return [one for one in self.reader.incidents() if self.row.node in one.nodes]

    def _check(self, name: str) -> Check | None:
        """Return a check; None for what judging itself says, which no file of the drawer does."""
        return None if name in {SECTION_CHECK, REACHABILITY} else self.tools.check_named(name)

    @cached_property
    def _peers(self) -> Peers:
        return Peers(self.row, self.fleet, self.reader)


def _incident_of(one: Standing, incidents: Sequence[IncidentRow], check: Check | None) -> IncidentRow | None:
    """Return the incident of this finding, or of the one that says why there is this one."""
    finding = one.finding
    own = [row for row in incidents if row.check == finding.check]
    exact = [row for row in own if row.code == finding.code]
    roots = [row for row in incidents if check and row.check in check.explained_by]
    return next(iter([*exact, *own, *roots]), None)


def _notes(row: NodeRow, standing: Sequence[Any], now_s: float) -> tuple[str, ...]:
    look = f"{row.node}: {said_look(row, now_s)}"
    return (look,) if standing else (look, f"nothing stands against {row.node}")
