"""What an Ansible dynamic inventory prints for --list."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aifctl.fleet.fleet import Fleet
from aifctl.roster.ansible import AnsibleInventory, inventory_of, nodes_of, written
from aifctl.roster.format import Found, RosterFormat, Written, broken


def read(text: str, file: str) -> Found:
    """Read {"_meta": {"hostvars": …}, group: {hosts, children, vars} or [hosts]}; InventoryError otherwise."""
    try:
        root = json.loads(text)
    except json.JSONDecodeError as problem:
        raise broken(file, problem.lineno, f"not JSON: {problem.msg}") from problem
    except RecursionError as problem:
        raise broken(file, 0, "not an inventory: nested too deeply") from problem
    inventory = AnsibleInventory()
    for name, body in _mapping(root, "the inventory", file).items():
        if name == "_meta":
            hostvars = _mapping(_mapping(body, "_meta", file).get("hostvars", {}), "hostvars", file)
            for host, variables in hostvars.items():
                inventory.hosts.setdefault(host, {}).update(_mapping(variables, f"hostvars of {host[:60]!r}", file))
        else:
            _read_group(inventory, name, body, file)
    return nodes_of(inventory, file=file)


def write(fleet: Fleet, names: Sequence[str]) -> Written:
    """Write one JSON object; --host never needs asking, for _meta holds every host's variables."""
    inventory, losses = inventory_of(fleet, names)
    root: dict[str, Any] = {"_meta": {"hostvars": inventory.hosts}}
    root["all"] = {"hosts": list(inventory.hosts), "children": list(inventory.groups)}
    root |= {group: {"hosts": list(own.hosts)} for group, own in inventory.groups.items()}
    return written((("inventory.json", json.dumps(root, indent=1) + "\n"),), losses)


def _read_group(inventory: AnsibleInventory, name: str, body: Any, file: str) -> None:
    group = inventory.group(name)
    facts = {"hosts": body} if isinstance(body, list) else _mapping(body, f"group {name[:60]!r}", file)
    for host in _names(facts.get("hosts", []), name, file):
        inventory.hosts.setdefault(host, {})
        group.hosts[host] = None
    for child in _names(facts.get("children", []), name, file):
        inventory.group(child)
        group.children[child] = None
    group.variables |= _mapping(facts.get("vars", {}), f"vars of {name[:60]!r}", file)


def _mapping(value: Any, what: str, file: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise broken(file, 0, f"{what} must be a JSON object")
    return value


def _names(value: Any, group: str, file: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise broken(file, 0, f"hosts and children of group {group[:60]!r} must be lists of names")
    return value


FORMAT = RosterFormat(
    name="ansible-dynamic", about="what an Ansible dynamic inventory prints for --list (JSON)", read=read, write=write
)
