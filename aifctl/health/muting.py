"""checks mute and unmute, and what a sweep must know of the mutes that hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aifctl.core.errors import UsageError
from aifctl.core.moments import parse_until, said_at
from aifctl.core.report import Column, Field, FieldType, Head, Item, Kind, Report
from aifctl.custody.audit import append_act
from aifctl.custody.person import this_person
from aifctl.diagnosis.judging import SECTION_CHECK
from aifctl.diagnosis.muting import Muting
from aifctl.dispatch.asked import Chosen
from aifctl.dispatch.selection import choose
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nearest import nearest
from aifctl.fleet.nodeset_fold import fold
from aifctl.ports.sink import Sink
from aifctl.ports.store_rows import Mute
from aifctl.ports.toolbox import Toolbox

MUTE = Kind(
    name="Mute",
    about="A check that reads unknown on some nodes for a while.",
    key="check",
    columns=(
        Column(key="check", title="check", type=FieldType.STRING, about="its name"),
        Column(key="selector", title="nodes", type=FieldType.STRING, about="for which nodes; @all for all of them"),
        Column(key="until_at", title="until", type=FieldType.TIME, about="when it ends by itself"),
        Column(key="who", title="who", type=FieldType.STRING, about="the person"),
        Column(key="reason", title="reason", type=FieldType.STRING, about="why, in that person's words"),
    ),
    fields=(
        Field(key="id", type=FieldType.INTEGER, about="its number"),
        Field(key="at", type=FieldType.NUMBER, about="since when, in seconds since the epoch"),
        Field(key="lifted", type=FieldType.BOOLEAN, about="somebody has ended it early"),
        Field(key="nodes_count", type=FieldType.INTEGER, about="nodes that it is for, now"),
    ),
)

#: A mute that outlives its reason hides what it was never meant for.
_LONGEST_S = 366 * 86400.0
#: What means something else, or nothing, when a sweep asks again.
_PASSING = re.compile(r"@(?:stdin|file|run)\b|^\s*-\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteAsked:
    """Which check, on which nodes (None: all), until when, and why."""

    check: str
    selector: str | None
    until: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmuteAsked:
    """Which check; of its mutes the one for exactly this selector, or all of them for None."""

    check: str
    selector: str | None = None
    reason: str = ""


def mute(asked: MuteAsked, tools: Toolbox, sink: Sink) -> Report:
    """Mute a check, and report that; UsageError where there is no such check, no reason, or the end is not ahead."""
    now_s = tools.clock.now().timestamp()
    check, reason = _known_check(asked.check, tools), asked.reason.strip()
    if not reason:
        raise UsageError("a mute needs a --reason: whoever finds the check silent at night has nothing else to go by")
    until_s = parse_until(asked.until, now_s)
    if until_s - now_s > _LONGEST_S:
        raise UsageError(
            f"--until {asked.until}: a year is the most; for longer, take the check's threshold to a profile"
        )
    fleet = tools.fleet
    names = fleet.names if asked.selector is None else choose(Chosen(selector=asked.selector), fleet, tools)
    selector = "" if asked.selector is None else _lasting(asked.selector, names)
    by = this_person(tools.environ)
    append_act(
        tools, by, verb="checks mute", what=f"{check} on {_shown(selector)} until {said_at(until_s)}", why=reason
    )
    made = tools.store.mute(check, by, selector=selector, until_s=until_s, reason=reason)
    sink.open(Head(kind=MUTE))
    sink.item({**_item(made), "nodes_count": len(names)})
    return Report(
        summary={"mutes_count": 1},
        notes=(f"from the next sweep on {check} reads unknown there, not ok; `aifctl checks unmute {check}` ends it",),
    )


def unmute(asked: UnmuteAsked, tools: Toolbox, sink: Sink) -> Report:
    """End mutes, and report them; UsageError where none holds."""
    now_s = tools.clock.now().timestamp()
    check, store = _known_check(asked.check, tools, also=_held(tools, now_s)), tools.store
    holding = [one for one in store.mutes(at_s=now_s) if one.check == check]
    meant = [one for one in holding if asked.selector is None or one.selector == _typed(asked.selector)]
    if not meant:
        others = ", ".join(_shown(one.selector) for one in holding)
        raise UsageError(f"{check} is muted on {others} alone" if others else f"{check} is not muted")
    by = this_person(tools.environ)
    append_act(
        tools, by, verb="checks unmute", what=f"{check} on {', '.join(_shown(one.selector) for one in meant)}",
        why=asked.reason,
    )  # fmt: skip
    sink.open(Head(kind=MUTE))
    for one in meant:
        store.unmute(one.id, by)
        sink.item({**_item(one), "lifted": True})
    return Report(summary={"mutes_count": len(meant)}, notes=(f"from the next sweep on {check} is judged again",))


def mutings(tools: Toolbox, fleet: Fleet) -> tuple[Muting, ...]:
    """Return the mutes that hold now, with the nodes that their selectors mean now.

    One whose selector means nothing any more mutes nobody, which is said.
    """
    reader = tools.store_reader
    rows = reader.mutes(at_s=tools.clock.now().timestamp()) if reader else []
    return tuple(_muting(row, tools, fleet) for row in rows)


def said_mutes(rows: Iterable[Mute]) -> list[str]:
    """Return a sentence for each mute."""
    return [f"on {_shown(one.selector)} until {said_at(one.until_s)} by {one.who}: {one.reason}" for one in rows]


def _muting(row: Mute, tools: Toolbox, fleet: Fleet) -> Muting:
    nodes: frozenset[str] | None = None
    if row.selector:
        try:
            nodes = frozenset(choose(Chosen(selector=row.selector, allow_empty=True), fleet, tools))
        except UsageError as problem:
            tools.note(f"{row.check} is muted on {row.selector}, which mutes nobody any more: {problem}")
            nodes = frozenset()
    return Muting(check=row.check, nodes=nodes, until_s=row.until_s, who=row.who, reason=row.reason)


def _known_check(name: str, tools: Toolbox, *, also: Iterable[str] = ()) -> str:
    known = [*(check.name for check in tools.checks), SECTION_CHECK, *also]
    if name in known:
        return name
    near = nearest(name, known)
    raise UsageError(
        f"there is no check {name!r}; {f'did you mean {near}?' if near else '`aifctl checks list` has all'}"
    )


def _held(tools: Toolbox, now_s: float) -> list[str]:
    """Return the checks that are muted: one that is gone with its package can still be unmuted."""
    reader = tools.store_reader
    return [one.check for one in reader.mutes(at_s=now_s)] if reader else []


def _lasting(selector: str, names: tuple[str, ...]) -> str:
    """Return what is kept: the selector, or, where it means something else tomorrow, its names."""
    return fold(names) if _PASSING.search(selector) else _typed(selector)


def _typed(selector: str) -> str:
    return "" if selector.strip() == "@all" else selector.strip()


def _shown(selector: str) -> str:
    return selector or "@all"


def _item(row: Mute) -> Item:
    return {
        "check": row.check,
        "selector": _shown(row.selector),
        "until_at": row.until_s,
        "who": row.who,
        "reason": row.reason,
        "id": row.id,
        "at": row.at_s,
        "lifted": row.lifted_at_s is not None,
    }
