"""The probe's section `kernel` to a KernelSection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.kernel_events import LogLine, events_of
from aifctl.diagnosis.unreadable import UnreadableError

#: More than the probe ever sends; a cursor of journald's has 200 characters.
_MOST_LINES, _CURSOR_MOST = 4096, 512
_US = 1e6
_LONGEST_UPTIME_US = 10**16
_PARTS = 3
_NO_CURSOR = frozenset('"\\\n\r\t')


def parse_kernel_data(data: Mapping[str, Any]) -> KernelSection:
    """Return what a node's kernel has said since the last look; UnreadableError where the data are not the probe's."""
    source, lines = data.get("source"), data.get("lines")
    if not isinstance(source, str) or not isinstance(lines, list) or len(lines) > _MOST_LINES:
        raise UnreadableError("the kernel section is not the probe's: it has no source or no lines")
    booted_s = data.get("booted_s")
    events = events_of(_lines(lines, booted_s if isinstance(booted_s, int | float) else None))
    lost_count = _count(data, "lost")
    first_us = data.get("first_us")
    return KernelSection(
        source=printable_line(source)[:16],
        events=events,
        cursor=_cursor(data.get("cursor")),
        lines_count=_count(data, "looked"),
        dropped_count=_count(data, "dropped") + lost_count,
        first_s=first_us / _US if isinstance(first_us, int) and _is_time(first_us) else Absent.MISSING,
        complete=data.get("complete") is True and lost_count == 0,
    )


def moved(section: KernelSection, by_s: float) -> KernelSection:
    """Return it with the events' times moved, for a node whose clock is wrong by so much."""
    return replace(
        section,
        events=tuple(
            event if event.at_s is None else replace(event, at_s=round(event.at_s + by_s, 6))
            for event in section.events
        ),
    )


def _lines(lines: list[Any], booted_s: float | None) -> Iterator[LogLine]:
    for line in lines:
        if not isinstance(line, list) or len(line) != _PARTS or not _is_time(line[0]) or not isinstance(line[2], str):
            raise UnreadableError("a line of the kernel section is not the probe's")
        since_s = line[0] / _US
        at_s = None if booted_s is None else round(booted_s + since_s, 6)
        yield LogLine(line[2], at_s=at_s, monotonic_s=since_s)


def _is_time(value: object) -> bool:
    return type(value) is int and 0 <= value < _LONGEST_UPTIME_US


def _count(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    if type(value) is not int or value < 0:
        raise UnreadableError(f"the kernel section does not tell how many lines it has {name}")
    return value


def _cursor(value: object) -> str:
    """Return a cursor that may be handed back to the node; it goes by JSON, and quoted, whatever stands in it."""
    if not isinstance(value, str) or len(value) > _CURSOR_MOST or not value.isascii() or not value.isprintable():
        return ""
    return "" if _NO_CURSOR.intersection(value) else value
