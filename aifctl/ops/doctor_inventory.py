"""doctor looks at the inventory: which one and by which rule, its mistakes, its age, its cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aifctl.core.errors import AifctlError, InventoryError
from aifctl.core.moments import span
from aifctl.ops.doctor_rows import Row, Status
from aifctl.ports.roster import Loaded
from aifctl.ports.toolbox import Toolbox

_FUTURE_S = 60.0


def look_at_inventory(tools: Toolbox) -> Iterator[Row]:
    """Yield the inventory itself, then, where it can be read, its age and its cache."""
    if tools.settings.value("hostfile"):
        yield _hostfile(tools)
        return
    path, source = tools.inventory_path, rule(tools)
    try:
        loaded = tools.roster.load(path)
    except InventoryError as problem:
        yield _mistaken(tools, path, source, problem)
        return
    yield Row(what="inventory", found=f"{path}: {len(loaded.fleet)} nodes, no mistake", source=source)
    yield _age(tools, loaded)
    yield _cache(tools, loaded)


def rule(tools: Toolbox) -> str:
    """Return what made this inventory the one in use."""
    origin = tools.settings.origin("inventory")
    if origin.text:
        return origin.source
    return "./inventory, for want of any other" if tools.inventory_path.parent == Path.cwd() else "it is there"


def _hostfile(tools: Toolbox) -> Row:
    value = tools.settings.value
    fleet = tools.roster.load_hostfile(Path(value("hostfile"))).fleet
    found = f"host file {value('hostfile')}: {len(fleet)} nodes"
    return Row(what="inventory", found=found, source=tools.settings.origin("hostfile").source)


def _mistaken(tools: Toolbox, path: Path, source: str, problem: InventoryError) -> Row:
    count = len(problem.mistakes)
    found = f"{path}: {count} mistake{'s' * (count != 1)}, the first: {problem.mistakes[0]}"
    try:
        last = tools.roster.load(path, last_good=True)
        stand_in = f"nodes, find and inventory show use the last good reading ({len(last.fleet)} nodes) meanwhile"
    except AifctlError:
        stand_in = "there is no last good reading to stand in for it"
    advice = f"aifctl inventory check lists them all; {stand_in}"
    return Row(what="inventory", status=Status.FAIL, found=found, source=source, advice=advice)


def _age(tools: Toolbox, loaded: Loaded) -> Row:
    age_s = tools.clock.now().timestamp() - loaded.modified_at
    stale_after_s = loaded.fleet.policy.stale_after_s
    limit = "no limit in its policy" if stale_after_s is None else f"its policy allows {span(stale_after_s)}"
    found = f"changed {span(age_s)} ago, {limit}"
    if age_s < -_FUTURE_S:
        return Row(
            what="inventory age",
            status=Status.WARN,
            found=f"changed {span(-age_s)} in the future",
            advice="compare this control host's clock with another's",
        )
    if stale_after_s is not None and age_s > stale_after_s:
        advice = "changing verbs refuse a stale inventory: bring it up to date, or touch it if it is"
        return Row(what="inventory age", status=Status.FAIL, found=found, advice=advice)
    return Row(what="inventory age", found=found)


def _cache(tools: Toolbox, loaded: Loaded) -> Row:
    if loaded.warm:
        return Row(what="inventory cache", found="warm")
    if tools.roster.load(loaded.path).warm:
        return Row(what="inventory cache", found="was cold, this look has warmed it")
    advice = "every command reads the YAML anew until the state directory can be written"
    return Row(what="inventory cache", status=Status.WARN, found="stays cold", advice=advice)
