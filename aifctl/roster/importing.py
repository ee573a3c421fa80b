"""Nodes from elsewhere as our YAML: what all share becomes a default, what follows from the names a pattern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aifctl.fleet.columns import columns_of
from aifctl.fleet.node import Node
from aifctl.fleet.nodeset import fold
from aifctl.fleet.nodeset_order import natural_key
from aifctl.ports.roster import Imported
from aifctl.roster.compiling import compile_sources
from aifctl.roster.fields import kind_of_column
from aifctl.roster.format import Found, Losses
from aifctl.roster.inferring import common_value, text_of
from aifctl.roster.kinds import (
    holds_credential,
    is_credential_key,
    parse_key,
    parse_node_name,
    parse_option_name,
    parse_word,
)
from aifctl.roster.patterns import BadValueError, env_of
from aifctl.roster.sources import Source
from aifctl.roster.yaml_writing import Written, render_yaml

_PLACES = ("site", "hall", "su", "rack")
_RESERVED = frozenset({"all", "stdin"})

Columns = dict[str, list[Any]]


def import_found(found: Found, *, about: str) -> Imported:
    """Return the YAML for what a format's reader found, and all that could not be carried over."""
    losses = Losses()
    nodes = _usable(found.nodes, losses)
    columns, groups = _checked_columns(nodes, losses)
    names = [node.name for node in nodes]
    draft = _Draft(names, columns, _envs(names, columns))
    body: dict[str, Written] = {}
    if defaults := draft.defaults():
        body["defaults"] = _nested(defaults)
    if entries := draft.entries():
        body["nodes"] = entries
    if groups:
        body["groups"] = {group: fold(members) for group, members in groups.items()}
    text = f"# Imported from {' '.join(about.split())}.\n" + render_yaml(body)
    mistakes = compile_sources([Source(file="the result", data=text.encode())])[1]
    unsettled = tuple(f"to be settled by hand: {mistake.message} (line {mistake.line})" for mistake in mistakes)
    return Imported(yaml=text, node_count=len(nodes), lost=(*found.lost, *losses.sentences(), *unsettled))


@dataclass(frozen=True, slots=True)
class _Draft:
    """Columns in the order of the names, being turned into defaults and entries."""

    _names: Sequence[str]
    _columns: Columns
    _envs: Sequence[Mapping[str, int]]

    def defaults(self) -> dict[str, Written]:
        """Take out, and return, what one value or one pattern says for all nodes."""
        said: dict[str, Written] = {}
        for column, values in list(self._columns.items()) if len(self._names) > 1 else ():
            common = common_value(values, [] if column in _PLACES else self._envs)
            if common is not None:
                said[column] = common
                del self._columns[column]
        return said

    def entries(self) -> dict[str, Written]:
        """Return the node entries: nodes that agree in all that repeats share one."""
        shared = [column for column, values in self._columns.items() if column in _PLACES or _is_shared(values)]
        members: dict[tuple[Any, ...], list[int]] = {}
        for at in range(len(self._names)):
            members.setdefault(tuple(self._columns[column][at] for column in shared), []).append(at)
        return {fold([self._names[at] for at in rows]): self._entry(rows) for rows in members.values()}

    def _entry(self, rows: Sequence[int]) -> Written:
        said: dict[str, Written] = {}
        each: dict[str, Written] = {}
        for column, values in self._columns.items():
            own = [values[at] for at in rows]
            common = common_value(own, [self._envs[at] for at in rows])
            if common is not None:
                said[column] = common
            elif any(value is not None for value in own):
                each[_each_key(column)] = [None if value is None else text_of(value) for value in own]
        nested = dict(_nested(said))
        if each:
            nested["each"] = each
        return nested or None


def _usable(nodes: Sequence[Node], losses: Losses) -> list[Node]:
    kept: dict[str, Node] = {}
    for node in nodes:
        try:
            parse_node_name(node.name)
        except BadValueError:
            losses.add("names that no node can have", repr(node.name[:40]))
            continue
        if node.name in kept:
            losses.add("nodes that stand there twice; the first counts", node.name)
        kept.setdefault(node.name, node)
    return sorted(kept.values(), key=lambda node: natural_key(node.name))


def _checked_columns(nodes: Sequence[Node], losses: Losses) -> tuple[Columns, dict[str, list[str]]]:
    """Return the columns with only what our inventory takes, and the groups apart."""
    table = columns_of(nodes)
    columns: Columns = {}
    groups: dict[str, list[str]] = {}
    for field in table.fields:
        values = list(table.column(field))
        if field == "groups":
            groups = _groups(nodes, losses)
        elif field == "options":
            _spread_options(nodes, values, columns, losses)
        elif _is_good_key(field, losses):
            columns[field] = [
                _checked(field, value, node.name, losses) for node, value in zip(nodes, values, strict=True)
            ]
    _drop_usual(columns, nodes)
    return {field: values for field, values in columns.items() if any(value is not None for value in values)}, groups


def _is_good_key(field: str, losses: Losses) -> bool:
    """Return whether a column's name is one that our inventory takes, as far as it comes from elsewhere."""
    head, _, key = field.partition(":")
    if is_credential_key(key):
        losses.add("credentials; keep them out of inventories", key[:40])
        return False
    try:
        if head in {"serial", "label"}:
            parse_key(key)
        elif head == "option":
            parse_option_name(key)
    except BadValueError as problem:
        losses.add(f"{head}s whose names are no keys", str(problem)[:80])
        return False
    return True


def _drop_usual(columns: Columns, nodes: Sequence[Node]) -> None:
    """Leave out what an inventory means without saying it."""
    usual: dict[str, Sequence[Any]] = {
        "address": [node.name for node in nodes],
        "port": [22] * len(nodes),
        "state": ["ready"] * len(nodes),
        "bmc:kind": ["redfish"] * len(nodes),
    }
    for field, values in usual.items():
        if field in columns:
            columns[field] = [
                None if value == meant else value for value, meant in zip(columns[field], values, strict=True)
            ]


def _checked(field: str, value: Any, name: str, losses: Losses) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, tuple):
        return (
            tuple(part for part in (_checked(field, part, name, losses) for part in value) if part is not None) or None
        )
    text = str(value)
    if holds_credential(text):
        losses.add("credentials; keep them out of inventories", f"{field.replace(':', '.')} of {name}")
        return None
    try:
        kind_of_column(field)(text)
    except BadValueError as problem:
        losses.add(f"values of {field.replace(':', '.')} that are not what they must be, such as: {problem}", name)
        return None
    return value


def _spread_options(nodes: Sequence[Node], values: Sequence[Any], columns: Columns, losses: Losses) -> None:
    for at, (node, pairs) in enumerate(zip(nodes, values, strict=True)):
        for option, value in pairs or ():
            if not _is_good_key(f"option:{option}", losses):
                continue
            column = columns.setdefault(f"option:{option}", [None] * len(nodes))
            column[at] = _checked(f"option:{option}", value, node.name, losses)


def _groups(nodes: Sequence[Node], losses: Losses) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for node in nodes:
        for group in node.groups:
            try:
                parse_word(group)
            except BadValueError:
                losses.add("groups whose names no selector can hold", repr(group[:40]))
                continue
            if group not in _RESERVED:
                groups.setdefault(group, []).append(node.name)
    return groups


def _envs(names: Sequence[str], columns: Columns) -> list[Mapping[str, int]]:
    envs: list[Mapping[str, int]] = []
    for at, name in enumerate(names):
        env = dict(env_of("node", name))
        for place in _PLACES:
            if place in columns and (value := columns[place][at]) is not None:
                env.update(env_of(place, value))
        envs.append({key: value for key, value in env.items() if isinstance(value, int)})
    return envs


def _is_shared(values: Sequence[Any]) -> bool:
    """Lists can't stand under `each`, and what repeats is better said once."""
    return len(set(values)) * 2 <= len(values) or any(isinstance(value, tuple) for value in values)


def _nested(said: Mapping[str, Written]) -> Mapping[str, Written]:
    """Turn columns into the keys of a body: bmc:mac → bmc: {mac: …}."""
    body: dict[str, Any] = {}
    for column, value in said.items():
        head, *rest = _key_path(column)
        level = body
        for part in rest:
            level = level.setdefault(head, {})
            head = part
        level[head] = value
    return body


def _key_path(column: str) -> list[str]:
    if column == "serial:chassis":
        return ["serial"]
    head, colon, rest = column.partition(":")
    if not colon:
        return [column]
    if head == "rail":
        return ["rails", *rest.split(":")]
    return [{"serial": "serials", "label": "labels", "option": "ssh"}.get(head, head), rest]


def _each_key(column: str) -> str:
    return ".".join(_key_path(column))
