"""Which nodes a fault is for: a nodeset, a count or a share by lot, or all."""

from __future__ import annotations

import difflib
import re
from random import Random

from aifctl.core.errors import UnknownNodeError, UsageError
from aifctl.core.units import parse_count_or_share
from aifctl.fleet.nodeset_ranges import expand
from aifctl.sim.layout import Layout

_MOST_NAMED = 5


def resolve_targets(where: str, layout: Layout, *, seed: int, kind: str) -> list[int]:
    """Return the indices; the lot is drawn from seed and kind, so that the same fleet is sick in the same places."""
    if not where or where == "@all":
        return list(range(layout.nodes_count))
    if re.fullmatch(r"\d+(\.\d+)?%|\d+", where):
        count = parse_count_or_share(where, total=layout.nodes_count)
        if count > layout.nodes_count:
            raise UsageError(f"a fault for {count} nodes, and the fleet has {layout.nodes_count}")
        drawn = Random(f"{seed} {kind}").sample(range(layout.nodes_count), count)  # noqa: S311  repeatable on purpose
        return sorted(drawn)
    return [_index(name, layout) for name in expand(where)]


def _index(name: str, layout: Layout) -> int:
    index = layout.index_of(name)
    if index is None:
        near = difflib.get_close_matches(name, [place.name for place in layout.places()], n=_MOST_NAMED)
        hint = f"; nearest: {', '.join(near)}" if near else ""
        raise UnknownNodeError(f"the simulated fleet has no node {name!r}{hint}", unknown=[name], nearest=near)
    return index
