"""Slurm's configuration lines: Key=Value words, hostlists, and what nodes and topology lines mean for an inventory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.node import Node
from aifctl.fleet.nodeset import fold
from aifctl.roster.format import Found, Losses, Written, bare_node, broken
from aifctl.roster.patterns import BadValueError, expand_names

Line = Mapping[str, str]

_WORD = re.compile(r"([A-Za-z][A-Za-z0-9]*)=(\"[^\"]*\"|\S*)")
_KINDS = ("nodename", "switchname", "blockname", "partitionname")
_USED = frozenset({"nodename", "nodeaddr", "nodehostname", "state", "feature", "features"})
#: Slurm's state → ours; what isn't here says nothing that an inventory keeps.
_STATES = {
    "DRAIN": State.DRAINED,
    "DRAINED": State.DRAINED,
    "DRAINING": State.DRAINED,
    "FAIL": State.REPAIR,
    "FUTURE": State.NEW,
}
_LEVELS = ("su", "hall", "site")


@dataclass(slots=True, kw_only=True)
class _Switch:
    nodes: tuple[str, ...]
    children: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Conf:
    nodes: dict[str, Line] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    switches: dict[str, _Switch] = field(default_factory=dict)
    blocks: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_conf(text: str, file: str) -> Found:
    """Read NodeName, PartitionName, SwitchName and BlockName lines of slurm.conf and topology.conf, in one text or not.

    Partitions and features become groups; leaf switches and blocks become SUs, switches above them halls and sites.
    """
    losses = Losses()
    conf = _Conf()
    for number, line in _lines(text):
        words = {match[1].lower(): match[2].strip('"') for match in _WORD.finditer(line)}
        kind = next((key for key in _KINDS if key in words), None)
        if kind is None:
            losses.add("lines that say nothing of nodes", f"line {number}")
        else:
            _take(kind, words, conf, file, number, losses)
    places = _places(conf, losses)
    groups = _groups(conf, losses)
    names = dict.fromkeys((*conf.nodes, *places))
    nodes = [
        _node(name, conf.nodes.get(name, {}), places.get(name, {}), groups.get(name, ()), losses) for name in names
    ]
    return Found(nodes=tuple(nodes), lost=losses.sentences())


def write_nodes(fleet: Fleet, names: Sequence[str], losses: Losses) -> str:
    """Return NodeName lines, one for each rack (or SU, or all)."""
    lines = ["# Nodes, written from the aifctl inventory; CPUs, RealMemory and Gres are for slurm.conf to add"]
    lines.append("# (NodeName=DEFAULT CPUs=… RealMemory=… Gres=gpu:h100:8).")
    for members in _by_place(fleet, names, ("rack", "su")).values():
        slurm_names = [_slurm_name(fleet, name) for name in members]
        addresses = [fleet.endpoint(name).address for name in members]
        words = [f"NodeName={fold(slurm_names, slurm=True)}"]
        if addresses != slurm_names:
            words.append(f"NodeAddr={_hostlist(addresses)}")
        lines.append(" ".join(words))
    for name in names:
        if fleet.node(name).state is not State.READY or fleet.node(name).off:
            losses.add("states; Slurm keeps its own, set them with scontrol", name)
        if fleet.endpoint(name).port != 22 or fleet.endpoint(name).user:  # noqa: PLR2004 - ssh's port
            losses.add("ssh ports and users", name)
    return "\n".join(lines) + "\n"


def write_tree(fleet: Fleet, names: Sequence[str], losses: Losses) -> str:
    """Return topology.conf for topology/tree: an SU is a leaf switch, halls stand above SUs, the site above halls.

    On rails a node hangs on eight leaves and Slurm knows one leaf for each node, so the SU stands for its leaves.
    """
    lines = ["# topology/tree, written from the aifctl inventory: an SU stands for its leaves."]
    taken: set[str] = set()
    rows: list[tuple[str, Node]] = []  # switches without one above them, each with a node below it
    for su, members in _placed(fleet, names, losses).items():
        rows.append((_unique(su, "su", taken), fleet.node(members[0])))
        lines.append(
            f"SwitchName={rows[-1][0]} Nodes={fold((_slurm_name(fleet, name) for name in members), slurm=True)}"
        )
    for level in ("hall", "site", "core"):
        if len(rows) == 1:
            break
        groups: dict[str, list[tuple[str, Node]]] = {}
        for switch, node in rows:
            groups.setdefault(getattr(node, level, None) or "core", []).append((switch, node))
        rows = [(_unique(above, level, taken), held[0][1]) for above, held in groups.items()]
        for (switch, _), held in zip(rows, groups.values(), strict=True):
            lines.append(f"SwitchName={switch} Switches={fold((below for below, _ in held), slurm=True)}")
    return "\n".join(lines) + "\n"


def write_block(fleet: Fleet, names: Sequence[str], losses: Losses) -> str:
    """Return topology.conf for topology/block (Slurm 23.11 and later): an SU is a block.

    Every block must hold at least the base block size, so that is the smallest SU's.
    """
    blocks = _placed(fleet, names, losses)
    lines = ["# topology/block, written from the aifctl inventory: an SU is a block."]
    for su, members in blocks.items():
        lines.append(f"BlockName={su} Nodes={fold((_slurm_name(fleet, name) for name in members), slurm=True)}")
    if blocks:
        lines.append(f"BlockSizes={min(map(len, blocks.values()))}")
    return "\n".join(lines) + "\n"


def written(
    fleet: Fleet, names: Sequence[str], write_topology: Callable[[Fleet, Sequence[str], Losses], str]
) -> Written:
    """Write nodes.conf, to be included by slurm.conf, and topology.conf."""
    losses = Losses()
    nodes, topology = write_nodes(fleet, names, losses), write_topology(fleet, names, losses)
    return Written(files=(("nodes.conf", nodes), ("topology.conf", topology)), lost=losses.sentences())


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of its first line, text) without comments; a backslash joins lines."""
    joined, first = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        first = first if joined else number
        content = line.partition("#")[0].rstrip()
        if content.endswith("\\"):
            joined += content[:-1] + " "
            continue
        if (joined + content).strip():
            yield first, (joined + content).strip()
        joined = ""
    if joined.strip():
        yield first, joined.strip()


def _take(kind: str, words: dict[str, str], conf: _Conf, file: str, number: int, losses: Losses) -> None:
    if kind == "nodename":
        _take_nodes(words, conf, file, number, losses)
    elif kind == "partitionname":
        if words["partitionname"].upper() != "DEFAULT":
            listed = words.get("nodes", "")
            members = ["ALL"] if listed.upper() == "ALL" else _hosts(listed, file, number)
            conf.groups.setdefault(words["partitionname"], []).extend(members)
    elif kind == "switchname":
        nodes, children = (tuple(_hosts(words.get(key, ""), file, number)) for key in ("nodes", "switches"))
        for name in _hosts(words["switchname"], file, number):
            conf.switches[name] = _Switch(nodes=nodes, children=children)
    else:
        for name in _hosts(words["blockname"], file, number):
            conf.blocks[name] = tuple(_hosts(words.get("nodes", ""), file, number))


def _take_nodes(words: dict[str, str], conf: _Conf, file: str, number: int, losses: Losses) -> None:
    for key in words.keys() - _USED:
        losses.add(f"{key}, which is Slurm's own business", f"line {number}")
    if words["nodename"].upper() == "DEFAULT":
        conf.defaults |= words
        return
    names = _hosts(words["nodename"], file, number)
    addresses = _hosts(words.get("nodeaddr", words.get("nodehostname", "")), file, number) or names
    if len(addresses) == 1:
        addresses *= len(names)
    if len(addresses) != len(names):
        raise broken(file, number, f"{len(names)} names and {len(addresses)} addresses stand in one NodeName line")
    for name, address in zip(names, addresses, strict=True):
        conf.nodes[name] = {**conf.defaults, **words, "nodeaddr": address}


def _hosts(text: str, file: str, number: int) -> list[str]:
    try:
        return expand_names(text)
    except BadValueError as problem:
        raise broken(file, number, str(problem)) from problem


def _places(conf: _Conf, losses: Losses) -> dict[str, dict[str, str]]:
    """Return name → places: leaf switches and blocks are SUs, the switches above them halls and sites."""
    places: dict[str, dict[str, str]] = {}
    parent = {child: name for name, switch in conf.switches.items() for child in switch.children}
    for name, switch in conf.switches.items():
        chain = [name]
        while chain[-1] in parent and len(chain) <= len(_LEVELS) and parent[chain[-1]] not in chain:
            chain.append(parent[chain[-1]])
        if switch.nodes and len(chain) > len(_LEVELS):
            losses.add("switches more than three levels up", chain[-1])
        for node in switch.nodes:
            places.setdefault(node, {}).update(zip(_LEVELS, chain, strict=False))
    for name, nodes in conf.blocks.items():
        for node in nodes:
            places.setdefault(node, {}).setdefault("su", name)
    return places


def _groups(conf: _Conf, losses: Losses) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for partition, members in conf.groups.items():
        if "ALL" in members:
            losses.add("partitions of all nodes, which @all is", partition)
        for name in members if "ALL" not in members else ():
            groups.setdefault(name, []).append(partition)
    return groups


def _node(name: str, words: Line, places: Mapping[str, str], partitions: Iterable[str], losses: Losses) -> Node:
    features = [each for each in words.get("features", words.get("feature", "")).split(",") if each]
    state = words.get("state", "UNKNOWN").upper()
    if state not in _STATES and state not in {"UNKNOWN", "IDLE", "CLOUD"}:
        losses.add(f"state {state[:20]}", name)
    return bare_node(
        name,
        address=words.get("nodeaddr", name),
        state=_STATES.get(state, State.READY),
        groups=tuple(dict.fromkeys((*partitions, *features))),
        **places,
    )


def _placed(fleet: Fleet, names: Sequence[str], losses: Losses) -> dict[str, list[str]]:
    """Return SU (or, without one, rack) → nodes; nodes without either can't be placed."""
    blocks = _by_place(fleet, names, ("su", "rack"))
    for name in blocks.pop("", ()):
        losses.add("nodes without an su or rack, which a topology can't place", name)
    return blocks


def _by_place(fleet: Fleet, names: Sequence[str], scopes: Sequence[str]) -> dict[str, list[str]]:
    """Return the nodes by the first of these scopes that each has; "" for those without."""
    place_of: dict[str, str] = {}
    for scope in reversed(scopes):
        for value, members in fleet.scope(scope).items():
            place_of.update(dict.fromkeys(members, value))
    places: dict[str, list[str]] = {}
    for name in names:
        places.setdefault(place_of.get(name, ""), []).append(name)
    return places


def _slurm_name(fleet: Fleet, name: str) -> str:
    return fleet.attribute("slurm_name")(name) or name


def _hostlist(texts: Sequence[str]) -> str:
    """Fold addresses only where unfolding gives them back in the same order: they stand for the names one by one."""
    folded = fold(texts, slurm=True)
    return folded if ":" not in folded and expand_names(folded) == list(texts) else ",".join(texts)


def _unique(name: str, level: str, taken: set[str]) -> str:
    """Switch names share one name space, over all levels."""
    switch = name if name not in taken else f"{level}-{name}"
    taken.add(switch)
    return switch
