"""The drawers that are opened, and when: a format's own file alone where its name is known, all of them otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aifctl.core.report import Kind

if TYPE_CHECKING:
    from aifctl.output.format import Format


def format_names() -> frozenset[str]:
    import aifctl.output.formats
    from aifctl.core.drawers import names_in

    return frozenset(names_in(aifctl.output.formats))


def format_named(name: str) -> Format:
    """Open one format's file alone: the others' libraries cost 30 ms that a light verb does not have."""
    import importlib

    found: Format = importlib.import_module(f"aifctl.output.formats.{name}").FORMAT
    return found


def all_formats() -> dict[str, Format]:
    import aifctl.output.formats
    from aifctl.core.drawers import read_drawer

    return {one.name: one for one in read_drawer(aifctl.output.formats, "FORMAT", group="aifctl.output_formats")}


def inventory_formats() -> list[Any]:
    import aifctl.roster.formats
    from aifctl.core.drawers import read_drawer

    return read_drawer(aifctl.roster.formats, "FORMAT", group="aifctl.inventory_formats")


def report_kinds() -> dict[str, Kind]:
    """Return every kind of report by name: the constants of the verbs' modules."""
    import aifctl.core.report
    import aifctl.dispatch
    import aifctl.health
    import aifctl.ops
    import aifctl.output.schema
    import aifctl.sim.bench
    import aifctl.sim.verbs
    from aifctl.core.drawers import modules_below

    rooms = [aifctl.dispatch, aifctl.ops, aifctl.health]
    modules = [aifctl.core.report, aifctl.output.schema, aifctl.sim.verbs, aifctl.sim.bench]
    modules += [module for room in rooms for module in modules_below(room)]
    found = {value.name: value for module in modules for value in vars(module).values() if isinstance(value, Kind)}
    return dict(sorted(found.items()))
