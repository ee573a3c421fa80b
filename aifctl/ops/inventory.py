"""inventory check, show, export, import, formats, template."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aifctl.core.errors import Mistake, ProfilesError, SetupError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Column, Head, Kind, Report
from aifctl.dispatch.asked import Chosen
from aifctl.dispatch.selection import choose
from aifctl.fleet.node import Node
from aifctl.ops.texts import TEXT, tell_text
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

MISTAKE = Kind(
    name="InventoryMistake",
    columns=(
        Column(key="file", title="file"),
        Column(key="line", title="line", right=True),
        Column(key="message", title="mistake"),
    ),
    key="file",
    about="One mistake of an inventory; line 0 means the file as a whole.",
)
ENTRY = Kind(
    name="InventoryEntry",
    columns=(
        Column(key="node", title="node"),
        Column(key="address", title="address"),
        Column(key="rack", title="rack"),
        Column(key="su", title="su"),
        Column(key="sku", title="sku"),
        Column(key="state", title="state"),
        Column(key="bmc", title="bmc", wide=True),
        Column(key="feeds", title="feeds", wide=True),
        Column(key="rails", title="rails", wide=True),
        Column(key="labels", title="labels", wide=True),
    ),
    about="All that the inventory says of one node.",
)
FORMAT = Kind(
    name="InventoryFormat",
    columns=(
        Column(key="format", title="format"),
        Column(key="reads", title="import"),
        Column(key="writes", title="export"),
        Column(key="about", title="about"),
    ),
    key="format",
    about="One format of inventory import and export.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportAsked:
    """`outdir` None prints to stdout."""

    format_name: str
    selector: str
    outdir: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportAsked:
    """`file` "-" reads stdin."""

    format_name: str
    file: str


def check(path: str | None, tools: Toolbox, sink: Sink) -> Report:
    """Report every mistake at once, of the profiles beside it, too; exit 6 where there is one."""
    chosen = Path(path) if path else tools.inventory_path
    if not chosen.exists():
        raise SetupError(f"there is no inventory at {chosen}")
    meant = tools.with_given({"inventory": str(chosen.absolute())}) if path else tools
    mistakes = [*tools.roster.check(chosen), *_of_profiles(meant)]
    sink.open(Head(kind=MISTAKE, facts={"inventory": str(chosen)}))
    for mistake in mistakes:
        sink.item(asdict(mistake))
    if mistakes:
        return Report(exit=ExitCode.SETUP, summary={"mistakes_count": len(mistakes)})
    nodes = len(tools.roster.load(chosen).fleet)
    return Report(notes=(f"{chosen}: {nodes} nodes, no mistake",), summary={"mistakes_count": 0, "nodes_count": nodes})


def _of_profiles(tools: Toolbox) -> Sequence[Mistake]:
    try:
        _ = tools.profiles
    except ProfilesError as problem:
        return problem.mistakes
    return ()


def show(chosen: Chosen, tools: Toolbox, sink: Sink) -> Report:
    """Report each chosen node's entry."""
    fleet = tools.known_fleet
    names = choose(chosen, fleet, tools)
    sink.open(Head(kind=ENTRY, facts={"inventory": fleet.origin}))
    for name in names:
        sink.item(entry_of(fleet.node(name)))
    return Report(summary={"nodes_count": len(names)})


def entry_of(node: Node) -> dict[str, Any]:
    """Return a node as one JSON-able item."""
    endpoint = node.endpoint
    return {
        "node": node.name,
        "address": endpoint.address,
        "port": endpoint.port,
        "user": endpoint.user,
        "site": node.site,
        "hall": node.hall,
        "su": node.su,
        "rack": node.rack,
        "unit": node.unit,
        "sku": node.sku,
        "state": node.state.value,
        "off": node.off,
        "feeds": list(node.feeds),
        "rails": [asdict(rail) for rail in node.rails],
        "bmc": asdict(node.bmc) if node.bmc else None,
        "mac": node.mac,
        "serials": dict(node.serials),
        "labels": dict(node.labels),
        "groups": list(node.groups),
        "jump": list(endpoint.jump),
        "host_keys_count": len(endpoint.host_keys),
        "options": dict(endpoint.options),
        "slurm_name": node.slurm_name,
    }


def export(asked: ExportAsked, tools: Toolbox, sink: Sink) -> Report:
    """Write the chosen part of the inventory in another tool's format."""
    fleet = tools.fleet
    names = choose(Chosen(selector=asked.selector), fleet, tools)
    exported = tools.roster.export_text(fleet, format_name=asked.format_name, names=names)
    sink.open(Head(kind=TEXT, facts={"format": asked.format_name}))
    for file, text in exported.files:
        if asked.outdir is None:
            sink.item({"file": file, "text": text})
        else:
            _write(Path(asked.outdir), file, text)
    notes = list(exported.lost)
    if asked.outdir is not None:
        notes.append(f"wrote {', '.join(file for file, _ in exported.files)} to {asked.outdir}")
    return Report(notes=tuple(notes), summary={"nodes_count": len(names), "lost_count": len(exported.lost)})


def import_(asked: ImportAsked, tools: Toolbox, sink: Sink) -> Report:
    """Report another tool's inventory as our YAML."""
    text = _read(asked.file, tools)
    imported = tools.roster.import_text(
        text, format_name=asked.format_name, file="stdin" if asked.file == "-" else asked.file
    )
    if not imported.node_count:  # printed, it would empty the file that it is sent to
        raise UsageError(f"{asked.file} names no node as {asked.format_name} writes them; is it in another format?")
    report = tell_text(sink, imported.yaml, file="site.yaml", facts={"format": asked.format_name})
    summary = {**report.summary, "nodes_count": imported.node_count, "lost_count": len(imported.lost)}
    return Report(notes=tuple(f"not carried over: {sentence}" for sentence in imported.lost), summary=summary)


def formats(tools: Toolbox, sink: Sink) -> Report:
    """Report the formats that import and export know."""
    sink.open(Head(kind=FORMAT))
    for about in tools.roster.formats():
        sink.item({"format": about.name, "reads": about.reads, "writes": about.writes, "about": about.about})
    return Report()


def template(tools: Toolbox, sink: Sink) -> Report:
    """Report a small commented inventory."""
    return tell_text(sink, tools.roster.template(), file="site.yaml")


def _read(file: str, tools: Toolbox) -> str:
    try:
        data = tools.stdin.read() if file == "-" else Path(file).read_bytes()
        return data.decode()
    except OSError as problem:
        raise UsageError(f"{file} can't be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise UsageError(f"{file} is not UTF-8 text") from problem


def _write(folder: Path, file: str, text: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / file
        half = target.with_name(f".{target.name}.{os.getpid()}")
        half.write_text(text)
        half.replace(target)
    except OSError as problem:
        raise UsageError(f"{folder / file} can't be written: {problem.strerror}") from problem
