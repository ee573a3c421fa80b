"""/etc/hosts."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from aifctl.fleet.fleet import Fleet
from aifctl.roster.format import Found, Losses, RosterFormat, Written, bare_node, broken

_ALIASES = "aliases"


def read(text: str, file: str) -> Found:
    """Read address, name, aliases; loopback and multicast lines are nobody's nodes."""
    losses = Losses()
    seen: dict[str, str] = {}
    nodes = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        address = _address(words[0], file, number)
        if len(words) == 1:
            raise broken(file, number, f"{words[0]} has no name")
        if address.is_loopback or address.is_multicast or address.is_unspecified:
            continue
        name, *aliases = words[1:]
        if name in seen:
            losses.add("further addresses of one name", f"{name} {words[0]}")
            continue
        seen[name] = words[0]
        labels = ((_ALIASES, " ".join(aliases)),) if aliases else ()
        nodes.append(bare_node(name, address=words[0], labels=labels))
    return Found(nodes=tuple(nodes), lost=losses.sentences())


def write(fleet: Fleet, names: Sequence[str]) -> Written:
    """Write address, name, aliases (the label `aliases`, the Slurm name)."""
    losses = Losses()
    lines = ["# Written from the aifctl inventory."]
    width = 1
    rows: list[tuple[str, str]] = []
    for name in names:
        node = fleet.node(name)
        try:
            ip_address(node.endpoint.address)
        except ValueError:
            losses.add("nodes reached by name, whose address only DNS knows", name)
            continue
        aliases = [dict(node.labels).get(_ALIASES, ""), node.slurm_name or ""]
        rows.append((node.endpoint.address, " ".join([name, *filter(None, aliases)])))
        width = max(width, len(node.endpoint.address))
        if node.endpoint.port != 22 or node.endpoint.user or node.endpoint.jump:  # noqa: PLR2004 - ssh's port
            losses.add("ports, users and jump hosts", name)
    lines += [f"{address:<{width}}  {rest}" for address, rest in rows]
    return Written(files=(("hosts", "\n".join(lines) + "\n"),), lost=losses.sentences())


def _address(text: str, file: str, number: int) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError as problem:
        raise broken(file, number, f"{text[:60]!r} is not an IP address") from problem


FORMAT = RosterFormat(name="hosts", about="/etc/hosts: addresses and names", read=read, write=write)
