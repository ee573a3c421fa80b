"""sim up, down, fault, status."""

from __future__ import annotations

from dataclasses import dataclass

from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Column, Head, Kind, Report
from aifctl.fleet.nodeset_fold import fold
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox
from aifctl.sim import processes
from aifctl.sim.fault import FaultKind, read_kinds
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec

FLEET = Kind(
    name="SimulatedFleet",
    columns=(
        Column(key="fleet", title="fleet"),
        Column(key="state", title="state"),
        Column(key="nodes_count", title="nodes", right=True),
        Column(key="port", title="port", right=True),
        Column(key="processes_count", title="processes", right=True),
        Column(key="connections_count", title="connections", right=True),
        Column(key="commands_count", title="commands", right=True),
        Column(key="faults", title="faults"),
        Column(key="inventory", title="inventory"),
    ),
    key="fleet",
    about="One simulated fleet: real SSH servers on this machine's loopback.",
)
FAULT = Kind(
    name="SimulatedFault",
    columns=(
        Column(key="nodes", title="nodes"),
        Column(key="nodes_count", title="count", right=True),
        Column(key="change", title="change"),
        Column(key="fault", title="fault"),
    ),
    key="nodes",
    about="A fault that simulated nodes were given, or cured of.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultAsked:
    """What is to change in a running fleet.

    Attributes:
        name: the fleet; None means the only one.
        plant: texts KIND[:ARG][@NODES].
        cure: texts KIND[@NODES], or @NODES for every kind; "all" for all kinds everywhere.
    """

    name: str | None = None
    plant: tuple[str, ...] = ()
    cure: tuple[str, ...] = ()


def up(spec: FleetSpec, tools: Toolbox, sink: Sink) -> Report:
    """Start a simulated fleet that stays until `down`."""
    handle = processes.up(spec, tools.state)
    sink.open(Head(kind=FLEET, facts={"fleet": spec.name}))
    sink.item(_item(handle))
    inventory = handle.files.inventory
    return Report(
        summary={"nodes_count": spec.nodes_count},
        notes=(f"try: aifctl --inventory {inventory} run @all -- uptime", f"end it: aifctl sim down {spec.name}"),
    )


def down(name: str | None, tools: Toolbox, sink: Sink) -> Report:
    """End a simulated fleet, by name or the only one, and remove its files."""
    handle = processes.require(tools.state, name)
    ended = processes.down(handle, tools.state)
    sink.open(Head(kind=FLEET, facts={"fleet": handle.spec.name}))
    sink.item({**_still(handle), "state": "ended", "processes_count": ended})
    return Report(summary={"processes_count": ended})


def status(name: str | None, tools: Toolbox, sink: Sink) -> Report:
    """Report one fleet, or all; exit 1 where one has lost processes."""
    chosen = [name] if name else processes.names(tools.state)
    handles = [processes.require(tools.state, one) for one in chosen]
    sink.open(Head(kind=FLEET))
    lame = 0
    for handle in handles:
        whole = len(handle.alive()) == len(handle.workers)
        lame += not whole
        sink.item(_item(handle) if whole else _still(handle))
    notes = () if handles else ("no simulated fleet is up; `aifctl sim up` starts one",)
    return Report(exit=ExitCode.FINDINGS if lame else ExitCode.OK, notes=notes, summary={"fleets_count": len(handles)})


def fault(asked: FaultAsked, tools: Toolbox, sink: Sink) -> Report:
    """Give nodes of a running fleet faults, or cure them; cures come first."""
    if not asked.plant and not asked.cure:
        raise UsageError(f"which fault? There are:\n{describe_kinds()}")
    handle = processes.require(tools.state, asked.name)
    changes = [("cured", text, _cure(text)) for text in asked.cure]
    changes += [("planted", text, {"verb": "plant", "text": text}) for text in asked.plant]
    sink.open(Head(kind=FAULT, facts={"fleet": handle.spec.name}))
    changed_count = 0
    for change, text, request in changes:
        changed = [name for answer in processes.tell(handle, request) for name in answer["nodes"]]
        changed_count += len(changed)
        what = text.partition("@")[0] or "all"
        sink.item({"nodes": fold(changed), "nodes_count": len(changed), "change": change, "fault": what})
    return Report(summary={"nodes_count": changed_count})


def describe_kinds() -> str:
    """Return one line for each kind of fault, for help and errors."""
    lines = [(_usage(kind), kind.about) for kind in read_kinds().values()]
    width = max(len(usage) for usage, _ in lines)
    return "\n".join(f"  {usage:<{width}}  {about}" for usage, about in lines)


def _usage(kind: FaultKind) -> str:
    if kind.argument is None:
        return kind.name
    optional = kind.argument.default is not None
    return f"{kind.name}{'[' * optional}:{kind.argument.name.upper()}{']' * optional}"


def _cure(text: str) -> dict[str, object]:
    kind, _, where = text.partition("@")
    return {"verb": "cure", "kind": None if kind in {"", "all"} else kind.partition(":")[0], "where": where}


def _item(handle: SimHandle) -> dict[str, object]:
    """Return a running fleet's row."""
    answers = processes.tell(handle, {"verb": "status"})
    faults: dict[str, list[str]] = {}
    for answer in answers:
        for text, names in answer["faults"].items():
            faults.setdefault(text, []).extend(names)
    totals = {key: sum(answer["counts"][key] for answer in answers) for key in ("connections", "commands")}
    return {
        **_still(handle), "state": "up", "connections_count": totals["connections"],
        "commands_count": totals["commands"],
        "faults": "  ".join(f"{text}@{fold(names)}" for text, names in sorted(faults.items())),
    }  # fmt: skip


def _still(handle: SimHandle) -> dict[str, object]:
    """Return what is known of a fleet without asking it."""
    alive = len(handle.alive())
    return {
        "fleet": handle.spec.name, "state": "gone" if not alive else "broken" if alive < len(handle.workers) else "up",
        "nodes_count": handle.spec.nodes_count, "port": handle.port, "processes_count": alive,
        "inventory": str(handle.files.inventory), "known_hosts": str(handle.files.known_hosts),
        "identity": str(handle.files.identity),
    }  # fmt: skip
