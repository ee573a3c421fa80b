"""The parts of an inventory that are not nodes: policy, groups, leaves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping as Map
from typing import Any

from aifctl.core.errors import NodeSetSyntaxError, UsageError
from aifctl.core.marked_yaml import Mapping, Mistakes, Place, Scalar, Sequence, Value
from aifctl.core.units import parse_duration_s, parse_share
from aifctl.fleet.nearest import nearest, nearest_names
from aifctl.fleet.nodeset_order import sort_names
from aifctl.fleet.policy import Policy
from aifctl.fleet.selector import parse_selector
from aifctl.fleet.topology import RAIL_COUNT, Leaf
from aifctl.roster.kinds import parse_count, parse_word
from aifctl.roster.patterns import BadValueError, expand_names

#: Scopes that the policy can cap.
CAPPED = ("rack", "leaf", "feed", "su")

_PLAIN = re.compile(r"[^@!&^()*?]*")
_WORD_OPERATORS = re.compile(r"(?:^|\s)(?:and|not|xor)\s")
_GROUP = re.compile(r"@([A-Za-z0-9_][^\s,!&^()\[\]:*?]*)(?![^\s,!&^()]*[:\[])")
_RESERVED = frozenset({"all", "stdin"})

Entries = Map[str, tuple[Place, Value]]


def read_policy(entries: Entries, mistakes: Mistakes) -> Policy:
    """Return the `policy:` section."""
    found: dict[str, Any] = {}
    for key, (place, value) in entries.items():
        if key not in _POLICY:
            mistakes.unknown_key(place, key, _POLICY, of="policy")
            continue
        field, read = _POLICY[key]
        try:
            found[field] = read(value)
        except (BadValueError, UsageError) as problem:
            mistakes.add(place, f"policy {key}: {problem}")
    return Policy(**found)


def read_leaves(entries: Entries, mistakes: Mistakes) -> dict[str, tuple[Place, Leaf]]:
    """Return the `leaves:` section by leaf name."""
    leaves: dict[str, tuple[Place, Leaf]] = {}
    for pattern, (place, value) in entries.items():
        facts = _leaf_facts(place, value, mistakes)
        for name in _names(pattern, place, mistakes):
            if name in leaves:
                mistakes.add(place, f"leaf {name} stands here twice; first at {leaves[name][0]}", kind="leaf twice")
            else:
                leaves[name] = (place, Leaf(name=name, **facts))
    return leaves


def read_groups(
    entries: Entries, names: Iterable[str], mistakes: Mistakes, *, known: frozenset[str]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return (plain groups: name → nodes, selectors: name → text); `known` are the groups that nodes name themselves."""
    plain: dict[str, list[str]] = {}
    selectors: dict[str, str] = {}
    position = frozenset(names)
    for group, (place, value) in entries.items():
        try:
            parse_word(group)
            text = _group_text(group, value)
        except (BadValueError, NodeSetSyntaxError) as problem:
            mistakes.add(place, f"group {group[:80]!r}: {problem}")
            continue
        if _PLAIN.fullmatch(text) and not _WORD_OPERATORS.search(text):
            plain[group] = _members(group, text, place, position, mistakes)
        elif group in known:
            mistakes.add(
                place, f"group {group!r} is a selector here, and nodes name it in their groups: too; rename one"
            )
        else:
            selectors[group] = text
    _check_references(entries, selectors, known | plain.keys(), mistakes)
    return plain, selectors


def _group_text(group: str, value: Value) -> str:
    if group in _RESERVED:
        raise BadValueError(f"@{group} means something already")
    return _selector(value)


def _members(group: str, text: str, place: Place, position: frozenset[str], mistakes: Mistakes) -> list[str]:
    try:
        members = expand_names(text)
    except BadValueError as problem:
        mistakes.add(place, f"group {group!r}: {problem}")
        return []
    unknown = [name for name in members if name not in position]
    for name, near in zip(unknown, nearest_names(unknown, sort_names(position)) if unknown else (), strict=True):
        hint = f"; did you mean {near!r}?" if near else ""
        mistakes.add(place, f"group {group!r}: there is no node {name!r}{hint}", kind="unknown")
    return [name for name in members if name in position]


def _check_references(entries: Entries, selectors: Map[str, str], others: frozenset[str], mistakes: Mistakes) -> None:
    """Groups name groups: each must exist, and none may name itself by whatever detour."""
    references = {group: _GROUP.findall(text) for group, text in selectors.items()}
    for group, named in references.items():
        for name in named:
            if name not in others and name not in selectors and name not in _RESERVED:
                near = nearest(name, [*others, *selectors])
                hint = f"; did you mean @{near}?" if near else ""
                mistakes.add(entries[group][0], f"group {group!r}: there is no group @{name}{hint}")
        if _reaches(group, references):
            mistakes.add(entries[group][0], f"group {group!r} stands for itself, by way of {selectors[group][:80]!r}")


def _reaches(group: str, references: Map[str, list[str]]) -> bool:
    seen: set[str] = set()
    ahead = list(references[group])
    while ahead:
        name = ahead.pop()
        if name == group:
            return True
        if name not in seen:
            seen.add(name)
            ahead += references.get(name, ())
    return False


def _leaf_facts(place: Place, value: Value, mistakes: Mistakes) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if not isinstance(value, Mapping):
        if not (isinstance(value, Scalar) and value.null):
            mistakes.add(place, "a leaf must be a mapping with ports, rail, spines")
        return facts
    for key, (at, item) in value.items.items():
        if key not in _LEAF:
            mistakes.unknown_key(at, key, _LEAF, of="a leaf")
            continue
        try:
            facts[key] = _LEAF[key](item)
        except BadValueError as problem:
            mistakes.add(at, f"leaf {key}: {problem}")
    return facts


def _names(pattern: str, place: Place, mistakes: Mistakes) -> list[str]:
    try:
        return [parse_word(name) for name in expand_names(pattern)]
    except BadValueError as problem:
        mistakes.add(place, f"leaf {pattern[:80]!r}: {problem}")
        return []


def _text(value: Value) -> str:
    if not isinstance(value, Scalar) or value.null:
        raise BadValueError("one value must stand here")
    return value.text


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(_text(item) for item in value.items) if isinstance(value, Sequence) else (_text(value),)


def _count(value: Value) -> int:
    return parse_count(_text(value))


def _share(value: Value) -> float:
    return parse_share(_text(value))


def _counts_per_scope(value: Value) -> tuple[tuple[str, int], ...]:
    if not isinstance(value, Mapping):
        raise BadValueError(f"must be a mapping from {', '.join(CAPPED)} to a count")
    for scope in value.items:
        if scope not in CAPPED:
            raise BadValueError(f"there is no scope {scope[:40]!r}; there are {', '.join(CAPPED)}")
    return tuple((scope, _count(item)) for scope, (_, item) in value.items.items())


def _selector(value: Value) -> str:
    text = ",".join(_texts(value))
    parse_selector(text)
    return text


def _words(value: Value) -> tuple[str, ...]:
    return tuple(parse_word(text) for text in _texts(value))


def _hosts(value: Value) -> tuple[str, ...]:
    return tuple(name for text in _texts(value) for name in expand_names(text))


def _rail(value: Value) -> int:
    text = _text(value)
    if not (text.isascii() and text.isdigit()) or int(text) >= RAIL_COUNT:
        raise BadValueError(f"there is no rail {text[:20]!r}; rails are 0-{RAIL_COUNT - 1}")
    return int(text)


def _spines(value: Value) -> tuple[str, ...]:
    return tuple(parse_word(name) for text in _texts(value) for name in expand_names(text))


_LEAF: Map[str, Callable[[Value], Any]] = {"ports": _count, "rail": _rail, "spines": _spines}
_POLICY: Map[str, tuple[str, Callable[[Value], Any]]] = {
    "max_nodes": ("max_nodes", _count),
    "max_nodes_per": ("max_nodes_per", _counts_per_scope),
    "protected": ("protected", _selector),
    "guarded": ("guarded", _words),
    "max_width": ("max_width", _count),
    "drain_max_nodes": ("drain_max_nodes", _count),
    "drain_max_share": ("drain_max_share", _share),
    "drain_max_nodes_per": ("drain_max_nodes_per", _counts_per_scope),
    "control_hosts": ("control_hosts", _hosts),
    "stale_after": ("stale_after_s", lambda value: parse_duration_s(_text(value))),
}
