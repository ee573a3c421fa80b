"""Files → one compiled inventory: everything the cache holds, checked."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aifctl.core.errors import Mistake
from aifctl.core.marked_yaml import Mistakes, Scalar, parse_marked_yaml
from aifctl.fleet.columns import FIELDS
from aifctl.fleet.nodeset_order import natural_key
from aifctl.fleet.policy import Policy
from aifctl.fleet.topology import Leaf
from aifctl.roster.expansion import Expanded, expand_document
from aifctl.roster.packing import pack
from aifctl.roster.sections import read_groups, read_leaves, read_policy
from aifctl.roster.soundness import check_soundness
from aifctl.roster.sources import Source
from aifctl.roster.tree import Document, TreeReader

_CHECK_ONLY = frozenset({"height", "rack_height"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A sound inventory by column, nodes in nodeset order."""

    names: Sequence[str]
    columns: Mapping[str, Sequence[Any]]
    policy: Policy
    leaves: Mapping[str, Leaf]
    selectors: Mapping[str, str]


def compile_sources(sources: Sequence[Source]) -> tuple[Compiled, list[Mistake]]:
    """Return what the files say, and every mistake in them; with mistakes the first is only what is left."""
    with _no_collection():
        return _compile(sources)


def pack_compiled(compiled: Compiled, *, key: str, modified_at: float) -> bytes:
    """Return a compiled inventory as the bytes that the cache keeps."""
    return pack(
        compiled.names,
        compiled.columns,
        policy=compiled.policy,
        leaves=compiled.leaves,
        selectors=compiled.selectors,
        key=key,
        modified_at=modified_at,
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the cyclic collector: for 6,250 nodes written out one by one it takes 6 of 9 s to find no garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _compile(sources: Sequence[Source]) -> tuple[Compiled, list[Mistake]]:
    mistakes = Mistakes()
    document = _read(sources, mistakes)
    nodes = expand_document(document, mistakes)
    _gather_options(nodes)
    leaves = read_leaves(document.leaves, mistakes)
    selectors = _add_groups(document, nodes, mistakes)
    policy = read_policy(document.policy, mistakes)
    check_soundness(nodes, leaves, mistakes)
    order = sorted(range(len(nodes.names)), key=lambda at: natural_key(nodes.names[at]))
    columns = {
        column: [values[at] for at in order] for column, values in _in_order(nodes.columns) if column not in _CHECK_ONLY
    }
    compiled = Compiled(
        names=[nodes.names[at] for at in order],
        columns=columns,
        policy=policy,
        leaves={name: leaf for name, (_, leaf) in leaves.items()},
        selectors=selectors,
    )
    return compiled, mistakes.all()


def _read(sources: Sequence[Source], mistakes: Mistakes) -> Document:
    reader = TreeReader(mistakes)
    for source in sources:
        root = parse_marked_yaml(source.data, source.file, mistakes)
        if root is not None and not (isinstance(root, Scalar) and root.null):
            reader.add(root)
    return reader.document


def _gather_options(nodes: Expanded) -> None:
    """Turn the columns option:NAME into one column of pairs, as an endpoint holds them."""
    options = [column for column in nodes.columns if column.startswith("option:")]
    if not options:
        return
    names = [option.removeprefix("option:") for option in options]
    shared: dict[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] = {}
    gathered: list[Any] = []
    for values in zip(*(nodes.columns.pop(option) for option in options), strict=True):
        pairs = tuple((name, value) for name, value in zip(names, values, strict=True) if value is not None)
        gathered.append(shared.setdefault(pairs, pairs) or None)
    nodes.columns["options"] = gathered


def _add_groups(document: Document, nodes: Expanded, mistakes: Mistakes) -> dict[str, str]:
    """Add the plain groups to their nodes' own; return the groups that are selectors."""
    column = nodes.columns.get("groups") or [None] * len(nodes.names)
    known = frozenset(group for groups in set(column) if groups for group in groups)
    plain, selectors = read_groups(document.groups, nodes.names, mistakes, known=known)
    position = {name: at for at, name in enumerate(nodes.names)}
    for group, members in plain.items():
        for name in members:
            own = column[position[name]] or ()
            column[position[name]] = own if group in own else (*own, group)
    if any(column):
        nodes.columns["groups"] = column
    return selectors


def _in_order(columns: Mapping[str, list[Any]]) -> Sequence[tuple[str, list[Any]]]:
    """Fixed columns first, as FIELDS has them; serials, labels and rails as the inventory names them; no empty ones."""
    fixed = {field: at for at, field in enumerate(FIELDS)}
    filled = [(column, values) for column, values in columns.items() if any(value not in _NOTHING for value in values)]
    return sorted(filled, key=lambda item: fixed.get(item[0], len(fixed)))


_NOTHING: tuple[Any, ...] = (None, (), False)
