"""`ibstat`, as the port section of a reading: MLNX_OFED and rdma-core, any number of CAs and ports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.natural_order import natural_order
from aifctl.diagnosis.port import Port, PortSection
from aifctl.diagnosis.port_words import guid, link_layer, physical_state, rate_gbits_s, state
from aifctl.diagnosis.sysfs_values import integer, text
from aifctl.diagnosis.unreadable import UnreadableError

_CA = re.compile(r"CA '([^'\s]{1,64})'")
_PORT = re.compile(r"Port ([0-9]{1,3}):", re.ASCII)
_FIELD = re.compile(r"([A-Za-z][A-Za-z ]{1,30}):[ \t]?(.{0,200})")
_PANIC = re.compile(r"(ibpanic|ibwarn|ibstat|iberror): ?\[?|.*: No such file or directory$")
#: A parallel shell writes the node before each line, some collections a line of its own before each listing.
_NODE = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]{0,80}):[ \t]*(?=CA '|CA type|\S.{0,40}:|ibpanic)")
_MANY = re.compile(r"(VM_)?hostname\b", re.IGNORECASE)
_MOST_PORTS, _LONGEST_LINE = 512, 400
#: `ibstat -p` prints a GUID a line.
_BARE_GUID = re.compile(r"0x[0-9a-f]{16}")
#: What ibstat has no word for, on any version.
_UNTOLD = Absent.NOT_AVAILABLE


@dataclass(slots=True)
class _Adapter:
    name: str
    fields: dict[str, str] = field(default_factory=dict)
    ports: dict[int, dict[str, str]] = field(default_factory=dict)


def parse_ibstat(told: str) -> PortSection:
    """Return the ports that an ibstat lists; a prefix `NODE: ` before every line is that of a parallel shell.

    `complete` is False where it ended in an error (`ibpanic:`), or where an adapter has fewer ports than it says, or a
    port no last line: then there may be more than it tells.

    Raises:
        UnreadableError: no ibstat, a list of names or GUIDs alone (-l, -p), or the listings of several nodes.
    """
    lines = _without_node([line[:_LONGEST_LINE].strip() for line in told.splitlines() if line.strip()])
    listing = _Listing()
    for line in lines:
        listing.take(line)
    if not listing.adapters:
        raise UnreadableError(_why_not(lines))
    complete = listing.complete and told.endswith(("\n", "InfiniBand", "Ethernet"))
    return PortSection(
        source="ibstat",
        ports=tuple(_all_ports(listing.adapters.values())),
        complete=complete and all(_is_whole(adapter) for adapter in listing.adapters.values()),
    )


def _without_node(lines: list[str]) -> list[str]:
    nodes = {found[1] if (found := _NODE.match(line)) else "" for line in lines}
    if "" in nodes:
        return lines
    if len(nodes) > 1:
        raise UnreadableError(f"these are the listings of {len(nodes)} nodes: send one node's")
    return [line.partition(":")[2].strip() for line in lines]


class _Listing:
    """What has been read so far; `complete` is False from the first line on that can't be made sense of."""

    def __init__(self) -> None:
        self.adapters: dict[str, _Adapter] = {}
        self.complete = True
        self._adapter: _Adapter | None = None
        self._here: dict[str, str] = {}
        self._ports_count = 0

    def take(self, line: str) -> None:
        if found := _CA.fullmatch(line):
            self._begin(found[1])
        elif self._adapter is None or _PANIC.match(line):
            self.complete = self.complete and not _PANIC.match(line)
        elif found := _PORT.fullmatch(line):
            self._ports_count += 1
            self._here = self._adapter.ports.setdefault(int(found[1]), {})
        elif found := _FIELD.fullmatch(line):
            self._here.setdefault(found[1].lower(), found[2].strip())
        elif _MANY.match(line):
            raise UnreadableError("these are the listings of several nodes: send one node's")
        else:
            self.complete = False
        if self._ports_count > _MOST_PORTS:
            raise UnreadableError(f"more than {_MOST_PORTS} ports: no node has so many")

    def _begin(self, name: str) -> None:
        if name in self.adapters:
            raise UnreadableError(f"{printable_line(name)} stands in it twice: this is of several nodes")
        if len(self.adapters) >= _MOST_PORTS:
            raise UnreadableError(f"more than {_MOST_PORTS} adapters: no node has so many")
        self._adapter = self.adapters[name] = _Adapter(name)
        self._here = self._adapter.fields


def _is_whole(adapter: _Adapter) -> bool:
    """Whether nothing is missing at its end. A port's last line tells its link layer, since ibstat knows Ethernet."""
    told = adapter.fields.get("number of ports", "")
    return told == str(len(adapter.ports)) and all("link layer" in port for port in adapter.ports.values())


def _all_ports(adapters: Iterable[_Adapter]) -> Iterator[Port]:
    for adapter in sorted(adapters, key=lambda one: natural_order(one.name)):
        for number in sorted(adapter.ports or {1: {}}):
            yield _port(adapter, number, adapter.ports.get(number, {}))


def _port(adapter: _Adapter, number: int, port: dict[str, str]) -> Port:
    of_port = guid(port.get("port guid"))
    return Port(
        device=printable_line(adapter.name),
        number=number,
        state=state(port.get("state")),
        physical_state=physical_state(port.get("physical state")),
        link_layer=link_layer(port.get("link layer")),
        rate_gbits_s=rate_gbits_s(port.get("rate")),
        lid=integer(port.get("base lid")),
        sm_lid=integer(port.get("sm lid")),
        guid=guid(adapter.fields.get("node guid")) if isinstance(of_port, Absent) else of_port,
        hca_type=text(adapter.fields.get("ca type")),
        firmware_version=text(adapter.fields.get("firmware version")),
        psid=_UNTOLD,
        pci_address=_UNTOLD,
        numa_node=_UNTOLD,
        netdev=_UNTOLD,
        counters=_UNTOLD,
    )


def _why_not(lines: list[str]) -> str:
    if not lines:
        return "it is empty: ibstat prints a block for each adapter"
    if all(_BARE_GUID.fullmatch(line) for line in lines[:100]):
        return "this is a list of GUIDs (ibstat -p): it tells no state; send what ibstat prints without options"
    if all(" " not in line for line in lines[:100]):
        return "this is a list of names (ibstat -l): it tells no state; send what ibstat prints without options"
    if any(_MANY.match(line) for line in lines[:100]):
        return "this is a collection of several nodes' GUIDs, not what ibstat prints on one"
    return f"this is no ibstat: no line begins an adapter (CA '...'); its first is {printable_line(lines[0][:80])!r}"
