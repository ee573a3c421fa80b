"""incident list, show, ack, silence, close: what a person says of incidents, remembered and audited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.core.moments import said_at_s
from aifctl.core.report import Column, Field, FieldType, Head, Item, Kind, Report
from aifctl.custody.audit import append_act
from aifctl.custody.person import this_person
from aifctl.diagnosis.finding import RANK, Result
from aifctl.fleet.nodeset_fold import fold
from aifctl.health.notifying import announce
from aifctl.ports.sink import Sink
from aifctl.ports.store import Reader, Store
from aifctl.ports.store_rows import IncidentLogRow, IncidentRow
from aifctl.ports.store_writes import By
from aifctl.ports.toolbox import Toolbox

_COLUMNS = (
    Column(key="incident", title="incident", right=True, type=FieldType.INTEGER, about="its number"),
    Column(key="severity", title="severity", type=FieldType.STRING, about="fault, degraded, unreachable, unknown"),
    Column(key="check", title="check", type=FieldType.STRING, about="the check that found it"),
    Column(key="code", title="code", type=FieldType.STRING, about="what the check tells apart"),
    Column(key="scope", title="scope", type=FieldType.STRING, about="gpu, node, chassis, rack, leaf, …, job, check"),
    Column(key="scope_value", title="which", type=FieldType.STRING, about="a serial, a node, a rack, a process, …"),
    Column(key="nodes", title="nodes", type=FieldType.STRING, about="folded"),
    Column(key="nodes_count", title="count", right=True, wide=True, type=FieldType.INTEGER, about="how many nodes"),
    Column(key="action", title="action", type=FieldType.STRING, about="what to do"),
    Column(key="opened_at", title="since", type=FieldType.TIME, about="when it was opened"),
    Column(key="closed_at", title="until", wide=True, type=FieldType.TIME, about="when it was closed"),
    Column(key="acked_by", title="acked by", type=FieldType.STRING, about="who has taken it on"),
    Column(key="message", title="message", type=FieldType.STRING, about="what is wrong, in a sentence"),
)
_FIELDS = (
    Field(key="suspect", type=FieldType.BOOLEAN, about="the check itself is in doubt: nothing is drained for it"),
    Field(key="acked_at", type=FieldType.TIME, about="when somebody took it on"),
    Field(key="silenced_until_at", type=FieldType.TIME, about="nobody is told of it until then"),
    Field(key="updated_at", type=FieldType.TIME, about="when a sweep last saw it"),
    Field(key="names", type=FieldType.ARRAY, about="the nodes, one by one"),
)
INCIDENT = Kind(
    name="Incident",
    about="One thing that is wrong, however many nodes say so.",
    key="incident",
    keeps_order=True,
    columns=_COLUMNS,
    fields=_FIELDS,
)
_SHOWN = ("nodes", "action", "message")
STORY = Kind(
    name="IncidentStory",
    about="An incident with all that has happened to it.",
    key="incident",
    records=True,
    columns=(
        Column(key="heading", title="incident", type=FieldType.STRING, about="its number, severity, check and place"),
        Column(key="message", title="what", type=FieldType.STRING, about="what is wrong, in a sentence"),
        Column(key="nodes", title="nodes", type=FieldType.STRING, about="folded"),
        Column(key="action", title="do", type=FieldType.STRING, about="what to do"),
        Column(
            key="doubt", title="but", type=FieldType.STRING, about="why nothing is done by itself, where that is so"
        ),
        Column(key="spell", title="since", type=FieldType.STRING, about="when it was opened, last seen and closed"),
        Column(key="acked", title="acked", type=FieldType.STRING, about="by whom and when, as a sentence"),
        Column(key="silent", title="silent", type=FieldType.STRING, about="until when nobody is told of it, where so"),
        Column(key="story", title="story", type=FieldType.ARRAY, about="what happened to it, as sentences"),
    ),
    fields=(
        *(Field(key=one.key, type=one.type, about=one.about) for one in _COLUMNS if one.key not in _SHOWN),
        *_FIELDS,
        Field(key="facts", type=FieldType.OBJECT, about="what the sweep noted beside it"),
        Field(key="log", type=FieldType.ARRAY, about="what happened to it: at, who, what, text"),
    ),
)

#: Says something of one incident in the store.
_Word = Callable[[Store, int, By], IncidentRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAsked:
    """Which incidents: those that are open, and those closed within `closed_within_s`."""

    closed_within_s: float | None = None
    check: str | None = None


def list_incidents(asked: ListAsked, tools: Toolbox, sink: Sink) -> Report:
    """Report incidents, the worst and oldest first, those that are closed behind."""
    reader = tools.store_reader
    now_s = tools.clock.now().timestamp()
    sink.open(Head(kind=INCIDENT))
    if reader is None:
        return Report(notes=("nothing has been swept yet, so that there are no incidents",))
    since_s = now_s - (asked.closed_within_s or 0.0)
    rows = reader.incidents(open_only=asked.closed_within_s is None, since_s=since_s)
    found = [row for row in rows if asked.check in {None, row.check}]
    for row in sorted(found, key=_worst_first):
        sink.item(incident_item(row))
    counts: dict[str, int] = {}
    for row in found:
        if row.closed_at_s is None:
            counts[row.result] = counts.get(row.result, 0) + 1
    return Report(summary={"counts": counts, "open_count": sum(counts.values())})


def show_incident(number: int, tools: Toolbox, sink: Sink) -> Report:
    """Report one incident with its story."""
    reader = tools.store_reader
    row = reader.incident(number) if reader else None
    if reader is None or row is None:
        raise UsageError(f"there is no incident {number}; `aifctl incident list` shows them")
    log = reader.incident_log(number)
    sink.open(Head(kind=STORY))
    told = [{"at": said_at_s(one.at_s), "who": one.who, "what": one.what, "text": one.text} for one in log]
    sink.item(
        {
            **incident_item(row),
            **_sentences(row, log, tools.clock.now().timestamp()),
            "facts": dict(row.facts),
            "log": told,
        }
    )
    return Report()


def acknowledge(numbers: Sequence[int], reason: str, tools: Toolbox, sink: Sink) -> Report:
    """Take incidents on: everybody sees by whom; they are told of all the same."""
    return _say("ack", numbers, reason, tools, sink, lambda store, one, by: store.acknowledge(one, by, text=reason))


def silence(numbers: Sequence[int], for_s: float, reason: str, tools: Toolbox, sink: Sink) -> Report:
    """Tell nobody of incidents for so long; 0 ends a silence. What they make the sweep do is not changed by it."""
    until_s = tools.clock.now().timestamp() + for_s if for_s else 0.0
    if for_s and not reason:
        raise UsageError("why? --reason TEXT is what whoever misses the alarm will read")
    return _say(
        "silence",
        numbers,
        reason,
        tools,
        sink,
        lambda store, one, by: store.silence(one, by, until_s=until_s, text=reason),
    )


def close(numbers: Sequence[int], reason: str, tools: Toolbox, sink: Sink) -> Report:
    """Close incidents on a person's word; what is still so is found again by the next sweep, under another number."""
    if not reason:
        raise UsageError("why? --reason TEXT says what has mended it; a sweep closes by itself what is clean again")
    report = _say(
        "close", numbers, reason, tools, sink, lambda store, one, by: store.close_incident(one, by, text=reason)
    )
    announce((), tools)
    return report


def incident_item(row: IncidentRow) -> Mapping[str, Any]:
    """Return an incident as an item of INCIDENT."""
    return {
        "incident": row.id,
        "severity": row.result,
        "check": row.check,
        "code": row.code or None,
        "scope": row.scope,
        "scope_value": row.scope_value,
        "nodes": fold(row.nodes),
        "nodes_count": len(row.nodes),
        "action": row.action,
        "opened_at": row.opened_at_s,
        "closed_at": row.closed_at_s,
        "acked_by": row.acked_by or None,
        "message": row.message,
        "suspect": row.suspect,
        "acked_at": row.acked_at_s,
        "silenced_until_at": row.silenced_until_s or None,
        "updated_at": row.updated_at_s,
        "names": list(row.nodes),
    }


def _say(verb: str, numbers: Sequence[int], reason: str, tools: Toolbox, sink: Sink, word: _Word) -> Report:
    if not numbers:
        raise UsageError(
            f"which incident? `aifctl incident list` shows their numbers, as in: aifctl incident {verb} 12"
        )
    by, store = this_person(tools.environ), tools.store
    for number in numbers:
        _there(store, number)
    sink.open(Head(kind=INCIDENT))
    for number in dict.fromkeys(numbers):
        append_act(tools, by, verb=f"incident {verb}", what=f"incident {number}", why=reason)
        sink.item(incident_item(word(store, number, by)))
    return Report(summary={"incidents_count": len(set(numbers))})


def _there(reader: Reader, number: int) -> None:
    """Raise before anything is said of the first where one of several is not there."""
    if reader.incident(number) is None:
        raise UsageError(f"there is no incident {number}; `aifctl incident list` shows them")


def _worst_first(row: IncidentRow) -> tuple[bool, int, float]:
    return row.closed_at_s is not None, -RANK[Result(row.result)], row.opened_at_s


def _sentences(row: IncidentRow, log: Iterable[IncidentLogRow], now_s: float) -> Item:
    code = f" {row.code}" if row.code else ""
    closed = f", closed {said_at_s(row.closed_at_s)}" if row.closed_at_s is not None else ""
    return {
        "heading": f"incident {row.id}: {row.result}: {row.check}{code} on {row.scope} {row.scope_value}",
        "doubt": "the CHECK is suspect: nothing is drained for it" if row.suspect else None,
        "spell": f"{said_at_s(row.opened_at_s)}, last seen {said_at_s(row.updated_at_s)}{closed}",
        "acked": f"by {row.acked_by}, {said_at_s(row.acked_at_s or 0.0)}" if row.acked_by else None,
        "silent": f"until {said_at_s(row.silenced_until_s)}" if row.silenced_until_s > now_s else None,
        "story": [
            f"{said_at_s(one.at_s)} {one.what}{f' by {one.who}' if one.who else ''}{f': {one.text}' if one.text else ''}"
            for one in log
        ],
    }
