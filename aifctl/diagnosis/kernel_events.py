"""From the lines of one log to events: what one line leaves open its neighbours tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from aifctl.diagnosis.kernel import KernelEvent
from aifctl.diagnosis.kernel_lines import STACK, understand
from aifctl.diagnosis.kernel_nvidia import address_of, gpu_named

#: More events than any memory or check looks at; a log of a month of storms has millions of lines.
_MOST_EVENTS = 20_000
#: A GPU is named at most so many lines above the one that says that it is gone; a stack has about 30.
_NAMED_LINES, _STACK_LINES = 4, 60
_UUID = re.compile(r"NVRM: GPU at (?:PCI:)?([0-9a-fA-F:.]{7,16}): (GPU-[0-9a-f-]{36})", re.ASCII)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line; `text` without its time stamp."""

    text: str
    at_s: float | None = None
    monotonic_s: float | None = None


@dataclass(slots=True)
class _Context:
    """What the lines above have said: which GPU was named, who waits, which GPU is which."""

    count: int = 0
    named: str = ""
    named_at: int = -_NAMED_LINES
    waiting: int = -1
    waiting_at: int = -_STACK_LINES


def events_of(lines: Iterable[LogLine]) -> tuple[KernelEvent, ...]:
    """Return the events in the order of their lines; of more than there can be the first half and the last."""
    events: list[KernelEvent] = []
    uuids: dict[str, str] = {}
    context = _Context()
    for line in lines:
        context.count += 1
        event = understand(line.text)
        if event is None:
            _note(line.text, context, events, uuids)
            continue
        if event.kind == "gpu-lost" and not event.pci_address and context.count - context.named_at < _NAMED_LINES:
            event = replace(event, pci_address=context.named)
        if event.kind in {"hung-task", "lockup"}:
            context.waiting, context.waiting_at = len(events), context.count
        events.append(replace(event, at_s=line.at_s, monotonic_s=line.monotonic_s))
    if len(events) > _MOST_EVENTS:
        events = events[: _MOST_EVENTS // 2] + events[-_MOST_EVENTS // 2 :]
    return tuple(_with_uuid(event, uuids) for event in events)


def _note(text: str, context: _Context, events: list[KernelEvent], uuids: dict[str, str]) -> None:
    """Keep what a line that is no event tells of those around it."""
    if "NVRM:" in text:
        if found := _UUID.match(text.strip()):
            uuids[address_of(found[1])] = found[2]
        elif named := gpu_named(text.strip()):
            context.named, context.named_at = named, context.count
    elif context.waiting >= 0 and context.count - context.waiting_at < _STACK_LINES and (found := STACK.match(text)):
        waiting = events[context.waiting]
        events[context.waiting] = replace(waiting, facts={**waiting.facts, "stack": found[1]})
        context.waiting = -1


def _with_uuid(event: KernelEvent, uuids: dict[str, str]) -> KernelEvent:
    uuid = uuids.get(event.pci_address)
    return replace(event, facts={**event.facts, "uuid": uuid}) if uuid and event.kind == "xid" else event
