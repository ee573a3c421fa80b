"""What the probe read of /sys/class/infiniband, as the port section of a reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.natural_order import natural_order
from aifctl.diagnosis.port import Port, PortSection
from aifctl.diagnosis.port_words import guid, link_layer, physical_state, rate_gbits_s, state
from aifctl.diagnosis.sysfs_values import as_mapping, hexadecimal, integer, text, why_absent
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_DEVICES, _MOST_PORTS, _MOST_COUNTERS, _LONGEST_NAME = 256, 8, 64, 64


def parse_sysfs_ports(data: object) -> PortSection:
    """Return the ports, in natural order of device.

    A device without a port that can be read is a port 1 of which nothing is known. A counter that this HCA has no file
    for is not among its counters; one that could not be read makes all of them absent, since nothing would be told of
    what it counts.

    Args:
        data: the section's data as `onnode/probe/sections/port.py` makes it.

    Raises:
        UnreadableError: it is not of that shape.
    """
    devices = data.get("devices") if isinstance(data, Mapping) else None
    if not isinstance(devices, Mapping) or len(devices) > _MOST_DEVICES:
        raise UnreadableError("the port section has no list of devices")
    found = [port for name in devices for port in _ports(name, devices[name])]
    return PortSection(
        source="sysfs", ports=tuple(sorted(found, key=lambda port: (natural_order(port.device), port.number)))
    )


def _ports(name: str, device: object) -> Iterator[Port]:
    if not isinstance(device, Mapping):
        raise UnreadableError("a device of the port section is no object")
    ports = as_mapping(device.get("ports"))
    numbers = [number for number in ports if number.isdecimal() and len(number) <= 3][:_MOST_PORTS]  # noqa: PLR2004  0-255
    for number in numbers or ["1"]:
        yield _port(printable_line(name[:_LONGEST_NAME]), int(number), device, as_mapping(ports.get(number)))


def _port(name: str, number: int, device: Mapping[str, Any], port: Mapping[str, Any]) -> Port:
    layer = link_layer(port.get("layer"))
    return Port(
        device=name,
        number=number,
        state=state(port.get("state")),
        physical_state=physical_state(port.get("phys")),
        link_layer=layer,
        rate_gbits_s=rate_gbits_s(port.get("rate")),
        lid=hexadecimal(port.get("lid")),
        sm_lid=hexadecimal(port.get("sm")),
        guid=_guid(layer, port.get("gid"), device.get("guid")),
        hca_type=text(device.get("type")),
        firmware_version=text(device.get("fw")),
        psid=text(device.get("board")),
        pci_address=text(device.get("pci")),
        numa_node=integer(device.get("numa")),
        netdev=_netdev(device.get("net")),
        counters=_counters(port.get("c")),
    )


def _guid(layer: str | Absent, gid: object, of_node: object) -> str | Absent:
    """Return the port's GUID, which is the last half of its first GID; on Ethernet that follows from the MAC."""
    of_port = guid(gid) if layer == "infiniband" else Absent.NOT_AVAILABLE
    return guid(of_node) if isinstance(of_port, Absent) else of_port


def _netdev(found: object) -> str | Absent:
    """Return the name; of a bond's several, all, with commas."""
    if not isinstance(found, list):
        return why_absent(found)
    return text(",".join(name for name in found if isinstance(name, str)))


def _counters(found: object) -> Mapping[str, int] | Absent:
    if not isinstance(found, Mapping) or not found:
        return Absent.MISSING
    counters: dict[str, int] = {}
    for name in list(found)[:_MOST_COUNTERS]:
        value = integer(found[name])
        if isinstance(value, Absent):
            return value
        counters[printable_line(name[:_LONGEST_NAME])] = value
    return counters
