"""Every field of every section of a healthy node, absent for every reason: nobody is called sick for it, no check breaks.

All checks of the drawer take part, whoever added them, and all that a simulated node tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from types import UnionType
from typing import Any, get_args, get_type_hints

import pytest

from aifctl.diagnosis.absent import NEUTRAL, Absent
from aifctl.diagnosis.check import Case
from aifctl.diagnosis.finding import Finding, Result
from aifctl.diagnosis.judging import judge
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.remembering import remember
from tests.health.changed_readings import one_of_each
from tests.health.simulated_night import Night, checks, profile

#: What tells a device's kind or place: without it a GPU on the bus is one less, which is what it looks like from outside.
WHAT_IT_IS = frozenset({"PciDevice.device_id", "PciDevice.pci_class", "PciDevice.vendor_id"})

#: One of 18 that has no state where the others have one is not a thing that this hardware lacks.
ONE_OF_MANY = frozenset({"NvLink.active"})

Place = tuple[str, Any]


@cache
def healthy() -> Reading:
    """Return what one simulated node tells."""
    return Night(1).reading("r001n01")


def absences(thing: Any, why: Absent) -> Iterator[Place]:
    """Yield the thing with one field absent, each in turn: `Class.field` and the whole; of equal parts the first alone."""
    hints = get_type_hints(type(thing))
    for field in fields(thing):
        value, name = getattr(thing, field.name), f"{type(thing).__name__}.{field.name}"
        if isinstance(hints[field.name], UnionType) and Absent in get_args(hints[field.name]):
            yield name, replace(thing, **{field.name: why})
        if isinstance(value, tuple) and value and is_dataclass(value[0]):
            for at in one_of_each(value):
                for inner, part in absences(value[at], why):
                    yield inner, replace(thing, **{field.name: (*value[:at], part, *value[at + 1 :])})


@cache
def before() -> Memory:
    return remember(Memory(), replace(healthy(), at_s=healthy().at_s - 900.0))


def found(reading: Reading) -> list[Finding]:
    memory = remember(before(), reading)
    return list(judge(Case(reading=reading, profile=profile(), memory=memory), checks()).findings)


def test_a_simulated_node_is_healthy_and_tells_something_in_every_section() -> None:
    assert found(healthy()) == []
    assert {name for name in SectionName if getattr(healthy(), name.value) is None} == set()


#: The neutral reasons are judged alike, and so are those of things that nobody told of or that were refused.
@pytest.mark.parametrize("why", [Absent.NOT_AVAILABLE, Absent.MISSING, Absent.ERROR, Absent.LOST])
@pytest.mark.parametrize("section", sorted(SectionName))
def test_what_is_not_told_makes_nobody_sick_and_breaks_no_check(section: SectionName, why: Absent) -> None:
    tried, wrong = 0, {}
    for name, thing in absences(getattr(healthy(), section.value), why):
        tried += 1
        findings = found(replace(healthy(), **{section.value: thing}))
        sick = [one for one in findings if one.result in {Result.DEGRADED, Result.FAULT} or one.code == "check-failed"]
        if sick and name not in WHAT_IT_IS:
            wrong[name] = [(one.check, one.code, one.message) for one in sick]
        unknown = [one for one in findings if one.result is Result.UNKNOWN]
        if why in NEUTRAL and unknown and name not in WHAT_IT_IS | ONE_OF_MANY:
            wrong.setdefault(name, [(one.check, one.code, one.message) for one in unknown])
    assert wrong == {}
    assert tried > 0
