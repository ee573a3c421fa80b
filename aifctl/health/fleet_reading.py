"""From the store and the inventory to a fleet's health; the light reader is enough, and nothing is asked of any node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aifctl.diagnosis.check import NO_PROFILE
from aifctl.diagnosis.finding import RANK, Result
from aifctl.diagnosis.fleet_health import (
    STALE_AFTER_S,
    ChangeHealth,
    ChangeKind,
    FindingHealth,
    FleetHealth,
    IncidentHealth,
    NodeHealth,
    Place,
    condition_of,
)
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.nodeset_order import sort_names
from aifctl.health.last_sweep import MeantBy, last_sweep_of, meant_by
from aifctl.health.not_done import muted, not_done, reconciled_at_s
from aifctl.ports.store import Reader
from aifctl.ports.store_rows import FindingRow, IncidentRow, NodeRow, SweepRow

_SWEEPS_COUNT = 20
_READY = State.READY.value
_DRAINED = frozenset({State.DRAINING.value, State.DRAINED.value})
_NO_SUCH_RESULT = -1
#: How a finding ends that says so.
_FOR_WANT_OF_A_PROFILE = f"({NO_PROFILE})"

_ChangeKey = tuple[ChangeKind, str, str, str]


def read_fleet_health(
    reader: Reader | None,
    fleet: Fleet,
    names: Sequence[str],
    *,
    now_s: float,
    stale_after_s: float = STALE_AFTER_S,
) -> FleetHealth:
    """Return how these nodes stand. Without a store, or before the first sweep, all of them are unseen.

    `fleet` has the states of now laid over it (`Toolbox.known_fleet`).
    """
    if reader is None:
        nodes = _Nodes(MeantBy(), {}, now_s=now_s, stale_after_s=stale_after_s)
        return FleetHealth(at_s=now_s, nodes=nodes.made(fleet, names, {}), stale_after_s=stale_after_s)
    sweeps = reader.sweeps(limit=_SWEEPS_COUNT)
    meant = meant_by(sweeps, fleet)
    last = last_sweep_of(names, sweeps, meant)
    incidents = _incidents(reader.incidents(), names, now_s)
    rows = {row.node: row for row in reader.nodes_now(names)}
    nodes = _Nodes(meant, _handled(incidents), now_s=now_s, stale_after_s=stale_after_s)
    found = reader.findings(names, standing=False, since_s=last.started_at_s if last else now_s)
    return FleetHealth(
        at_s=now_s,
        nodes=nodes.made(fleet, names, rows),
        incidents=incidents,
        findings=_by_node(row for row in found if row.last_at_s is None),
        changes=_changes(reader, found, last.id, last.started_at_s, names) if last else (),
        sweep=last,
        going_on_since_s=_going_on_since_s(sweeps),
        reconciled_at_s=reconciled_at_s(reader),
        not_done=tuple(not_done(reader, now_s)),
        muted=tuple(muted(reader, now_s)),
        stale_after_s=stale_after_s,
    )


def _going_on_since_s(sweeps: Sequence[SweepRow]) -> float:
    newest = next(iter(sweeps), None)
    return newest.started_at_s if newest and newest.ended_at_s is None else 0.0


class _Nodes:
    """Makes one node after the other; columns of the inventory are decoded once for all."""

    def __init__(self, meant: MeantBy, handled: Mapping[str, bool], *, now_s: float, stale_after_s: float) -> None:
        self._meant, self._handled = meant, handled
        self._now_s, self._stale_after_s = now_s, stale_after_s
        self._places: dict[tuple[Any, ...], Place] = {}

    def made(self, fleet: Fleet, names: Sequence[str], rows: Mapping[str, NodeRow]) -> tuple[NodeHealth, ...]:
        """Return the nodes, in the order of `names`."""
        cells = fleet.cells(_FIELDS, names)
        return tuple(
            self._node(name, rows.get(name), state or _READY, bool(off), self._place(place))
            for name, (state, off, *place) in zip(names, cells, strict=True)
        )

    def _node(self, name: str, row: NodeRow | None, state: str, off: bool, place: Place) -> NodeHealth:
        if row is None:
            condition = condition_of("", state=state, off=off, age_s=0.0, is_of_last=False)
            handled = state in _DRAINED
            return NodeHealth(node=name, condition=condition, state=state, off=off, handled=handled, place=place)
        condition = condition_of(
            row.result,
            state=state,
            off=off,
            age_s=self._now_s - row.at_s,
            is_of_last=self._meant.looked_since(name, row.sweep, row.at_s),
            stale_after_s=self._stale_after_s,
        )
        return NodeHealth(
            node=name,
            condition=condition,
            state=state,
            off=off,
            result=row.result,
            at_s=row.at_s,
            seen_at_s=row.seen_at_s,
            worst_check=row.worst_check,
            why=row.message,
            handled=state in _DRAINED or self._handled.get(name, False),
            place=place,
        )

    def _place(self, told: Sequence[Any]) -> Place:
        rack, su, hall, sku, unit, feeds = told
        key = (rack, su, hall, sku, unit, tuple(feeds or ()))
        if key not in self._places:
            self._places[key] = Place(
                rack=rack or "", su=su or "", hall=hall or "", sku=sku or "", unit=unit or 0, feeds=key[5]
            )
        return self._places[key]


#: Of the inventory, in the order in which `_Nodes` takes them.
_FIELDS = ("state", "off", "rack", "su", "hall", "sku", "unit", "feeds")


def _incidents(rows: Iterable[IncidentRow], names: Sequence[str], now_s: float) -> tuple[IncidentHealth, ...]:
    wanted = frozenset(names)
    found = [_incident(row, now_s) for row in rows if not row.nodes or not wanted.isdisjoint(row.nodes)]
    found.sort(key=lambda one: (one.handled, -_rank(one.result), -len(one.nodes), -one.opened_at_s, one.id))
    return tuple(found)


def _rank(result: str) -> int:
    """Return how bad a result is; one that we don't know, of a newer version, as unknown."""
    return RANK[Result(result) if result in RANK else Result.UNKNOWN]


def _incident(row: IncidentRow, now_s: float) -> IncidentHealth:
    return IncidentHealth(
        id=row.id,
        result=row.result,
        check=row.check,
        code=row.code,
        scope=row.scope,
        scope_value=row.scope_value,
        nodes=row.nodes,
        action=row.action,
        message=row.message,
        opened_at_s=row.opened_at_s,
        acked_by=row.acked_by,
        silenced_until_s=row.silenced_until_s,
        silenced=row.silenced_until_s > now_s,
        suspect=row.suspect,
    )


def _handled(incidents: Iterable[IncidentHealth]) -> Mapping[str, bool]:
    """Return of each node that an incident touches whether all of them are taken care of."""
    found: dict[str, bool] = {}
    for one in incidents:
        for node in one.nodes:
            found[node] = found.get(node, True) and one.handled
    return found


def _by_node(rows: Iterable[FindingRow]) -> Mapping[str, tuple[FindingHealth, ...]]:
    found: dict[str, list[FindingHealth]] = {}
    for row in rows:
        found.setdefault(row.node, []).append(_finding(row))
    return {
        node: tuple(sorted(those, key=lambda one: (-_rank(one.result), one.check))) for node, those in found.items()
    }


def _finding(row: FindingRow) -> FindingHealth:
    return FindingHealth(
        node=row.node,
        check=row.check,
        subject=row.subject,
        code=row.code,
        result=row.result,
        action=row.action,
        message=row.message,
        first_at_s=row.first_at_s,
        observed=row.evidence.get("observed"),
        expected=row.evidence.get("expected"),
        source=str(row.evidence.get("source") or ""),
    )


def _changes(
    reader: Reader, found: Iterable[FindingRow], sweep: str, since_s: float, names: Sequence[str]
) -> tuple[ChangeHealth, ...]:
    """Return what the last sweep found out, the worst first; what is alike but for the node is one."""
    folded: dict[_ChangeKey, dict[str, str]] = {}
    for kind, node, told, message in (*_opened_and_cleared(found, sweep), *_changed(reader, since_s, names)):
        key, said = _said_once((kind, told["check"], told["code"], told["result"]), message)
        folded.setdefault(key, {}).setdefault(node, said)
    changes = [
        ChangeHealth(
            kind=kind, check=check, code=code, result=result, message=next(iter(nodes.values())),
            nodes=tuple(sort_names(nodes)),
        )
        for (kind, check, code, result), nodes in folded.items()
    ]  # fmt: skip
    order = tuple(ChangeKind)
    changes.sort(key=lambda one: (order.index(one.kind), -_rank(one.result), -len(one.nodes), one.check, one.code))
    return tuple(changes)


def _said_once(key: _ChangeKey, message: str) -> tuple[_ChangeKey, str]:
    """Fold all that can't be told for want of a profile into one, as incidents do: thirty checks would say the same."""
    if not message.endswith(_FOR_WANT_OF_A_PROFILE):
        return key, message
    kind, _, _, result = key
    return (kind, "profile", "none", result), f"what is compared with a profile can't be told: {NO_PROFILE}"


def _opened_and_cleared(
    found: Iterable[FindingRow], sweep: str
) -> Iterator[tuple[ChangeKind, str, Mapping[str, Any], str]]:
    for row in found:
        told = {"check": row.check, "code": row.code, "result": row.result}
        if row.last_at_s is None and row.first_sweep == sweep:
            yield ChangeKind.NEW, row.node, told, row.message
        elif row.cleared_sweep == sweep and row.first_sweep != sweep:
            yield ChangeKind.CLEARED, row.node, told, row.message


def _changed(
    reader: Reader, since_s: float, names: Sequence[str]
) -> Iterator[tuple[ChangeKind, str, Mapping[str, Any], str]]:
    """Read what got better or worse from the time line: a finding's own row has forgotten what it was."""
    wanted = frozenset(names)
    for event in reader.events(since_s=since_s):
        if event.kind == "finding" and event.facts.get("kind") == "changed" and event.node in wanted:
            yield ChangeKind.CHANGED, event.node, event.facts, event.text.partition(": ")[2]
