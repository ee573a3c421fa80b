"""What incidents are folded by and nodes alone can tell: drivers, numbers of GPUs; kept, so that a part of a fleet can be swept.

A sweep of one rack folds what stands of the whole fleet: without the drivers of all the others, an incident of a
driver's nodes would fall apart into one of each node, and come together again with the next whole sweep.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.fleet.nodeset import expand, fold
from aifctl.ports.store import Reader, Store

_KEY = "sweep.told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Node → version of its driver, and how many GPUs it told of."""

    drivers: Mapping[str, str] = field(default_factory=dict)
    gpu_counts: Mapping[str, int] = field(default_factory=dict)


def tell(store: Store, fresh: Told, *, among: Collection[str]) -> Told:
    """Put what was told now over what was told before, keep it, and return it; nodes that are not `among` are forgotten."""
    before = _read(store)
    told = Told(
        drivers={**_only(before.drivers, among), **fresh.drivers},
        gpu_counts={**_only(before.gpu_counts, among), **fresh.gpu_counts},
    )
    if told != before:
        store.put(_KEY, {"drivers": _folded(told.drivers), "gpu_counts": _folded(told.gpu_counts)})
    return told


def _read(reader: Reader) -> Told:
    """Return what is kept; nothing where that is no such thing, since nodes tell it again within a sweep."""
    kept = reader.get(_KEY)
    try:
        return Told(
            drivers=_unfolded(kept["drivers"]),
            gpu_counts={node: int(count) for node, count in _unfolded(kept["gpu_counts"]).items()},
        )
    except (TypeError, KeyError, ValueError, AttributeError, UsageError):
        return Told()


def _only(told: Mapping[str, Any], among: Collection[str]) -> dict[str, Any]:
    return {node: value for node, value in told.items() if node in among}


def _folded(told: Mapping[str, Any]) -> dict[str, str]:
    by_value: dict[str, list[str]] = {}
    for node, value in told.items():
        by_value.setdefault(str(value), []).append(node)
    return {value: fold(nodes) for value, nodes in sorted(by_value.items())}


def _unfolded(kept: Mapping[str, str]) -> dict[str, str]:
    return {node: value for value, nodes in kept.items() for node in expand(nodes)}
