"""freeze, unfreeze: nodes that every changing verb refuses, until somebody lifts that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aifctl.core.errors import RefusedError, UsageError
from aifctl.core.report import Column, Field, FieldType, Head, Kind, Report
from aifctl.core.words import counted
from aifctl.custody.audit import append_act
from aifctl.custody.person import this_person
from aifctl.dispatch.asked import Chosen
from aifctl.dispatch.selection import choose
from aifctl.fleet.nodeset_fold import fold
from aifctl.ports.sink import Sink
from aifctl.ports.store_rows import Freeze
from aifctl.ports.toolbox import Toolbox

FREEZE = Kind(
    name="Freeze",
    about="Nodes that changing verbs refuse.",
    key="freeze",
    keeps_order=True,
    columns=(
        Column(key="freeze", title="id", right=True, type=FieldType.INTEGER, about="its number"),
        Column(key="selector", title="selector", type=FieldType.STRING, about="as it was written"),
        Column(key="nodes", title="nodes", type=FieldType.STRING, about="what that meant then, folded"),
        Column(key="nodes_count", title="count", right=True, type=FieldType.INTEGER, about="how many"),
        Column(key="who", title="by", type=FieldType.STRING, about="who froze them"),
        Column(key="since_at", title="since", type=FieldType.TIME, about="when"),
        Column(key="reason", title="reason", type=FieldType.STRING, about="why"),
    ),
    fields=(Field(key="names", type=FieldType.ARRAY, about="the nodes, one by one"),),
)

_MOST_TEXT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfreezeAsked:
    """Which freezes: by number, those of the chosen nodes, all, or the only one there is.

    Attributes:
        look: report them and lift none.
    """

    numbers: tuple[int, ...] = ()
    chosen: Chosen | None = None
    every: bool = False
    look: bool = False
    reason: str = ""


def freeze(chosen: Chosen, reason: str, tools: Toolbox, sink: Sink) -> Report:
    """Freeze the chosen nodes, by the last good inventory where it must be: who freezes is in a hurry."""
    if not reason:
        raise UsageError("why? --reason TEXT is what everybody reads whose command is refused")
    fleet, by = tools.known_fleet, this_person(tools.environ)
    names = choose(chosen, fleet, tools)
    tools.note(f"inventory: {fleet.origin}")
    sink.open(Head(kind=FREEZE))
    if not names:
        return Report(notes=("nothing is selected, so nothing is frozen",))
    append_act(tools, by, verb="freeze", what=f"{counted(len(names))}: {fold(names)[:_MOST_TEXT]}", why=reason)
    selector = "" if chosen.selector in {None, "@all"} and len(names) == len(fleet) else chosen.selector or ""
    made = tools.store.freeze(selector, names, by, reason=reason)
    sink.item(_item(made))
    return Report(notes=("what runs already goes on; sweeps look, and drain none of them",))


def unfreeze(asked: UnfreezeAsked, tools: Toolbox, sink: Sink) -> Report:
    """Lift freezes and report them; RefusedError for one that covers more nodes than were named."""
    standing = tools.store.freezes()
    lifted = standing if asked.look else _meant(asked, standing, tools)
    sink.open(Head(kind=FREEZE))
    if lifted and not asked.look:
        by = this_person(tools.environ)
        what = ", ".join(f"freeze {one.id} ({one.selector or 'everything'})" for one in lifted)
        append_act(tools, by, verb="unfreeze", what=what[:_MOST_TEXT], why=asked.reason)
        tools.store.unfreeze([one.id for one in lifted], by)
    for one in lifted:
        sink.item(_item(one))
    note = "nothing is frozen" if not standing else "these stand; nothing was lifted" if asked.look else ""
    return Report(notes=(note,) if note else (), summary={"lifted_count": 0 if asked.look else len(lifted)})


def _meant(asked: UnfreezeAsked, standing: list[Freeze], tools: Toolbox) -> list[Freeze]:
    if asked.numbers:
        missing = sorted(set(asked.numbers) - {one.id for one in standing})
        if missing:
            raise UsageError(
                f"no freeze {', '.join(map(str, missing))} stands; there are {_numbers(standing) or 'none'}"
            )
        return [one for one in standing if one.id in asked.numbers]
    if asked.chosen is not None:
        return _within(frozenset(choose(asked.chosen, tools.known_fleet, tools)), standing)
    if asked.every or len(standing) <= 1:
        return standing
    raise UsageError(f"{len(standing)} freezes stand ({_numbers(standing)}): name a SELECTOR or --id, or lift --all")


def _within(names: frozenset[str], standing: Iterable[Freeze]) -> list[Freeze]:
    touched = [one for one in standing if names & set(one.names)]
    wider = [one for one in touched if not names >= set(one.names)]
    if wider:
        said = ", ".join(f"{one.id} ({one.selector or 'everything'}, {counted(len(one.names))})" for one in wider)
        raise RefusedError(
            f"freeze {said} covers more than these nodes: lift it whole with --id, and freeze the rest anew"
        )
    return touched


def _numbers(standing: Iterable[Freeze]) -> str:
    return ", ".join(f"{one.id}: {one.selector or 'everything'}" for one in standing)


def _item(one: Freeze) -> Mapping[str, Any]:
    return {
        "freeze": one.id,
        "selector": one.selector or None,
        "nodes": fold(one.names),
        "nodes_count": len(one.names),
        "who": one.who,
        "since_at": one.at_s,
        "reason": one.reason,
        "names": list(one.names),
    }
