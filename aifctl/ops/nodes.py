"""nodes: the names of a selection. find: which node a serial, GUID, MAC, address or leaf port belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from aifctl.core.errors import EmptySelectionError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Column, Head, Kind, Report
from aifctl.dispatch.asked import Chosen
from aifctl.dispatch.selection import choose
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nearest import nearest
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

NODE = Kind(
    name="Node",
    columns=(
        Column(key="node", title="node"),
        Column(key="state", title="state"),
        Column(key="rack", title="rack"),
        Column(key="su", title="su"),
        Column(key="hall", title="hall"),
        Column(key="sku", title="sku"),
        Column(key="address", title="address", wide=True),
        Column(key="user", title="user", wide=True),
        Column(key="port", title="port", wide=True, right=True),
    ),
    about="One node of a selection.",
)
MATCH = Kind(
    name="Match",
    columns=(
        Column(key="node", title="node"),
        Column(key="what", title="what"),
        Column(key="rack", title="rack"),
        Column(key="unit", title="U", right=True),
        Column(key="su", title="su"),
        Column(key="state", title="state"),
    ),
    about="A node that a serial, GUID, MAC, address or leaf port belongs to.",
)
_KEYS = tuple(column.key for column in NODE.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesAsked:
    """`where` holds KEY=GLOB texts; `counting`: an empty answer is an answer (0), not an error."""

    chosen: Chosen
    where: tuple[str, ...] = ()
    counting: bool = False


def nodes(asked: NodesAsked, tools: Toolbox, sink: Sink) -> Report:
    """Report the nodes of a selection."""
    fleet = tools.known_fleet
    names = _chosen(asked, fleet, tools)
    for condition in asked.where:
        names = tuple(filter(_matcher(condition, fleet), names))
    if not names and not (asked.counting or asked.chosen.allow_empty):
        raise EmptySelectionError(f"no node of {asked.chosen.selector!r} has {' and '.join(asked.where)}")
    sink.open(Head(kind=NODE, facts={"selector": asked.chosen.selector, "inventory": fleet.origin}))
    columns = [(key, fleet.attribute(key)) for key in _KEYS[1:]] if sink.wants_fields else []
    for name in names:
        item: dict[str, str | int | None] = {"node": name, **{key: value(name) for key, value in columns}}
        if columns:
            item["port"] = fleet.endpoint(name).port
        sink.item(item)
    return Report(summary={"nodes_count": len(names)})


def find(text: str, tools: Toolbox, sink: Sink) -> Report:
    """Report every node that `text` identifies; exit 1 where there is none."""
    fleet = tools.known_fleet
    matches = fleet.find(text)
    sink.open(Head(kind=MATCH, facts={"text": text, "inventory": fleet.origin}))
    for what, name in matches:
        node = fleet.node(name)
        facts = {"what": what, "rack": node.rack, "unit": node.unit, "su": node.su, "hall": node.hall}
        sink.item({"node": name, **facts, "state": "off" if node.off else node.state.value})
    if matches:
        return Report(summary={"matches_count": len(matches)})
    note = f"nothing in {fleet.origin} is called {text!r}: not a node, serial, GUID, MAC, address or leaf port"
    return Report(exit=ExitCode.FINDINGS, notes=(note,), summary={"matches_count": 0})


def _chosen(asked: NodesAsked, fleet: Fleet, tools: Toolbox) -> tuple[str, ...]:
    try:
        return choose(asked.chosen, fleet, tools)
    except EmptySelectionError:
        if asked.counting:
            return ()
        raise


def _matcher(condition: str, fleet: Fleet) -> Callable[[str], bool]:
    key, equals, glob = condition.partition("=")
    if not equals:
        raise UsageError(f"--where {condition!r}: write KEY=GLOB, such as state=drained or sku=h100*")
    if key == NODE.key:
        return lambda name: fnmatchcase(name, glob)
    if not fleet.has_attribute(key):  # a slip of the pen must not count as nobody
        near = nearest(key, fleet.attributes)
        advice = f"did you mean {near}?" if near else f"there are {', '.join(fleet.attributes)}"
        raise UsageError(f"--where {condition!r}: no node of {fleet.origin} has {key}; {advice}")
    value = fleet.attribute(key)
    return lambda name: fnmatchcase(value(name) or "", glob)
