"""From a selector to the nodes a verb acts on, with those it leaves out and why."""

from __future__ import annotations

import random
from dataclasses import dataclass

from aifctl.core.errors import EmptySelectionError, RefusedError
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import Manner, State, manner_of
from aifctl.fleet.selector import parse_selector, resolve
from aifctl.ops.asked import Chosen
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
    names = _resolved(chosen.selector or "@all", fleet, tools, allow_empty=chosen.allow_empty)
    if chosen.exclude:
        out = frozenset(_resolved(chosen.exclude, fleet, tools, allow_empty=True))
        names = tuple(name for name in names if name not in out)
        if not names and not chosen.allow_empty:
            raise EmptySelectionError(f"nothing is left of {chosen.selector!r} after --exclude {chosen.exclude!r}")
    if chosen.first is not None:
        names = names[: chosen.first]
    if chosen.sample is not None and chosen.sample < len(names):
        picked = frozenset(random.sample(names, chosen.sample))  # noqa: S311  a sample of nodes, not a secret
        names = tuple(name for name in names if name in picked)
    return names


def choose_for(verb: str, chosen: Chosen, fleet: Fleet, tools: Toolbox) -> Nodes:
    """Return whom `verb` acts on and whom it skips; RefusedError where a node's state forbids it or all are skipped."""
    names = choose(chosen, fleet, tools)
    acted, skipped, refused = [], [], []
    for name in names:
        state, off = fleet.standing(name)
        manner = manner_of(verb, state, off=off, include=chosen.include_states)
        reason = _standing(state, off=off)
        if manner is Manner.ACT:
            acted.append(name)
        elif manner is Manner.SKIP:
            skipped.append((name, reason))
        else:
            refused.append(f"{name} is {reason}")
    if refused:
        raise RefusedError(f"{verb} refuses {'; '.join(refused[:5])}{' …' * (len(refused) > 5)}: use --skip-busy")  # noqa: PLR2004
    if skipped and not acted:
        raise RefusedError(
            f"all {len(skipped)} nodes are left out ({skipped[0][0]} is {skipped[0][1]}); --include-state widens by name"
        )
    return Nodes(names=tuple(acted), skipped=tuple(skipped))


def _resolved(text: str, fleet: Fleet, tools: Toolbox, *, allow_empty: bool) -> tuple[str, ...]:
    return resolve(parse_selector(text), fleet, tools.terms, allow_empty=allow_empty).names


def _standing(state: State, *, off: bool) -> str:
    return "off" if off else state.value
