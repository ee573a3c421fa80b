"""Selector + fleet → names. What needs more than the fleet (runs, jobs, files) is looked up through `Terms`.

What a person typed must exist, name by name, also in what is taken away: `@all ! r12n0l` must not run on r12n01. What a
run or Slurm names may be gone from the inventory since; that only matters where it would be acted on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar

from aifctl.core.errors import UsageError
from aifctl.core.outcome import Outcome
from aifctl.fleet.columns import FIELDS
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.glob import glob_filter, is_glob
from aifctl.fleet.name_list import parse_name_list
from aifctl.fleet.nodeset_order import sort_names
from aifctl.fleet.numbered import by_number
from aifctl.fleet.selector_errors import (
    gone,
    missing_look_up,
    nothing_selected,
    too_many_globs,
    unknown_attribute,
    unknown_members,
    unknown_nodes,
    unmatched,
)
from aifctl.fleet.selector_parsing import parse_selector
from aifctl.fleet.selector_terms import RUN_SETS
from aifctl.fleet.selector_tree import DYNAMIC, Expression, Kind, Names, Operand, Operator, Selector, Term

__all__ = ["Selection", "Selector", "Terms", "parse_selector", "resolve"]


_LookUp = TypeVar("_LookUp", bound=Callable[..., object])

#: Below this, sorting the chosen is cheaper than walking the fleet.
_FEW = 64

#: Places that people call by their number alone.
_NUMBERED = frozenset({Kind.SU, Kind.HALL})

#: Each name with * or ? is compared with the whole fleet.
_MOST_GLOBS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Look-ups that selectors need beside the fleet; None is what this installation, or this place, does not have.

    A look-up raises UsageError for what does not exist (no such run, no such file) and BackendError where its backend
    does not answer. Names are the inventory's; those that are no longer in it are allowed.

    Attributes:
        run: a run's id or alias → its nodes' outcomes; None for a node that it never dialled.
        job: a job's id → its nodes.
        slurm: ("job" | "part" | "state", value) → nodes.
        read_file: path → text.
        read_stdin: all of stdin; asked once in each `resolve`.
    """

    run: Callable[[str], Mapping[str, Outcome | None]] | None = None
    job: Callable[[str], Collection[str]] | None = None
    slurm: Callable[[str, str], Collection[str]] | None = None
    read_file: Callable[[str], str] | None = None
    read_stdin: Callable[[], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a selector selects.

    Attributes:
        names: in nodeset order, all of them in the fleet.
        text: the selector as typed.
        dynamic_empty: the dynamic terms, as typed, that select nothing tonight; the whole may still select something.
    """

    names: tuple[str, ...]
    text: str
    dynamic_empty: tuple[str, ...] = ()


def resolve(
    selector: Selector, fleet: Fleet, terms: Terms | None = None, *, allow_empty: bool | None = False
) -> Selection:
    """Return the nodes that a selector selects in this fleet.

    Args:
        selector: from `parse_selector`.
        fleet: what the names must be in.
        terms: look-ups; without any, selectors of names and places alone can be resolved.
        allow_empty: nothing selected is fine if any term is dynamic (@state: @attr: @run: @job: @slurm: @file: -);
            None where nobody can say so, and the error then does not suggest it.

    Raises:
        UnknownNodeError: names that are not in the inventory: all of them, with their nearest.
        UnknownGroupError: a group, rack and so on that is not, with the nearest and the column.
        EmptySelectionError: nothing is selected.
        UsageError: a look-up that is missing, or failed.
    """
    evaluation = _Evaluation(selector.text, fleet, terms or Terms())
    chosen = evaluation.value(selector.expression)
    evaluation.raise_unknown()
    names = _ordered(chosen, fleet)
    if len(names) != len(chosen):
        raise gone(chosen - frozenset(names), evaluation.looked_up, fleet.origin)
    selection = Selection(names=names, text=selector.text, dynamic_empty=tuple(evaluation.empty))
    if not names and not (allow_empty and evaluation.is_dynamic):
        raise nothing_selected(selector.text, selection.dynamic_empty, may_be_allowed=allow_empty is not None)
    return selection


class _Evaluation:
    """One walk over the tree. Unknown names are collected, so that the error can list them all."""

    def __init__(self, text: str, fleet: Fleet, terms: Terms, groups: tuple[str, ...] = ()) -> None:
        self._text, self._fleet, self._terms = text, fleet, terms
        self._groups = groups
        self._unknown: dict[str, int] = {}
        self._stdin: str | None = None
        self.empty: list[str] = []
        self.looked_up: list[str] = []
        self.is_dynamic = False

    def value(self, expression: Expression) -> AbstractSet[str]:
        first = self._operand(expression.first)
        if not expression.steps:
            return first
        result = set(first)
        for operator, operand in expression.steps:
            _apply(operator, result, self._operand(operand))
        return result

    def raise_unknown(self) -> None:
        if self._unknown:
            raise unknown_nodes(self._unknown, self._fleet, self._text)

    def _operand(self, operand: Operand) -> AbstractSet[str]:
        if isinstance(operand, Expression):
            return self.value(operand)
        if isinstance(operand, Names):
            return self._names(operand)
        names = self._term(operand)
        if operand.kind in DYNAMIC:
            self.is_dynamic = True
            if not names:
                self.empty.append(operand.text)
        return names

    def _names(self, operand: Names) -> AbstractSet[str]:
        pattern = operand.pattern
        if operand.is_glob:
            if pattern.count > _MOST_GLOBS:
                raise too_many_globs(pattern, self._text)
            found = frozenset(glob_filter(self._fleet.names, pattern.names()))
            if not found:
                raise unmatched(pattern, self._fleet, self._text)
            return found
        return self._known(pattern.names(), pattern.column)

    def _known(self, names: Iterable[str], column: int) -> AbstractSet[str]:
        unique = frozenset(names)
        for name in unique:
            if name not in self._fleet:
                self._unknown.setdefault(name, column)
        return unique

    def _term(self, term: Term) -> AbstractSet[str]:
        if term.kind is Kind.ALL:
            return frozenset(self._fleet.names)
        look_up = self._look_ups.get(term.kind)
        return look_up(self, term) if look_up else self._scope(term)

    def _scope(self, term: Term) -> AbstractSet[str]:
        """Return the members of racks, sus and so on; one that the fleet lacks is an error, but for states."""
        members = self._fleet.scope(term.kind.value)
        values, missing = _matching(term.values, members)
        if missing and term.kind in _NUMBERED:
            numbered, missing = by_number(missing, members)
            values += numbered
        if missing and term.kind is not Kind.STATE:
            raise unknown_members(term, missing, members, self._fleet.origin, self._text)
        return frozenset().union(*(members[value] for value in values))

    def _group(self, term: Term) -> AbstractSet[str]:
        members, selectors = self._fleet.scope("group"), self._fleet.selectors
        values, missing = _matching(term.values, {**selectors, **members})
        if missing:
            raise unknown_members(term, missing, (*members, *selectors), self._fleet.origin, self._text)
        plain = (members[value] for value in values if value not in selectors)
        return frozenset().union(*plain, *(self._computed(value) for value in values if value in selectors))

    def _computed(self, group: str) -> AbstractSet[str]:
        """Return the members of a group that the inventory gives as a selector."""
        if group in self._groups:
            raise UsageError(f"the group @{group} of {self._fleet.origin} contains itself, by way of {self._groups}")
        try:
            selector = parse_selector(self._fleet.selectors[group])
            inner = _Evaluation(selector.text, self._fleet, self._terms, (*self._groups, group))
            names = inner.value(selector.expression)
            inner.raise_unknown()
        except UsageError as problem:
            raise UsageError(f"the group @{group} can't be resolved: {problem}") from problem
        self.empty += inner.empty
        self.looked_up += inner.looked_up
        self.is_dynamic |= inner.is_dynamic
        return names

    def _attribute(self, term: Term) -> AbstractSet[str]:
        if not self._fleet.has_attribute(term.key):
            raise unknown_attribute(term, FIELDS, self._text)
        value_of = self._fleet.attribute(term.key)
        by_value: dict[str, list[str]] = {}
        for name in self._fleet.names:
            if (value := value_of(name)) is not None:
                by_value.setdefault(value, []).append(name)
        wanted = set(glob_filter({part for value in by_value for part in (value, *value.split(","))}, term.values))
        hits = (
            names for value, names in by_value.items() if value in wanted or not wanted.isdisjoint(value.split(","))
        )
        return frozenset().union(*hits)

    def _run(self, term: Term) -> AbstractSet[str]:
        outcomes = _needed(self._terms.run, term, "the journals of earlier runs")(term.key)
        self.looked_up.append(term.text)
        if not term.values:
            return outcomes.keys()
        wanted = RUN_SETS.get(term.values[0]) or {Outcome(term.values[0])}
        return frozenset(name for name, outcome in outcomes.items() if outcome in wanted)

    def _job(self, term: Term) -> AbstractSet[str]:
        self.looked_up.append(term.text)
        return frozenset(_needed(self._terms.job, term, "the job store")(term.values[0]))

    def _slurm(self, term: Term) -> AbstractSet[str]:
        self.looked_up.append(term.text)
        return frozenset(_needed(self._terms.slurm, term, "Slurm")(term.key, term.values[0]))

    def _file(self, term: Term) -> AbstractSet[str]:
        path = term.values[0]
        text = _needed(self._terms.read_file, term, "a place to read files from")(path)
        return self._known(parse_name_list(text, origin=path), term.column)

    def _from_stdin(self, term: Term) -> AbstractSet[str]:
        if self._stdin is None:
            self._stdin = _needed(self._terms.read_stdin, term, "a standard input to read names from")()
        return self._known(parse_name_list(self._stdin, origin="stdin"), term.column)

    _look_ups: Mapping[Kind, Callable[[_Evaluation, Term], AbstractSet[str]]] = {
        Kind.GROUP: _group,
        Kind.ATTR: _attribute,
        Kind.RUN: _run,
        Kind.JOB: _job,
        Kind.SLURM: _slurm,
        Kind.FILE: _file,
        Kind.STDIN: _from_stdin,
    }


def _apply(operator: Operator, result: set[str], operand: AbstractSet[str]) -> None:
    match operator:
        case Operator.UNION:
            result |= operand
        case Operator.MINUS:
            result -= operand
        case Operator.AND:
            result &= operand
        case Operator.XOR:
            result ^= operand


def _matching(values: Iterable[str], known: Collection[str]) -> tuple[list[str], list[str]]:
    """Split into what is known (a * or ? replaced by what it matches) and what is not."""
    found: dict[str, None] = {}
    missing = []
    for value in values:
        matches = list(glob_filter(known, (value,))) if is_glob(value) else [value] * (value in known)
        found.update(dict.fromkeys(matches))
        if not matches:
            missing.append(value)
    return list(found), missing


def _needed(look_up: _LookUp | None, term: Term, what: str) -> _LookUp:
    if look_up is None:
        raise missing_look_up(term, what)
    return look_up


def _ordered(chosen: AbstractSet[str], fleet: Fleet) -> tuple[str, ...]:
    """Return what the fleet holds of the chosen, in nodeset order; the fleet's own tuple where that is all."""
    if len(chosen) >= len(fleet) and frozenset(fleet.names) <= chosen:
        return fleet.names
    if len(chosen) < _FEW:
        return tuple(sort_names([name for name in chosen if name in fleet]))
    return tuple([name for name in fleet.names if name in chosen])
