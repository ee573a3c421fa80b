"""ClusterShell's groups.d: YAML files of group sources, each a mapping from group to nodeset."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map, Sequence

from aifctl.core.errors import InventoryError
from aifctl.core.marked_yaml import Mapping, Mistakes, Place, Scalar, Sequence as Listed, Value, parse_marked_yaml
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nodeset import fold
from aifctl.roster.format import Found, Losses, RosterFormat, Written, bare_node
from aifctl.roster.patterns import BadValueError, expand_names
from aifctl.roster.yaml_writing import Written as Yaml, render_yaml

#: Sources whose groups are places of ours; any other source's groups are groups.
_PLACES = ("site", "hall", "su", "rack", "sku")
_REFERENCE = re.compile(r"@(?:(?P<source>[\w.-]+):)?(?P<group>[\w.+/-]+)")
_OPERATORS = re.compile(r"[!&^*?]")
_MAX_DEPTH = 20

Sources = dict[str, dict[str, tuple[Place, str]]]


def read(text: str, file: str) -> Found:
    """Read source: {group: nodeset}; groups may name groups (@group, @source:group) and be joined with commas."""
    mistakes, losses = Mistakes(), Losses()
    root = parse_marked_yaml(text.encode("utf-8", "surrogatepass"), file, mistakes)
    sources = _sources(root, mistakes) if root is not None else {}
    reading = _Reading(sources, mistakes, losses)
    fields: dict[str, dict[str, str]] = {}
    groups: dict[str, list[str]] = {}
    for source, held in sources.items():
        for group in held:
            for name in reading.members(source, group, ()):
                fields.setdefault(name, {})
                groups.setdefault(name, [])
                if source in _PLACES:
                    fields[name].setdefault(source, group)
                elif group != "all":
                    groups[name].append(group)
    if mistakes:
        raise InventoryError(mistakes.all())
    nodes = [bare_node(name, **own, groups=tuple(dict.fromkeys(groups[name]))) for name, own in fields.items()]
    return Found(nodes=tuple(nodes), lost=losses.sentences())


def write(fleet: Fleet, names: Sequence[str]) -> Written:
    """Write a source of our groups, and one each for site, hall, su, rack, sku."""
    chosen = frozenset(names)
    losses = Losses()
    sources: dict[str, Yaml] = {"aifctl": {"all": fold(names), **_groups(fleet.scope("group"), chosen)}}
    for place in _PLACES:
        if groups := _groups(fleet.scope(place), chosen):
            sources[place] = groups
    for group in fleet.selectors:
        losses.add("groups that are selectors, not lists", group)
    for name in names:
        endpoint = fleet.endpoint(name)
        if endpoint.address != name or endpoint.user or endpoint.jump:
            losses.add("how nodes are reached (address, user, jump); ClusterShell asks ssh_config", name)
    text = "# Written from the aifctl inventory.\n" + render_yaml(sources)
    return Written(files=(("aifctl.yaml", text),), lost=losses.sentences())


class _Reading:
    """Resolves groups that name groups."""

    def __init__(self, sources: Sources, mistakes: Mistakes, losses: Losses) -> None:
        self._sources, self._mistakes, self._losses = sources, mistakes, losses
        self._done: dict[tuple[str, str], list[str]] = {}

    def members(self, source: str, group: str, above: tuple[tuple[str, str], ...]) -> list[str]:
        """Return the nodes of a group; what can't be resolved becomes a loss or a mistake."""
        key = (source, group)
        if key in self._done:
            return self._done[key]
        place, text = self._sources[source][group]
        if key in above or len(above) > _MAX_DEPTH:
            self._mistakes.add(place, f"group {group[:60]!r} contains itself, or groups are nested too deeply")
            return []
        if _OPERATORS.search(text):
            self._losses.add("groups computed with operators or wildcards", f"{source}:{group}")
            return []
        names: list[str] = []
        for reference in _REFERENCE.finditer(text):
            names += self._referred(reference, key, place, above)
        plain = ",".join(part for part in re.split(r"[,\s]+(?![^\[\]]*\])", _REFERENCE.sub("", text)) if part)
        try:
            names += expand_names(plain)
        except BadValueError as problem:
            self._mistakes.add(place, f"group {group[:60]!r}: {problem}")
        self._done[key] = list(dict.fromkeys(names))
        return self._done[key]

    def _referred(
        self, reference: re.Match[str], key: tuple[str, str], place: Place, above: tuple[tuple[str, str], ...]
    ) -> list[str]:
        source, group = reference["source"] or key[0], reference["group"]
        if group not in self._sources.get(source, {}):
            self._mistakes.add(place, f"group {key[1][:60]!r}: there is no group {reference[0]!r} here")
            return []
        return self.members(source, group, (*above, key))


def _sources(root: Value, mistakes: Mistakes) -> Sources:
    sources: Sources = {}
    for source, groups in _entries(root, "the file", mistakes):
        sources[source] = {}
        for group, value in _entries(groups, f"source {source[:60]!r}", mistakes):
            parts = value.items if isinstance(value, Listed) else (value,)
            texts = [part.text for part in parts if isinstance(part, Scalar) and not part.null]
            if len(texts) == len(parts):
                sources[source][group] = (value.place, ",".join(texts))
            else:
                mistakes.add(value.place, f"group {group[:60]!r} must be a nodeset")
    return sources


def _entries(value: Value, what: str, mistakes: Mistakes) -> list[tuple[str, Value]]:
    if isinstance(value, Mapping):
        return [(key, item) for key, (_, item) in value.items.items()]
    mistakes.add(value.place, f"{what} must be a mapping")
    return []


def _groups(scope: Map[str, Sequence[str]], chosen: frozenset[str]) -> dict[str, str]:
    held = {value: [name for name in members if name in chosen] for value, members in scope.items()}
    return {value: fold(members) for value, members in held.items() if members}


FORMAT = RosterFormat(
    name="clustershell",
    about="ClusterShell's groups.d (YAML): nodesets by group, one source each",
    read=read,
    write=write,
)
