"""A memory as JSON, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from aifctl.diagnosis.kernel import KernelEvent
from aifctl.diagnosis.memory import Growth, Memory, Occasion
from aifctl.diagnosis.unreadable import UnreadableError


def render_memory(memory: Memory) -> bytes:
    """Return canonical JSON, without what every look changes (`seen_at_s`, `booted_at_s`): equal memories, equal bytes."""
    body = {
        "boot_id": memory.boot_id,
        "driver_loads": memory.driver_loads,
        "cursor": memory.cursor,
        "counters": memory.counters,
        "growths": [
            [identity, name, [[one.at_s, one.count, one.seconds] for one in those]]
            for (identity, name), those in memory.growths.items()
        ],
        "events": [render_event(event) for event in memory.events],
        "occasions": [asdict(one) for one in memory.occasions],
    }
    return json.dumps(body, separators=(",", ":"), sort_keys=True).encode("ascii")


def parse_memory(text: bytes, *, seen_at_s: float) -> Memory:
    """Return the memory that was rendered, with when the node was last seen; UnreadableError for anything else."""
    try:
        body = json.loads(text)
        return Memory(
            boot_id=body["boot_id"],
            seen_at_s=seen_at_s,
            driver_loads=body["driver_loads"],
            cursor=body["cursor"],
            counters=body["counters"],
            growths={
                (identity, name): tuple(Growth(at_s=at, count=count, seconds=took) for at, count, took in those)
                for identity, name, those in body["growths"]
            },
            events=tuple(parse_event(event) for event in body["events"]),
            occasions=tuple(Occasion(**one) for one in body.get("occasions", ())),
        )
    except (ValueError, TypeError, KeyError) as problem:
        raise UnreadableError(f"what is remembered of a node is no memory: {problem!r}") from problem


def render_event(event: KernelEvent) -> dict[str, Any]:
    """Return an event JSON-able; `parse_event` turns it back."""
    return {
        "kind": event.kind,
        "at_s": event.at_s,
        "monotonic_s": event.monotonic_s,
        "number": event.number,
        "pci_address": event.pci_address,
        "text": event.text,
        "facts": dict(event.facts),
    }


def parse_event(body: dict[str, Any]) -> KernelEvent:
    """Return what `render_event` made a body of; TypeError where it is none."""
    return KernelEvent(**body)
