"""Where nodes stand, as incidents are folded by it: racks, units, feeds, halls, leaves, drivers, and who was judged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from aifctl.diagnosis.scopes import Ground, Port
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.profile import Profiles

_SCOPES = ("rack", "su", "feed", "hall")
_GPU_COUNT = "gpu.count"


def ground_of(
    fleet: Fleet,
    judged: Collection[str],
    *,
    gpu_counts: Mapping[str, int],
    drivers: Mapping[str, str],
    profiles: Profiles,
) -> Ground:
    """Return the ground under a sweep.

    Args:
        fleet: all of it.
        judged: nodes that there is a result of.
        gpu_counts: of those that told; for the others counts what their profile expects.
        drivers: node → version of its driver, of those that told.
        profiles: what SKUs are expected to have.
    """
    scopes: dict[str, Mapping[str, Sequence[str]]] = {kind: fleet.scope(kind) for kind in _SCOPES}
    scopes["cohort"] = _turned(drivers.items())
    judged = frozenset(judged)
    return Ground(
        judged=judged,
        scopes=scopes,
        leaf_of=_leaves(fleet, judged),
        gpu_counts={**_expected(fleet, judged, profiles), **gpu_counts},
    )


def _turned(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node, value in pairs:
        found.setdefault(value, []).append(node)
    return found


def _leaves(fleet: Fleet, judged: Collection[str]) -> dict[Port, str]:
    """Return (node, HCA) → leaf, for the rails that the inventory knows both of."""
    return {
        (name, hca): leaf for name, rails in fleet.rail_ports() if name in judged for hca, leaf in rails if hca and leaf
    }


def _expected(fleet: Fleet, judged: Collection[str], profiles: Profiles) -> dict[str, int]:
    counts: dict[str | None, int] = {}
    sku_of = fleet.attribute("sku")
    found = {}
    for name in judged:
        sku = sku_of(name)
        if sku not in counts:
            profile = profiles.of_sku(sku)
            expectation = profile.expectations.get(_GPU_COUNT) if profile else None
            counts[sku] = int(expectation.value) if expectation else 0
        if counts[sku]:
            found[name] = counts[sku]
    return found
