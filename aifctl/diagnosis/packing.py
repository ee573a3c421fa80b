"""A reading as what is kept: facts, which seldom change, and numbers that move with every look; and back.

Facts are columnar JSON (field names once, a row an object); the numbers are one flat list in the order in which the
facts are walked. Both are read back by field name, so that readings of an older version stay readable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from operator import attrgetter
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.pci import PciSection
from aifctl.diagnosis.port import PortSection
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.unreadable import UnreadableError

#: The kernel's events are kept as events, once, not with every look.
_SECTIONS: Mapping[SectionName, type[Any]] = {
    SectionName.GPU: GpuSection,
    SectionName.PORT: PortSection,
    SectionName.PCI: PciSection,
    SectionName.HOST: Host,
}
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
    facts: dict[str, Any] = {"boot_id": reading.boot_id, "probe": reading.probe}
    facts["ends"] = {
        name.value: [end.status.value, end.code, end.message] for name, end in sorted(reading.ends.items())
    }
    for name, section in _sections(reading):
        facts[name.value] = _pack_rows([section], _shape(type(section)), moving)
    kernel = reading.kernel
    if kernel is not None:
        facts["kernel"] = {"source": kernel.source}
        moving += [kernel.cursor, kernel.lines_count, kernel.dropped_count, _plain(kernel.first_s), kernel.complete]
    body = _json(facts)
    return Packed(facts=body, digest=hashlib.sha256(body).hexdigest(), moving=_json(moving))


def unpack(facts: bytes, moving: bytes, *, node: str = "") -> Reading:
    """Return the reading again, but for the kernel's events and the sections' durations; UnreadableError for garbage."""
    try:
        return _unpack(json.loads(facts), iter(json.loads(moving)), node)
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration) as problem:
        raise UnreadableError(f"what is stored of {node or 'a node'} is no reading: {problem!r}") from problem


def _unpack(facts: dict[str, Any], moving: Iterator[Any], node: str) -> Reading:
    at_s, clock_s = next(moving), next(moving)
    found = {
        name: _unpack_rows(facts[name.value], _shape(kind), moving)[0]
        for name, kind in _SECTIONS.items()
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
    for name in _SECTIONS:
        section = getattr(reading, name.value)
        if section is not None:
            yield name, section


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one class is packed: its plain facts, its parts, what moves, and moving maps whose keys are facts."""

    kind: type[Any]
    plain: tuple[str, ...]
    parts: tuple[tuple[str, type[Any]], ...]
    moving: tuple[str, ...]
    maps: tuple[str, ...]

    def values(self, names: tuple[str, ...], thing: Any) -> tuple[Any, ...]:
        if not names:
            return ()
        found = attrgetter(*names)(thing)
        return found if len(names) > 1 else (found,)


def _shape(kind: type[Any]) -> _Shape:
    found = _SHAPES.get(kind)
    if found is None:
        found = _SHAPES[kind] = _shape_of(kind)
    return found


_SHAPES: dict[type[Any], _Shape] = {}


def _shape_of(kind: type[Any]) -> _Shape:
    hints = get_type_hints(kind)
    plain: list[str] = []
    parts: list[tuple[str, type[Any]]] = []
    moving: list[str] = []
    maps: list[str] = []
    for field in fields(kind):
        moves, hint = bool(field.metadata.get("moves")), hints[field.name]
        part = _part(hint)
        if part is not None and not moves:
            parts.append((field.name, part))
        elif moves and _is_map(hint):
            maps.append(field.name)
        else:
            (moving if moves else plain).append(field.name)
    return _Shape(kind, tuple(plain), tuple(parts), tuple(moving), tuple(maps))


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if isinstance(hint, UnionType) else (hint,)


def _part(hint: Any) -> type[Any] | None:
    """Return the class of what a field holds a tuple of."""
    for one in _alternatives(hint):
        if get_origin(one) is tuple and is_dataclass(get_args(one)[0]):
            held = get_args(one)[0]
            assert isinstance(held, type)  # noqa: S101  is_dataclass is true of instances, too
            return held
    return None


def _is_map(hint: Any) -> bool:
    return any(get_origin(one) is Mapping for one in _alternatives(hint))


def _pack_rows(things: list[Any], shape: _Shape, moving: list[Any]) -> dict[str, Any]:
    rows = []
    for thing in things:
        row = [_plain(value) for value in shape.values(shape.plain, thing)]
        moving += [_moved(value) for value in shape.values(shape.moving, thing)]
        for value in shape.values(shape.maps, thing):
            row.append(_keys(value))
            moving += [] if isinstance(value, Absent) else [value[key] for key in sorted(value)]
        for name, part in shape.parts:
            value = getattr(thing, name)
            row.append(_ABSENT[value] if isinstance(value, Absent) else _pack_rows(list(value), _shape(part), moving))
        rows.append(row)
    return {"f": [*shape.plain, *shape.maps, *(name for name, _ in shape.parts)], "m": list(shape.moving), "r": rows}


def _unpack_rows(packed: dict[str, Any], shape: _Shape, moving: Iterator[Any]) -> list[Any]:
    known = {field.name for field in fields(shape.kind)}
    parts = dict(shape.parts)
    return [_unpack_row(packed, row, shape, parts, known, moving) for row in packed["r"]]


def _unpack_row(
    packed: dict[str, Any],
    row: list[Any],
    shape: _Shape,
    parts: dict[str, type[Any]],
    known: set[str],
    moving: Iterator[Any],
) -> Any:
    found: dict[str, Any] = {name: _told(next(moving)) for name in packed["m"]}
    for name, value in zip(packed["f"], row, strict=True):
        if name in shape.maps:
            found[name] = _told(value) if isinstance(value, dict) else {key: next(moving) for key in value}
        elif name in parts and "r" in value:
            found[name] = tuple(_unpack_rows(value, _shape(parts[name]), moving))
        else:
            found[name] = _told(value)
    found = {name: value for name, value in found.items() if name in known}
    for name in shape.moving:
        part = _part(get_type_hints(shape.kind)[name])
        if part is not None and isinstance(found.get(name), tuple):
            found[name] = tuple(part(**{key: _told(value) for key, value in one.items()}) for one in found[name])
    return shape.kind(**found)


def _keys(value: Any) -> Any:
    return _ABSENT[value] if isinstance(value, Absent) else sorted(value)


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


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=True).encode("ascii")
