"""Ansible's inventory as a value: what its three spellings (INI, YAML, --list) have in common."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aifctl.core.errors import InventoryError
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.node import Bmc, Node
from aifctl.roster.format import Found, Losses, Written, bare_node, broken
from aifctl.roster.kinds import is_credential_key

#: Our fields as Ansible variables; what else a node has becomes aifctl_label_KEY.
_OWN = {f"aifctl_{name}": name for name in ("site", "hall", "su", "rack", "sku", "mac", "slurm_name", "state")}
_ADDRESS, _PORT, _USER = "ansible_host", "ansible_port", "ansible_user"
_OLD_NAMES = {"ansible_ssh_host": _ADDRESS, "ansible_ssh_port": _PORT, "ansible_ssh_user": _USER}
_KEY_FILES = ("ansible_ssh_private_key_file", "ansible_private_key_file")
_SSH_ARGS = ("ansible_ssh_common_args", "ansible_ssh_extra_args")
_LABEL = "aifctl_label_"
_PLACES = ("site", "hall", "su", "rack", "sku")
_IMPLIED = frozenset({"all", "ungrouped"})
_RANGE = re.compile(r"\[(\w+):(\w+)(?::(\d+))?\]")
_MAX_HOSTS = 200_000
_MAX_DEPTH = 50


@dataclass(slots=True)
class Group:
    """One group: its own hosts, the groups inside it, its variables."""

    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class AnsibleInventory:
    """Hosts with their own variables, and groups by name."""

    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    def group(self, name: str) -> Group:
        return self.groups.setdefault(name, Group())


def expand_hosts(pattern: str, *, file: str, line: int) -> list[str]:
    """Return the hosts of web[01:50:2].example.com or db-[a:f]; both ends belong to the range."""
    match = _RANGE.search(pattern)
    if not match:
        return [pattern]
    first, last, step = match[1], match[2], int(match[3] or 1)
    try:
        values = _range(first, last, step)
        rests = expand_hosts(pattern[match.end() :], file=file, line=line)
    except ValueError as problem:
        raise broken(
            file, line, f"{match[0]!r} is not one of Ansible's ranges; they look like [01:50] or [a:f]"
        ) from problem
    except OverflowError:
        raise _too_many(pattern, file, line) from None
    if len(values) * len(rests) > _MAX_HOSTS:
        raise _too_many(pattern, file, line)
    return [f"{pattern[: match.start()]}{value}{rest}" for value in values for rest in rests]


def nodes_of(inventory: AnsibleInventory, *, file: str) -> Found:
    """Return the nodes: a host's own variables win over its groups', a child group's over its parents'."""
    losses = Losses()
    members = _members(inventory, file)
    groups_of: dict[str, list[str]] = {host: [] for host in inventory.hosts}
    for group, hosts in members.items():
        for host in hosts:
            groups_of.setdefault(host, []).append(group)
        if not hosts and group not in _IMPLIED:
            losses.add("groups without a host", group)
    nodes = []
    for host, groups in groups_of.items():
        variables = {
            key: value
            for group in sorted(groups, key=lambda group: (group in _IMPLIED, len(members[group])), reverse=True)
            for key, value in inventory.groups[group].variables.items()
        }
        nodes.append(_node(host, {**variables, **inventory.hosts.get(host, {})}, groups, losses))
    kept = _without_place_groups(nodes, members)
    empty = [group for group, hosts in members.items() if not hosts and inventory.groups[group].variables]
    for group in empty:
        losses.add("variables of groups without a host", group)
    return Found(nodes=tuple(kept), lost=losses.sentences())


def inventory_of(fleet: Fleet, names: Sequence[str]) -> tuple[AnsibleInventory, Losses]:
    """Return nodes as hosts, their groups as groups, and a group such as rack_r12 for each place."""
    losses = Losses()
    inventory = AnsibleInventory()
    for name in names:
        node = fleet.node(name)
        inventory.hosts[name] = _variables(node, losses)
        for group in node.groups:
            inventory.group(group).hosts[name] = None
        for place in _PLACES:
            if value := getattr(node, place):
                inventory.group(f"{place}_{value}").hosts[name] = None
    for group in fleet.selectors:
        losses.add("groups that are selectors, not lists", group)
    return inventory, losses


def written(files: tuple[tuple[str, str], ...], losses: Losses) -> Written:
    """Return what a writer wrote together with its losses."""
    return Written(files=files, lost=losses.sentences())


def _too_many(pattern: str, file: str, line: int) -> InventoryError:
    return broken(file, line, f"{pattern[:60]!r} stands for more than {_MAX_HOSTS:,} hosts")


def _range(first: str, last: str, step: int) -> list[str]:
    if first.isdigit() and last.isdigit():
        if int(last) < int(first) or step < 1:
            raise ValueError(first)
        numbers = range(int(first), int(last) + 1, step)
        if len(numbers) > _MAX_HOSTS:
            raise OverflowError(first)
        width = len(first) if first.startswith("0") else 0
        return [str(number).zfill(width) for number in numbers]
    if len(first) == len(last) == 1 and first <= last and step >= 1:
        return [chr(code) for code in range(ord(first), ord(last) + 1, step)]
    raise ValueError(first)


def _members(inventory: AnsibleInventory, file: str) -> dict[str, dict[str, None]]:
    """Return every group's hosts, those of the groups inside it included."""
    done: dict[str, dict[str, None]] = {}

    def hosts_of(group: str, above: tuple[str, ...]) -> dict[str, None]:
        if group in above or len(above) > _MAX_DEPTH:
            raise broken(file, 0, f"group {group[:60]!r} contains itself, or groups are nested too deeply")
        if group not in done:
            own = inventory.groups.get(group, Group())
            hosts = dict(own.hosts)
            for child in own.children:
                hosts |= hosts_of(child, (*above, group))
            done[group] = hosts
        return done[group]

    for group in list(inventory.groups):
        hosts_of(group, ())
    if "all" in inventory.groups:  # every host is in it, named there or not
        done["all"] = dict.fromkeys((*inventory.hosts, *(host for hosts in done.values() for host in hosts)))
    return {group: hosts for group, hosts in done.items() if group in inventory.groups}


def _node(host: str, variables: Mapping[str, Any], groups: Iterable[str], losses: Losses) -> Node:
    known = {_OLD_NAMES.get(key, key): value for key, value in variables.items()}
    fields: dict[str, Any] = {"groups": tuple(group for group in groups if group not in _IMPLIED)}
    labels: list[tuple[str, str]] = []
    for key, value in known.items():
        if is_credential_key(key):
            losses.add(f"{key}: credentials stay out of inventories", host)
        elif not isinstance(value, str | int | float | bool):
            losses.add(f"variable {key}, which is not a plain value", host)
        else:
            _take(key, str(value), host, fields, labels, losses)
    if "bmc" in fields:
        fields["bmc"] = Bmc(address=fields["bmc"])
    return bare_node(host, **fields, labels=tuple(labels))


def _take(
    key: str, text: str, host: str, fields: dict[str, Any], labels: list[tuple[str, str]], losses: Losses
) -> None:
    if key == _PORT:
        if text.isascii() and text.isdigit():
            fields["port"] = int(text)
        else:
            losses.add("ports that are no number", host)
    elif key in {_ADDRESS, _USER}:
        fields["address" if key == _ADDRESS else "user"] = text
    elif key in _KEY_FILES:
        fields["identity"] = (text,)
    elif key in _SSH_ARGS:
        _take_ssh_args(key, text, host, fields, losses)
    elif key in _OWN or key in {"aifctl_bmc", "aifctl_serial", "aifctl_off"}:
        _take_own(key, text, host, fields, losses)
    elif key.startswith(("ansible_", "aifctl_")) and not key.startswith(_LABEL):
        losses.add(f"variable {key}, which is Ansible's own business", host)
    else:
        labels.append((key.removeprefix(_LABEL), text))


def _take_own(key: str, text: str, host: str, fields: dict[str, Any], losses: Losses) -> None:
    if key == "aifctl_state":
        if text in set(State):
            fields["state"] = State(text)
        else:
            losses.add("states that there are not", host)
    elif key == "aifctl_serial":
        fields["serials"] = (("chassis", text),)
    elif key == "aifctl_off":
        fields["off"] = text.lower() == "true"
    else:
        fields[key.removeprefix("aifctl_")] = text


def _take_ssh_args(key: str, text: str, host: str, fields: dict[str, Any], losses: Losses) -> None:
    """Carry jump hosts over (-J x, -o ProxyJump=x); whatever else stands there is said to be lost."""
    match = re.fullmatch(r"\s*(?:-J\s*|-o\s*['\"]?ProxyJump[= ])([^\s'\"]+)['\"]?\s*", text)
    if match:
        fields["jump"] = (match[1],)
    else:
        losses.add(f"{key} beyond a jump host", host)


def _without_place_groups(nodes: Iterable[Node], members: Mapping[str, Mapping[str, None]]) -> Iterator[Node]:
    """Leave out groups such as rack_r12 where they say no more than the nodes' own rack."""
    nodes = list(nodes)
    place_of = {(node.name, place): getattr(node, place) for node in nodes for place in _PLACES}

    def says_nothing(group: str) -> bool:
        place, _, value = group.partition("_")
        return place in _PLACES and all(place_of.get((host, place)) == value for host in members[group])

    silent = frozenset(group for group in members if says_nothing(group))
    for node in nodes:
        groups = tuple(group for group in node.groups if group not in silent)
        yield node if groups == node.groups else replace(node, groups=groups)


def _variables(node: Node, losses: Losses) -> dict[str, Any]:
    endpoint = node.endpoint
    variables: dict[str, Any] = {}
    if endpoint.address != node.name:
        variables[_ADDRESS] = endpoint.address
    variables |= {
        key: value for key, value in ((_PORT, endpoint.port), (_USER, endpoint.user)) if value not in {22, None}
    }
    if endpoint.identity:
        variables[_KEY_FILES[0]] = endpoint.identity[0]
    if endpoint.jump:
        variables[_SSH_ARGS[0]] = f"-o ProxyJump={shlex.quote(endpoint.jump[0])}"
    own = {variable: getattr(node, name) for variable, name in _OWN.items()}
    own |= {
        "aifctl_state": None if node.state is State.READY else node.state.value,
        "aifctl_bmc": node.bmc and node.bmc.address,
        "aifctl_off": "true" if node.off else None,
        "aifctl_serial": dict(node.serials).get("chassis"),
    }
    variables |= {variable: value for variable, value in own.items() if value is not None}
    variables |= {f"{_LABEL}{key}": value for key, value in node.labels}
    _say_what_ansible_lacks(node, losses)
    return variables


def _say_what_ansible_lacks(node: Node, losses: Losses) -> None:
    lacking = {
        "rails": node.rails,
        "power feeds": node.feeds,
        "further jump hosts": node.endpoint.jump[1:],
        "further identities": node.endpoint.identity[1:],
        "host keys": node.endpoint.host_keys,
        "ssh options": node.endpoint.options,
        "rack units": node.unit,
        "serials but the chassis's": [part for part, _ in node.serials if part != "chassis"],
        "BMC facts but the address": node.bmc and (node.bmc.user or node.bmc.mac or node.bmc.kind != "redfish"),
    }
    for what, value in lacking.items():
        if value:
            losses.add(what, node.name)
