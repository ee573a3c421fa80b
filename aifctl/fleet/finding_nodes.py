"""Which node bears this serial, GUID, MAC, IP address or leaf port."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from aifctl.fleet.columns import Columns

_HEX = re.compile(r"(?:0x)?((?:[0-9a-f]{2}[:.-]?){6,8}|(?:[0-9a-f]{4}[:.-]?){3,4})")
_HARDWARE_DIGITS = (12, 16)  # a MAC, a GUID
_LEAF_PORT = re.compile(r"(.+?)\s*(?::|/|\s+port\s+|\s+)\s*(\d+)")


class NodeIndex:
    """Built on the first question: 6,250 nodes bear some 100,000 such marks."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def find(self, text: str) -> tuple[tuple[str, str], ...]:
        """Return every (kind, node) with exactly this mark, kinds in a fixed order, each pair once."""
        asked = text.strip()
        hits = [*self._marks.get(_normal(asked), ()), *self._on_leaf_port(asked)]
        return tuple(dict.fromkeys((kind, self._columns.names[at]) for kind, at in hits))

    @cached_property
    def _marks(self) -> dict[str, list[tuple[str, int]]]:
        marks: dict[str, list[tuple[str, int]]] = {}
        for at, name in enumerate(self._columns.names):
            marks[name.lower()] = [("name", at)]
        for kind, field, normal in self._marking_columns():
            for at, value in enumerate(self._columns.column(field)):
                if value:
                    marks.setdefault(normal(value), []).append((kind, at))
        return marks

    def _marking_columns(self) -> Iterator[tuple[str, str, Callable[[str], str]]]:
        fixed = {
            "address": "address",
            "slurm_name": "slurm name",
            "mac": "mac",
            "bmc:address": "bmc address",
            "bmc:mac": "bmc mac",
        }
        for field in self._columns.fields:
            if field in fixed:
                yield fixed[field], field, _normal
            elif field.startswith("serial:"):
                yield f"{field.removeprefix('serial:')} serial", field, _normal
            elif field.startswith("rail:") and field.endswith(":guid"):
                yield f"rail {field.split(':')[1]} guid", field, _normal

    def _on_leaf_port(self, asked: str) -> Iterator[tuple[str, int]]:
        match = _LEAF_PORT.fullmatch(asked)
        if not match:
            return
        leaf, port = match[1].lower(), int(match[2])
        rails = [field.split(":")[1] for field in self._columns.fields if field.endswith(":leaf")]
        for rail in rails:
            leaves, ports = self._columns.column(f"rail:{rail}:leaf"), self._columns.column(f"rail:{rail}:port")
            for at, (its_leaf, its_port) in enumerate(zip(leaves, ports, strict=True)):
                if its_port == port and its_leaf and its_leaf.lower() == leaf:
                    yield f"rail {rail} leaf port", at


def _normal(text: str) -> str:
    """Lower case; a MAC or GUID as bare digits; an IPv6 address in its short form."""
    low = text.lower()
    if len(low) >= _HARDWARE_DIGITS[0] and _HEX.fullmatch(low):
        digits = re.sub(r"[:.\-]", "", low.removeprefix("0x"))
        return digits if len(digits) in _HARDWARE_DIGITS else low
    return _short_v6(low) if ":" in low else low


def _short_v6(text: str) -> str:
    from ipaddress import IPv6Address  # noqa: PLC0415 - 4 ms, and few fleets dial IPv6

    try:
        return IPv6Address(text.strip("[]")).compressed
    except ValueError:
        return text
