"""A reading as what is kept: facts, which seldom change, and numbers that move with every look; and back.

Facts are columnar JSON (field names once, a row an object); the numbers are one flat list in the order in which the
facts are walked. Both are read back by field name, so that readings of an older version stay readable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import NvLink
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.packing_shape import SECTIONS, Shape, shape_of, to_text
from aifctl.diagnosis.pci import PciDevice
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.unreadable import UnreadableError

_ABSENT = {absent: {"!": absent.value} for absent in Absent}
_MARK = "!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A reading, packed.

    Attributes:
        facts: canonical JSON: equal facts are equal bytes.
        digest: sha256 of the facts, hex.
        moving: JSON list.
    """

    facts: bytes
    digest: str
    moving: bytes


def pack(reading: Reading) -> Packed:
    """Pack a reading, all but the kernel's events."""
    moving: list[Any] = [round(reading.at_s, 3), _short(reading.node_clock_s)]
    ends = {name.value: [end.status.value, end.code, end.message] for name, end in reading.ends.items()}
    facts = {"boot_id": to_text(reading.boot_id), "probe": to_text(reading.probe), "ends": to_text(ends)}
    for name, section in _sections(reading):
        facts[name.value] = _pack_rows([section], shape_of(section.__class__), moving)
    kernel = reading.kernel
    if kernel is not None:
        facts["kernel"] = to_text({"source": kernel.source})
        moving += [kernel.cursor, kernel.lines_count, kernel.dropped_count, _plain(kernel.first_s), kernel.complete]
    body = ("{" + ",".join(f'"{name}":{facts[name]}' for name in sorted(facts)) + "}").encode("ascii")
    return Packed(facts=body, digest=hashlib.sha256(body).hexdigest(), moving=to_text(moving).encode("ascii"))


def unpack(facts: bytes, moving: bytes, *, node: str = "") -> Reading:
    """Return the reading again, but for the kernel's events and the sections' durations; UnreadableError for garbage."""
    try:
        return _unpack(json.loads(facts), iter(json.loads(moving)), node)
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration) as problem:
        raise UnreadableError(f"what is stored of {node or 'a node'} is no reading: {problem!r}") from problem


def _unpack(facts: dict[str, Any], moving: Iterator[Any], node: str) -> Reading:
    at_s, clock_s = next(moving), next(moving)
    found = {
        name: _unpack_rows(facts[name.value], shape_of(kind), moving)[0]
        for name, kind in SECTIONS.items()
        if name.value in facts
    }
    kernel = None
    if "kernel" in facts:
        cursor, lines_count, dropped_count, first_s, complete = (next(moving) for _ in range(5))
        kernel = KernelSection(
            source=facts["kernel"]["source"],
            cursor=cursor,
            lines_count=lines_count,
            dropped_count=dropped_count,
            first_s=_told(first_s),
            complete=complete,
        )
    return Reading(
        node=node,
        at_s=at_s,
        node_clock_s=clock_s,
        boot_id=facts["boot_id"],
        probe=facts["probe"],
        ends={SectionName(name): _end(values) for name, values in facts["ends"].items()},
        gpu=found.get(SectionName.GPU),
        port=found.get(SectionName.PORT),
        pci=found.get(SectionName.PCI),
        host=found.get(SectionName.HOST),
        kernel=kernel,
    )


def _end(values: list[Any]) -> SectionEnd:
    status, code, message = values
    return SectionEnd(status=SectionStatus(status), code=code, message=message)


def _sections(reading: Reading) -> Iterator[tuple[SectionName, Any]]:
    for name in SECTIONS:
        section = getattr(reading, name.value)
        if section is not None:
            yield name, section


#: Devices and links that were packed before, by identity: GPUs and nodes that are built alike share them (sysfs_pci,
#: nvml_links). The thing itself is kept with what it was packed as, so that its identity stays its own.
_PACKED: dict[tuple[int, Any], tuple[Any, str, list[Any]]] = {}
_MOST_PACKED = 4096
#: Of one class: those of the nodes of some kinds.
_MOST_ALIKE = 1024


def _packed(thing: Any, shape: Shape, make: Callable[[Any, Shape, list[Any]], str], moving: list[Any]) -> str:
    known = _PACKED.get((id(thing), shape.kind))
    if known is None:
        if len(_PACKED) >= _MOST_PACKED:
            _PACKED.clear()
        own: list[Any] = []
        known = _PACKED[id(thing), shape.kind] = (thing, make(thing, shape, own), own)
    moving += known[2]
    return known[1]


def _pack_part(things: tuple[Any, ...], part: Any, moving: list[Any]) -> str:
    if part in {NvLink, PciDevice}:
        return _packed(things, shape_of(part), _pack_rows, moving)
    return _pack_rows(things, shape_of(part), moving)


def _pack_rows(things: Iterable[Any], shape: Shape, moving: list[Any]) -> str:
    """Return {"f": names of the columns, "m": names of what moves, "r": rows} as JSON."""
    if shape.kind is PciDevice:
        rows = [_packed(thing, shape, _pack_row, moving) for thing in things]
    else:
        rows = [_pack_row(thing, shape, moving) for thing in things]
    return f"{shape.head}{','.join(rows)}]}}"


def _pack_row(thing: Any, shape: Shape, moving: list[Any]) -> str:
    cells = [_cell(value) for value in shape.own_of(thing)]
    if shape.alike:
        cells.append(_alike_cells(shape.alike_of(thing), shape))
    moving += [value if type(value) is int else _moved(value) for value in shape.moving_of(thing)]
    for value in shape.maps_of(thing):
        if isinstance(value, Absent):
            cells.append(_cell(value))
            continue
        names, text = _sorted_names(tuple(value))
        cells.append(text)
        moving += [value[name] for name in names]
    for name, part in shape.parts.items():
        value = getattr(thing, name)
        cells.append(_cell(value) if isinstance(value, Absent) else _pack_part(value, part, moving))
    return f"[{','.join(cells)}]"


def _alike_cells(values: tuple[Any, ...], shape: Shape) -> str:
    if shape.packed is None:
        return _cells(values)
    key = tuple(map(id, values))
    known = shape.packed.get(key)
    if known is None:
        if len(shape.packed) >= _MOST_ALIKE:
            shape.packed.clear()
        known = shape.packed[key] = values, _cells(values)
    return known[1]


def _cell(value: Any) -> str:
    if type(value) is int:
        return str(value)
    return to_text(value if type(value) is str else _plain(value))


def _cells(values: tuple[Any, ...]) -> str:
    return to_text([value if type(value) in _AS_IT_IS else _plain(value) for value in values])[1:-1]


@lru_cache(maxsize=256)
def _sorted_names(names: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Return the keys of a moving map in the order in which its values are packed, and as JSON."""
    ordered = tuple(sorted(names))
    return ordered, to_text(ordered)


def _unpack_rows(packed: dict[str, Any], shape: Shape, moving: Iterator[Any]) -> list[Any]:
    return [_unpack_row(packed, row, shape, moving) for row in packed["r"]]


def _unpack_row(packed: dict[str, Any], row: list[Any], shape: Shape, moving: Iterator[Any]) -> Any:
    found: dict[str, Any] = {name: _told(next(moving)) for name in packed["m"]}
    for name, value in zip(packed["f"], row, strict=True):
        if type(value) not in _CONTAINERS:
            found[name] = value
        elif name in shape.maps:
            found[name] = _told(value) if isinstance(value, dict) else {key: next(moving) for key in value}
        elif name in shape.parts and "r" in value:
            found[name] = tuple(_unpack_rows(value, shape_of(shape.parts[name]), moving))
        else:
            found[name] = _told(value)
    for name, part in shape.moving_parts.items():
        if isinstance(found.get(name), tuple):
            found[name] = tuple(part(**{key: _told(value) for key, value in one.items()}) for one in found[name])
    if not shape.names.issuperset(found):
        found = {name: value for name, value in found.items() if name in shape.names}
    return shape.kind(**found)


_AS_IT_IS = frozenset({int, str, bool, float, type(None)})
_CONTAINERS = frozenset({dict, list})


def _plain(value: Any) -> Any:
    """Return a fact as JSON has it."""
    if type(value) is Absent:
        return _ABSENT[value]
    return dict(sorted(value.items())) if isinstance(value, Mapping) else value


def _moved(value: Any) -> Any:
    """Return a number that moves, or a tuple of parts that do, as JSON has it."""
    if type(value) is Absent:
        return _ABSENT[value]
    if type(value) is tuple:
        return [
            {field.name: _plain(getattr(one, field.name)) for field in fields(one)} if is_dataclass(one) else one
            for one in value
        ]
    return _short(value)


def _short(value: Any) -> Any:
    """Return a float with no more digits than anybody looks at: noise does not compress."""
    return round(value, 4) if type(value) is float else value


def _told(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1 and _MARK in value:
        return Absent(value[_MARK])
    return tuple(value) if isinstance(value, list) else value
