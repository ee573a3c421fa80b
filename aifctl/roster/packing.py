"""A compiled inventory as text: one JSON line for each column, so that a command decodes only those it asks for.

The first line says what this is, in which version, and the checksum of all that follows; the second is the head: key,
policy, groups, which line holds which column. Equal columns share a line (a leaf's ports are the same numbers on all rails). A column is one of

    {"c": value}                       the same for all
    {"r": [[value, count], …]}         runs
    {"d": [values], "i": [indices]}    few different values
    {"s": "a b c"}                     texts without spaces: half the bytes and a third of the time of a list
    {"l": [values]}                    anything
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from itertools import groupby
from typing import Any

from aifctl.fleet.policy import Policy
from aifctl.fleet.topology import Leaf

#: Raise it whenever what is packed, or what it means, changes.
VERSION = 2


class UnreadableError(ValueError):
    """Not a packed inventory, not a whole one, or one of another version."""


class Packed:
    """A packed inventory; satisfies aifctl.fleet.columns.Columns."""

    def __init__(self, data: bytes) -> None:
        mark, _, body = data.partition(b"\n")
        if mark != _mark(body):
            raise UnreadableError("not a packed inventory of this version, or a damaged one")
        self._lines = body.split(b"\n")
        self.head: dict[str, Any] = json.loads(self._lines[0])

    @property
    def key(self) -> str:
        return str(self.head["key"])

    @property
    def modified_at(self) -> float:
        return float(self.head["modified_at"])

    @cached_property
    def names(self) -> Sequence[str]:
        names: list[str] = json.loads(self._lines[1]).split()
        return names

    @property
    def fields(self) -> Collection[str]:
        fields: dict[str, int] = self.head["fields"]
        return fields.keys()

    def column(self, field: str) -> Sequence[Any]:
        line = self.head["fields"].get(field)
        if line is None:
            return [None] * self.head["nodes_count"]
        return _unpacked(json.loads(self._lines[line]), self.head["nodes_count"])

    def leaves(self) -> Mapping[str, Leaf]:
        """Return the leaf switches by name."""
        packed = json.loads(self._lines[2])
        spines = [tuple(each) for each in packed["spines"]]
        return {
            name: Leaf(name=name, ports=ports, rail=rail, spines=spines[at])
            for name, ports, rail, at in packed["leaves"]
        }

    @property
    def policy(self) -> Policy:
        facts = dict(self.head["policy"])
        for caps in ("max_nodes_per", "drain_max_nodes_per"):
            facts[caps] = tuple((scope, count) for scope, count in facts[caps])
        return Policy(
            **{**facts, "guarded": tuple(facts["guarded"]), "control_hosts": tuple(facts.get("control_hosts", ()))}
        )

    @property
    def selectors(self) -> Mapping[str, str]:
        selectors: dict[str, str] = self.head["selectors"]
        return selectors


def pack(
    names: Sequence[str],
    columns: Mapping[str, Sequence[Any]],
    *,
    policy: Policy,
    leaves: Mapping[str, Leaf],
    selectors: Mapping[str, str],
    key: str,
    modified_at: float,
) -> bytes:
    """Return the bytes that Packed reads."""
    lines = [b"", _line(" ".join(names)), _line(_packed_leaves(leaves))]
    fields: dict[str, int] = {}
    known: dict[bytes, int] = {}
    for field, values in columns.items():
        line = _line(_packed(values))
        if line not in known:
            known[line] = len(lines)
            lines.append(line)
        fields[field] = known[line]
    head = {
        "key": key,
        "modified_at": modified_at,
        "nodes_count": len(names),
        "fields": fields,
        "policy": asdict(policy),
        "selectors": dict(selectors),
    }
    lines[0] = _line(head)
    body = b"\n".join(lines)
    return _mark(body) + b"\n" + body


def _mark(body: bytes) -> bytes:
    return b"aifctl-inventory %d %d" % (VERSION, zlib.crc32(body))


def _packed(values: Sequence[Any]) -> dict[str, Any]:
    runs = [(value, sum(1 for _ in same)) for value, same in groupby(values)]
    if len(runs) == 1:
        return {"c": values[0]}
    if len(runs) * 4 <= len(values):
        return {"r": runs}
    different = dict.fromkeys(values)
    if len(different) * 4 <= len(values):
        index = {value: at for at, value in enumerate(different)}
        return {"d": list(different), "i": [index[value] for value in values]}
    if all(isinstance(value, str) and value and " " not in value for value in values):
        return {"s": " ".join(values)}
    return {"l": list(values)}


def _unpacked(packed: Mapping[str, Any], count: int) -> Sequence[Any]:
    if "c" in packed:
        return [packed["c"]] * count
    if "r" in packed:
        return [value for value, length in packed["r"] for _ in range(length)]
    if "d" in packed:
        values = packed["d"]
        return [values[at] for at in packed["i"]]
    if "s" in packed:
        return list(packed["s"].split(" "))
    return list(packed["l"])


def _packed_leaves(leaves: Mapping[str, Leaf]) -> dict[str, Any]:
    spines = {each: at for at, each in enumerate(dict.fromkeys(leaf.spines for leaf in leaves.values()))}
    return {
        "spines": list(spines),
        "leaves": [(leaf.name, leaf.ports, leaf.rail, spines[leaf.spines]) for leaf in leaves.values()],
    }


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
