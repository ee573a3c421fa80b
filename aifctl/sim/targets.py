"""Which nodes a fault is for: a nodeset, a count or a share by lot, what stands or hangs together, or all."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from random import Random

from aifctl.core.errors import UnknownNodeError, UsageError
from aifctl.core.units import parse_count_or_share
from aifctl.fleet.nodeset_ranges import expand
from aifctl.sim.layout import RAILS, Layout, Place

_MOST_NAMED = 5
_LOT = re.compile(r"\d+(\.\d+)?%|\d+")

#: Kind of scope → the names that a place has there, as the simulated inventory writes them.
_SCOPES: Mapping[str, Callable[[Place, Layout], tuple[str, ...]]] = {
    "rack": lambda place, layout: (layout.rack_name(place.rack),),
    "su": lambda place, _: (f"su{place.su}",),
    "hall": lambda place, _: (f"h{place.hall}",),
    "feed": lambda place, _: place.feeds,
    "leaf": lambda place, _: tuple(place.leaf(rail) for rail in range(RAILS)),
}


def resolve_targets(where: str, layout: Layout, *, seed: int, kind: str) -> list[int]:
    """Return the indices; the lot is drawn from seed and kind, so that the same fleet is sick in the same places."""
    if not where or where == "@all":
        return list(range(layout.nodes_count))
    if _LOT.fullmatch(where):
        return _drawn(where, layout, lot=f"{seed} {kind}")
    scope, colon, name = where.removeprefix("@").partition(":")
    if scope == "cohort" and colon:
        return _cohort(name, layout, seed=seed)
    if colon:
        return _within(scope, name, layout)
    return [_index(name, layout) for name in expand(where)]


def rail_of(where: str) -> str:
    """Return the rail that a leaf serves, "" where a fault is for something else."""
    match = re.fullmatch(r"@?leaf:l\d+-r([0-7])", where)
    return match[1] if match else ""


def _drawn(text: str, layout: Layout, *, lot: str) -> list[int]:
    count = parse_count_or_share(text, total=layout.nodes_count)
    if count > layout.nodes_count:
        raise UsageError(f"a fault for {count} nodes, and the fleet has {layout.nodes_count}")
    return sorted(Random(lot).sample(range(layout.nodes_count), count))  # noqa: S311  repeatable on purpose


def _cohort(text: str, layout: Layout, *, seed: int) -> list[int]:
    """Draw NAME:COUNT or NAME:SHARE: the same nodes for every kind of fault, so that they have several in common."""
    name, _, share = text.rpartition(":")
    if not name or not _LOT.fullmatch(share):
        raise UsageError(f"{text!r} is no cohort; write cohort:NAME:5% or cohort:NAME:40")
    return _drawn(share, layout, lot=f"{seed} cohort {name}")


def _within(scope: str, name: str, layout: Layout) -> list[int]:
    if scope not in _SCOPES:
        raise UsageError(f"simulated nodes have no {scope!r} in common; there are {', '.join(_SCOPES)}, cohort")
    names_of = _SCOPES[scope]
    found = [place.index for place in layout.places() if name in names_of(place, layout)]
    if not found:
        raise UsageError(f"the simulated fleet has no {scope} {name!r}")
    return found


def _index(name: str, layout: Layout) -> int:
    index = layout.index_of(name)
    if index is None:
        near = difflib.get_close_matches(name, [place.name for place in layout.places()], n=_MOST_NAMED)
        hint = f"; nearest: {', '.join(near)}" if near else ""
        raise UnknownNodeError(f"the simulated fleet has no node {name!r}{hint}", unknown=[name], nearest=near)
    return index
