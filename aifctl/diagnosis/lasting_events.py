"""Which of the kernel's events stay evidence until the next boot, and few of many: no storm pushes another's cause out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aifctl.diagnosis.finding import Result
from aifctl.diagnosis.kernel import KernelEvent, time_of
from aifctl.diagnosis.xids import meaning_of

#: Of one kind the first and the last are kept, and how many more there were.
_MOST_EQUAL, _FIRST_EQUAL, _LEAST_EQUAL = 20, 4, 2
_MOST_EVENTS = 200

_LASTING = frozenset(
    {"xid", "sxid", "gpu-lost", "gpu-init", "mlx5", "nvml-mismatch", "panic", "hung-task", "lockup", "oom", "mce", "edac",
     "filesystem", "disk", "link-flap", "aer"}
)  # fmt: skip
#: While a node boots links come up, and cables are found missing that nobody has plugged.
BOOTING_S = 600.0

_TOLD = ("device", "server", "interface", "severity", "what", "link")
_Kind = tuple[object, ...]


def further_count(event: KernelEvent) -> int:
    """Return how many more of its kind an event stands for."""
    value = event.facts.get("further_count", 0)
    return value if isinstance(value, int) else 0


def lasting(before: Iterable[KernelEvent], new: Iterable[KernelEvent]) -> tuple[KernelEvent, ...]:
    """Return the events that stay evidence, by kind in order of appearance and within a kind of time.

    Args:
        before: as this function left them.
        new: what a look has brought; a source without a cursor brings what it had brought before, which is known by
            its time.
    """
    kinds: dict[_Kind, list[KernelEvent]] = {}
    for event in before:
        kinds.setdefault(_kind_of(event), []).append(event)
    known = {kind: time_of(those[-1]) for kind, those in kinds.items()}
    for event in new:
        kind = _kind_of(event)
        if _lasts(event) and not _is_known(event, known.get(kind)):
            _add(kinds.setdefault(kind, []), event)
    return _fitting(kinds)


def _lasts(event: KernelEvent) -> bool:
    if event.kind not in _LASTING:
        return False
    if event.kind == "aer":
        return event.facts.get("severity") != "corrected"
    if event.kind == "link-flap" or event.facts.get("what") == "unplugged":
        return event.monotonic_s is None or event.monotonic_s >= BOOTING_S
    return True


def _kind_of(event: KernelEvent) -> _Kind:
    return event.kind, event.number, event.pci_address, *(event.facts.get(name) for name in _TOLD)


def _is_known(event: KernelEvent, last_s: float | None) -> bool:
    time_s = time_of(event)
    return last_s is not None and time_s is not None and time_s <= last_s


def _add(those: list[KernelEvent], event: KernelEvent) -> None:
    those.append(event)
    if len(those) > _MOST_EQUAL:
        _drop(those)


def _drop(those: list[KernelEvent]) -> None:
    """Drop one from the middle; the one behind it stands for it, too."""
    at = min(_FIRST_EQUAL, len(those) - 2)
    dropped = those.pop(at)
    heir = those[at]
    count = further_count(heir) + further_count(dropped) + 1
    those[at] = replace(heir, facts={**heir.facts, "further_count": count})


def _fitting(kinds: dict[_Kind, list[KernelEvent]]) -> tuple[KernelEvent, ...]:
    """Make room: from the most frequent first, then the least that matters as a whole."""
    count = sum(map(len, kinds.values()))
    while count > _MOST_EVENTS:
        largest = max(kinds.values(), key=len)
        if len(largest) > _LEAST_EQUAL:
            _drop(largest)
            count -= 1
        else:
            least = min(kinds, key=lambda kind: _weight_of(kinds[kind][0]))
            count -= len(kinds.pop(least))
    return tuple(event for those in kinds.values() for event in those)


def _weight_of(event: KernelEvent) -> int:
    if event.kind == "xid" and event.number is not None:
        return 2 if meaning_of(event.number).result is Result.FAULT else 0
    return 2 if event.kind in {"gpu-lost", "gpu-init", "sxid"} else 1
