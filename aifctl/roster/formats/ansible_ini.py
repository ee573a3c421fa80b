"""Ansible's INI inventory."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from aifctl.fleet.fleet import Fleet
from aifctl.roster.ansible import AnsibleInventory, expand_hosts, inventory_of, nodes_of, written
from aifctl.roster.format import Found, RosterFormat, Written, broken

_SECTION = re.compile(r"\[([^\[\]:]+)(?::(\w+))?\]")
_KINDS = frozenset({None, "vars", "children"})


def read(text: str, file: str) -> Found:
    """Read hosts, [group], [group:children], [group:vars]; InventoryError with the line otherwise."""
    inventory = AnsibleInventory()
    group, kind = "ungrouped", None
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if not content or content[0] in "#;":
            continue
        if content.startswith("[") and (section := _section(content, file, number)):
            group, kind = section
            inventory.group(group)
        elif kind == "vars":
            key, value = _variable(content, file, number)
            inventory.group(group).variables[key] = value
        elif kind == "children":
            child = content.partition("#")[0].strip()
            inventory.group(child)
            inventory.group(group).children[child] = None
        else:
            _add_hosts(inventory, group, content, file, number)
    return nodes_of(inventory, file=file)


def write(fleet: Fleet, names: Sequence[str]) -> Written:
    """Write every host once with its variables, then the groups."""
    inventory, losses = inventory_of(fleet, names)
    lines = ["# Written from the aifctl inventory."]
    for host, variables in inventory.hosts.items():
        lines.append(" ".join([host, *(f"{key}={_quoted(str(value))}" for key, value in variables.items())]))
    for group, own in inventory.groups.items():
        lines += ["", f"[{group}]", *own.hosts]
    return written((("hosts.ini", "\n".join(lines) + "\n"),), losses)


def _section(content: str, file: str, number: int) -> tuple[str, str | None] | None:
    match = _SECTION.fullmatch(content.partition("#")[0].strip())
    if not match:
        if re.match(r"\[\w+:\w+", content):  # a host that begins with a range: [a:c]node
            return None
        raise broken(
            file, number, f"{content[:60]!r} is no section; sections are [group], [group:children], [group:vars]"
        )
    if match[2] not in _KINDS:
        raise broken(file, number, f"there are no :{match[2]} sections; there are :children and :vars")
    return match[1].strip(), match[2]


def _variable(content: str, file: str, number: int) -> tuple[str, str]:
    key, equals, value = content.partition("=")
    if not equals or not key.strip():
        raise broken(file, number, f"{content[:60]!r} is no variable; write key=value")
    words = value.strip()
    if len(words) > 1 and words[0] == words[-1] and words[0] in "'\"":
        words = words[1:-1]
    return key.strip(), words


def _add_hosts(inventory: AnsibleInventory, group: str, content: str, file: str, number: int) -> None:
    try:
        pattern, *words = shlex.split(content, comments=True)
    except ValueError as problem:
        raise broken(file, number, f"quotes don't match in {content[:60]!r}") from problem
    variables = dict(_variable(word, file, number) for word in words)
    if port := re.fullmatch(r"([^:\[\]]+|[^\[\]]*(?:\[[^\]]*\][^\[\]:]*)+):(\d+)", pattern):
        pattern, variables = port[1], {"ansible_port": port[2], **variables}
    for host in expand_hosts(pattern, file=file, line=number):
        inventory.hosts.setdefault(host, {}).update(variables)
        inventory.group(group).hosts[host] = None


def _quoted(value: str) -> str:
    return shlex.quote(value)


FORMAT = RosterFormat(
    name="ansible-ini", about="Ansible's INI inventory: hosts, groups, variables", read=read, write=write
)
