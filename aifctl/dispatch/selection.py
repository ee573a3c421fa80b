"""From a selector to the nodes a verb acts on, with those it leaves out and why."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from aifctl.core.errors import BusyError, EmptySelectionError, RefusedError, UnknownNodeError, UsageError
from aifctl.custody.holds import Hold, holds_over
from aifctl.dispatch.asked import Chosen
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import Manner, State, manner_of, manners_of, parse_state_names
from aifctl.fleet.narrowing import narrow
from aifctl.fleet.nodeset_fold import fold_short
from aifctl.fleet.selector import parse_selector, resolve
from aifctl.fleet.shell_words import explain_expanded_words
from aifctl.ports.toolbox import Toolbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """A resolved selection.

    Attributes:
        names: nodes to act on, in nodeset order.
        skipped: (node, reason) of those selected and left out.
    """

    names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...] = ()


def choose(chosen: Chosen, fleet: Fleet, tools: Toolbox) -> tuple[str, ...]:
    """Return the names that a person chose, whatever their state; EmptySelectionError where there is none."""
    if not len(fleet):
        raise EmptySelectionError(f"{fleet.origin or 'the inventory'} names no node")
    text = "@all" if chosen.selector is None else chosen.selector  # "" is an unset variable, never the whole fleet
    try:
        names = resolve(parse_selector(text), fleet, tools.terms, allow_empty=chosen.allow_empty).names
    except UnknownNodeError as problem:
        hint = explain_expanded_words([text], fleet) if os.path.exists(text) else ""  # noqa: PTH110  Path.exists raises for long texts
        raise (UsageError(f"{problem}; {hint}") if hint else problem) from problem
    excluded: tuple[str, ...] = ()
    if chosen.exclude is not None:
        excluded = resolve(parse_selector(chosen.exclude), fleet, tools.terms, allow_empty=True).names
    return narrow(
        names, exclude=excluded, first=chosen.first, sample=chosen.sample, allow_empty=bool(chosen.allow_empty)
    )


def choose_for(verb: str, chosen: Chosen, fleet: Fleet, tools: Toolbox) -> Nodes:
    """Return whom `verb` acts on and whom it skips; as `sort_out` where something forbids it or all are skipped."""
    return sort_out(
        verb,
        choose(chosen, fleet, tools),
        fleet,
        include_states=chosen.include_states,
        skip_busy=chosen.skip_busy,
        holds=holds_against(verb, tools),
    )


def holds_against(verb: str, tools: Toolbox, *, owner: str = "") -> Mapping[str, Hold]:
    """Return what holds nodes against a verb that needs them for itself: others' leases, foreign drains."""
    reader = tools.store_reader if manners_of(verb).alone else None
    if reader is None:
        return {}
    return holds_over(reader.leases(at_s=tools.clock.now().timestamp()), reader.drains(), owner=owner)


def sort_out(
    verb: str,
    names: tuple[str, ...],
    fleet: Fleet,
    *,
    include_states: tuple[str, ...] = (),
    skip_busy: bool = False,
    holds: Mapping[str, Hold] = MappingProxyType({}),
) -> Nodes:
    """Return whom `verb` acts on and whom it skips, by their states and by what holds them.

    Raises:
        BusyError: it refuses some of them (allocated, draining, leased).
        RefusedError: it refuses some of them that somebody must release first; or there are nodes and all are skipped.
    """
    include = parse_state_names(include_states)
    state_of, off_of = fleet.attribute("state"), fleet.attribute("off")
    acted: list[str] = []
    skipped: list[tuple[str, str]] = []
    refused: list[tuple[str, Hold]] = []
    for name in names:
        state, off = State(state_of(name) or State.READY), off_of(name) == "true"
        manner = manner_of(verb, state, off=off, include=include)
        hold = holds.get(name) if manner is Manner.ACT else None
        if manner is Manner.REFUSE:
            hold = Hold(reason=state.value, passes=True)
        if manner is Manner.SKIP:
            skipped.append((name, "off" if off else state.value))
        elif hold is None:
            acted.append(name)
        elif skip_busy:
            skipped.append((name, hold.reason))
        else:
            refused.append((name, hold))
    _stop_at(verb, refused)
    if skipped and not acted:
        said = said_by_reason(by_reason(tuple(skipped)))
        raise RefusedError(f"all that is selected is left out: {said}; --include-state STATE widens by name")
    return Nodes(names=tuple(acted), skipped=tuple(skipped))


def _stop_at(verb: str, refused: Sequence[tuple[str, Hold]]) -> None:
    if not refused:
        return
    said = f"{verb} refuses {said_by_reason(by_reason(tuple((name, hold.reason) for name, hold in refused)))}"
    others = "leave them out with --exclude, or have them skipped with --skip-busy"
    if all(hold.passes for _, hold in refused):
        raise BusyError(f"{said}: wait for them, {others}")
    raise RefusedError(f"{said}: whoever drained them lifts that; {others}")


def by_reason(skipped: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    """Return reason → nodes."""
    found: dict[str, list[str]] = {}
    for name, reason in skipped:
        found.setdefault(reason, []).append(name)
    return found


def said_by_reason(groups: dict[str, list[str]]) -> str:
    """Return "3 off (n[1-3]), 1 repair (n7)"."""
    return ", ".join(f"{len(names)} {reason} ({fold_short(names)})" for reason, names in groups.items())
