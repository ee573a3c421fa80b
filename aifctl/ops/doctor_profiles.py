"""doctor looks at the profiles: whether they parse, and for how many nodes there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from aifctl.core.errors import ProfilesError, SetupError
from aifctl.ops.doctor_rows import Row, Status
from aifctl.ports.toolbox import Toolbox

_WHAT = "profiles"
_TOLD_COUNT = 3


def look_at_profiles(tools: Toolbox) -> Iterator[Row]:
    """Yield one row: kinds of nodes that are known, and nodes whose SKU no profile is for."""
    try:
        profiles = tools.profiles
    except ProfilesError as problem:
        first = "; ".join(map(str, problem.mistakes[:_TOLD_COUNT]))
        yield Row(what=_WHAT, status=Status.FAIL, found=first, advice="aifctl inventory check tells all of them")
        return
    try:
        fleet = tools.fleet
    except SetupError:  # a row of its own says why
        yield Row(what=_WHAT, found=", ".join(profile.name for profile in profiles.all))
        return
    sku_of = fleet.attribute("sku")
    skus = Counter(sku_of(name) for name in fleet.names)
    known: Counter[str] = Counter()
    for sku, count in skus.items():
        if profile := profiles.of_sku(sku):
            known[f"{profile.name} ({profile.origin})"] += count
    strange = sorted(str(sku) for sku in skus if sku and not profiles.of_sku(sku))
    found = [f"{name} for {count:,} nodes" for name, count in sorted(known.items())]
    found += [f"no SKU in the inventory for {skus[None]:,} nodes"] if skus[None] else []
    if not strange:
        yield Row(what=_WHAT, found="; ".join(found) or "no node")
        return
    of = sum(skus[sku] for sku in strange)
    yield Row(
        what=_WHAT,
        status=Status.WARN,
        found="; ".join([*found, f"none for {of:,} nodes of {', '.join(strange[:_TOLD_COUNT])}"]),
        advice="what checks compare with a profile reads unknown there; write one beside the inventory, in profiles/",
    )
