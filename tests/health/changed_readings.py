"""A reading with one field other than it was, each field of each kind of part in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from types import UnionType
from typing import Any, get_args, get_type_hints

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.reading import Reading, SectionName

Place = tuple[str, Any]


def changed_readings(reading: Reading, section: SectionName) -> Iterator[tuple[str, Reading]]:
    """Yield `Class.field` and the reading with that field of one part absent for each reason, or of another value."""
    for name, thing in _changed(getattr(reading, section.value)):
        yield name, replace(reading, **{section.value: thing})


def _changed(thing: Any) -> Iterator[Place]:
    hints = get_type_hints(type(thing))
    for field in fields(thing):
        value, name, hint = getattr(thing, field.name), f"{type(thing).__name__}.{field.name}", hints[field.name]
        others = list(_others(value))
        if isinstance(hint, UnionType) and Absent in get_args(hint):
            others += [why for why in Absent if why is not value]
        for other in others:
            yield f"{name}={other!r}", replace(thing, **{field.name: other})
        if isinstance(value, tuple) and value and is_dataclass(value[0]):
            for at in one_of_each(value):
                for inner, part in _changed(value[at]):
                    yield inner, replace(thing, **{field.name: (*value[:at], part, *value[at + 1 :])})


def _others(value: Any) -> Iterator[Any]:
    if isinstance(value, Absent):
        return
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (type(value)(0), value + 1, value * 1000 + 7, -1 - value)
    elif isinstance(value, str):
        yield from ("", "other", f"{value}x")
    elif isinstance(value, tuple):
        yield from ((), value[1:])
    elif isinstance(value, Mapping):
        yield from ({key: one for key, one in value.items() if key != gone} for gone in value)
        yield from ({**value, key: other} for key, one in value.items() for other in _others(one))


def one_of_each(parts: tuple[Any, ...]) -> list[int]:
    """Return where a part stands that is not like the one before: a disk, a GPU among PCI devices, a port that is up."""
    kinds: dict[Any, int] = {}
    for at, part in enumerate(parts):
        kind = getattr(part, "device_id", None) or getattr(part, "link_layer", None) or type(part)
        kinds.setdefault(kind, at)
    return list(kinds.values())
