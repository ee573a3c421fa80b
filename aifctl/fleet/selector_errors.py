"""Sentences for selectors that name what is not there: what, where, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aifctl.core.errors import (
    EmptySelectionError,
    NodeSetSyntaxError,
    UnknownGroupError,
    UnknownNodeError,
    UsageError,
    at_column,
    excerpt,
)
from aifctl.core.printable import printable_line
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nearest import nearest, nearest_names
from aifctl.fleet.nodeset_fold import fold
from aifctl.fleet.nodeset_order import sort_names
from aifctl.fleet.nodeset_ranges import Pattern
from aifctl.fleet.selector_tree import Kind, Term

#: So many unknown names get their nearest one by one; of more, the nearest are folded too.
_MOST_PAIRS = 5

_MOST_CHARACTERS = 2000

_KINDS = frozenset(kind.value for kind in Kind)


def unknown_nodes(unknown: Mapping[str, int], fleet: Fleet, text: str) -> UnknownNodeError:
    """Return the error for names (→ the column of their term) that the fleet has not."""
    names = sort_names(unknown)
    near = nearest_names(names, fleet.names)
    nodes = f"node {_said(names)} is" if len(names) == 1 else f"{len(names)} nodes, {_said(names)}, are"
    reason = f"{nodes} not in {_inventory(fleet.origin)}{_meant(names, near)}"
    return UnknownNodeError(at_column(reason, text=text, column=min(unknown.values())), unknown=names, nearest=near)


def unmatched(pattern: Pattern, fleet: Fleet, text: str) -> UnknownNodeError:
    """Return the error for a name with * or ? that no node has."""
    reason = f"no node in {_inventory(fleet.origin)} matches {printable_line(pattern.text)}"
    return UnknownNodeError(at_column(reason, text=text, column=pattern.column), unknown=(pattern.text,))


def too_many_globs(pattern: Pattern, text: str) -> NodeSetSyntaxError:
    """Return the error for a range that makes thousands of names with * or ?."""
    reason = f"that makes {pattern.count:,} names with * or ?, too many to compare with every node"
    return NodeSetSyntaxError(reason, text=text, column=pattern.column)


def gone(names: Iterable[str], terms: Iterable[str], origin: str) -> UnknownNodeError:
    """Return the error for nodes that a run, a job or Slurm names and the inventory no longer holds."""
    left = sort_names(names)
    listed = printable_line(", ".join(dict.fromkeys(terms)))
    reason = f"{listed}: {_said(left)} {'is' if len(left) == 1 else 'are'} not in {_inventory(origin)}"
    return UnknownNodeError(f"{reason}; add `& @all` to leave out what is gone", unknown=left)


def unknown_members(
    term: Term, missing: Iterable[str], known: Iterable[str], origin: str, text: str
) -> UnknownGroupError:
    """Return the error for racks, groups and so on that the fleet has not."""
    names, choices = sort_names(missing), list(known)
    near = [nearest(name, choices) for name in names[:_MOST_PAIRS]]
    reason = f"there is no {term.kind} {_said(names)} in {_inventory(origin)}{_meant(names[:_MOST_PAIRS], near)}"
    if not any(near):
        reason += f"; it has {_said(choices)}" if choices else f"; it has no {term.kind} at all"
    if term.kind is Kind.GROUP and names[0] in _KINDS:
        reason += f"; a {names[0]} is written @{names[0]}:NAME"
    return UnknownGroupError(reason, text=text, column=term.value_column)


def unknown_attribute(term: Term, fields: Iterable[str], text: str) -> UnknownGroupError:
    """Return the error for an attribute that no node can have."""
    reason = f"no node has an attribute or a label {printable_line(term.key)!r}"
    return UnknownGroupError(
        reason + _meant([term.key], [nearest(term.key, fields)]), text=text, column=term.column + len("@attr:")
    )


def nothing_selected(text: str, dynamic_empty: Iterable[str], *, may_be_allowed: bool) -> EmptySelectionError:
    """Return the error for a selector that selects no node; the dynamic terms that are empty may be why."""
    empty = printable_line(" and ".join(dict.fromkeys(dynamic_empty)))
    why = f" ({empty} is empty now)" if empty else ""
    why += "; with --allow-empty that is no error" if empty and may_be_allowed else ""
    return EmptySelectionError(f"{excerpt(text)!r} selects no node{why}")


def missing_look_up(term: Term, what: str) -> UsageError:
    """Return the error for a term whose backend is not there."""
    kind = "a lone -" if term.text == "-" else f"@{term.kind}{'' if term.kind is Kind.STDIN else ':'}"
    return UsageError(f"{kind} needs {what}, which this installation does not have")


def _inventory(origin: str) -> str:
    return f"the inventory {origin}" if origin else "the inventory"


def _said(names: Sequence[str]) -> str:
    """Return the names folded, harmless for a terminal; the end of a very long list is cut."""
    text = printable_line(fold(names))
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}… ({len(names)} in all)"


def _meant(names: Sequence[str], near: Sequence[str]) -> str:
    pairs = [(name, found) for name, found in zip(names, near, strict=True) if found]
    if not pairs:
        return ""
    if len(names) == 1:
        return f" (did you mean {pairs[0][1]}?)"
    if len(names) <= _MOST_PAIRS:
        return f" (nearest: {', '.join(f'{printable_line(name)} → {found}' for name, found in pairs)})"
    return f" (nearest: {_said(list(dict.fromkeys(found for _, found in pairs)))})"
