"""How each class of a reading is packed: which of its facts are its own, which it has in common with others, what moves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.pci import PciSection
from aifctl.diagnosis.port import PortSection
from aifctl.diagnosis.reading import SectionName

#: The kernel's events are kept as events, once, not with every look.
SECTIONS: Mapping[SectionName, Any] = {
    SectionName.GPU: GpuSection,
    SectionName.PORT: PortSection,
    SectionName.PCI: PciSection,
    SectionName.HOST: Host,
}

to_text = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=True, check_circular=False).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one class is packed.

    Attributes:
        own: facts that nothing else has. alike: its other facts. parts: fields that hold tuples of another class. moving:
            what moves. maps: moving maps, whose keys are facts. moving_parts: those of `moving` that hold tuples of
            another class.
        own_of, alike_of, moving_of, maps_of: the values of those fields.
        head: what stands before the rows, as JSON.
        packed: what alike facts were packed as, by the identity of each; the facts themselves are kept with it, so that
            their identities stay their own. Parts of nodes that are built alike share them (nvml_alike, sysfs_ports, …);
            whole sections don't, and are not looked for here.
    """

    kind: Any
    names: frozenset[str]
    own: tuple[str, ...]
    alike: tuple[str, ...]
    parts: Mapping[str, Any]
    moving: tuple[str, ...]
    maps: tuple[str, ...]
    moving_parts: Mapping[str, Any]
    own_of: Callable[[Any], tuple[Any, ...]]
    alike_of: Callable[[Any], tuple[Any, ...]]
    moving_of: Callable[[Any], tuple[Any, ...]]
    maps_of: Callable[[Any], tuple[Any, ...]]
    head: str
    packed: dict[tuple[int, ...], tuple[tuple[Any, ...], str]] | None


@cache  # of a handful of classes
def shape_of(kind: Any) -> Shape:
    hints = get_type_hints(kind)
    by_name = {field.name: bool(field.metadata.get("moves")) for field in fields(kind)}
    held = {name: part for name in by_name if (part := _part(hints[name])) is not None}
    maps = tuple(name for name, moves in by_name.items() if moves and name not in held and _is_map(hints[name]))
    moving = tuple(name for name, moves in by_name.items() if moves and name not in maps)
    plain = [field for field in fields(kind) if not by_name[field.name] and field.name not in held]
    own = tuple(field.name for field in plain if field.metadata.get("own"))
    alike = tuple(field.name for field in plain if field.name not in own)
    parts = {name: part for name, part in held.items() if not by_name[name]}
    return Shape(
        kind=kind,
        names=frozenset(by_name),
        own=own,
        alike=alike,
        parts=parts,
        moving=moving,
        maps=maps,
        moving_parts={name: part for name, part in held.items() if by_name[name]},
        own_of=_getter(own),
        alike_of=_getter(alike),
        moving_of=_getter(moving),
        maps_of=_getter(maps),
        head=f'{{"f":{to_text([*own, *alike, *maps, *parts])},"m":{to_text(moving)},"r":[',
        packed=None if kind in SECTIONS.values() else {},
    )


def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda _thing: ()
    only = attrgetter(*names)
    return lambda thing: (only(thing),)


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
