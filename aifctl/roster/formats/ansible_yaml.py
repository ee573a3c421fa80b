"""Ansible's YAML inventory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aifctl.core.errors import InventoryError
from aifctl.core.marked_yaml import Mapping, Mistakes, Place, Scalar, Value, parse_marked_yaml
from aifctl.fleet.fleet import Fleet
from aifctl.roster.ansible import AnsibleInventory, expand_hosts, inventory_of, nodes_of, written
from aifctl.roster.format import Found, RosterFormat, Written
from aifctl.roster.yaml_writing import Written as Yaml, render_yaml

_PARTS = frozenset({"hosts", "children", "vars"})


def read(text: str, file: str) -> Found:
    """Read group: {hosts:, children:, vars:} at any depth; InventoryError with the lines otherwise."""
    mistakes = Mistakes()
    root = parse_marked_yaml(text.encode("utf-8", "surrogatepass"), file, mistakes)
    inventory = AnsibleInventory()
    if root is not None:
        for name, _, body in _entries(root, "the inventory", mistakes):
            _read_group(inventory, name, body, mistakes)
    if mistakes:
        raise InventoryError(mistakes.all())
    return nodes_of(inventory, file=file)


def write(fleet: Fleet, names: Sequence[str]) -> Written:
    """Write all hosts with their variables, then the groups by name of host."""
    inventory, losses = inventory_of(fleet, names)
    hosts: Yaml = {
        host: {key: str(value) for key, value in variables.items()} or None
        for host, variables in inventory.hosts.items()
    }
    children: Yaml = {group: {"hosts": dict.fromkeys(own.hosts)} for group, own in inventory.groups.items()}
    text = "# Written from the aifctl inventory.\n" + render_yaml({"all": {"hosts": hosts, "children": children}})
    return written((("hosts.yaml", text),), losses)


def _read_group(inventory: AnsibleInventory, name: str, body: Value, mistakes: Mistakes) -> None:
    group = inventory.group(name)
    for key, place, value in _entries(body, f"group {name[:60]!r}", mistakes):
        if key not in _PARTS:
            mistakes.unknown_key(place, key, _PARTS, of=f"group {name[:60]!r}")
            continue
        for part, at, item in _entries(value, key, mistakes):
            if key == "vars":
                group.variables[part] = _plain(item)
            elif key == "children":
                group.children[part] = None
                _read_group(inventory, part, item, mistakes)
            else:
                _read_hosts(inventory, name, part, at, item, mistakes)


def _read_hosts(
    inventory: AnsibleInventory, group: str, pattern: str, place: Place, body: Value, mistakes: Mistakes
) -> None:
    variables = {key: _plain(value) for key, _, value in _entries(body, f"host {pattern[:60]!r}", mistakes)}
    for host in expand_hosts(pattern, file=place.file, line=place.line):
        inventory.hosts.setdefault(host, {}).update(variables)
        inventory.group(group).hosts[host] = None


def _entries(value: Value, what: str, mistakes: Mistakes) -> list[tuple[str, Place, Value]]:
    if isinstance(value, Mapping):
        return [(key, place, item) for key, (place, item) in value.items.items()]
    if not (isinstance(value, Scalar) and value.null):
        mistakes.add(value.place, f"{what} must be a mapping")
    return []


def _plain(value: Value) -> Any:
    """Return a scalar's text; lists and mappings as they are, for the caller to leave out and say so."""
    return value.text if isinstance(value, Scalar) and not value.null else value


FORMAT = RosterFormat(name="ansible-yaml", about="Ansible's YAML inventory: groups of hosts", read=read, write=write)
