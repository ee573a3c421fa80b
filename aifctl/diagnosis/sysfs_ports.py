"""What the probe read of /sys/class/infiniband, as the port section of a reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.alike import Alike
from aifctl.diagnosis.natural_order import natural_order
from aifctl.diagnosis.port import Port, PortSection
from aifctl.diagnosis.port_words import guid, link_layer, physical_state, rate_gbits_s, state
from aifctl.diagnosis.sysfs_values import as_mapping, hexadecimal, integer, text, why_absent
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_DEVICES, _MOST_PORTS, _MOST_COUNTERS, _LONGEST_NAME = 256, 8, 64, 64

#: What no two ports have in common, and is read of each; of its device the ports and the GUID.
_OWN, _OF_ONE = frozenset({"lid", "gid", "c"}), frozenset({"ports", "guid"})
#: The other half of a port, of which a fleet has a handful: looking it up takes a fifth of reading it.
_READ: Alike[dict[str, Any]] = Alike(longest_bytes=1024)
#: Digits of a counter that is surely one of 64 bits.
_COUNTER_DIGITS = 19


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
    """Read a port; of its device's other ports, its counters and its names in the fabric nothing that is alike depends."""
    alike = {key: value for key, value in port.items() if key not in _OWN}
    board = {key: value for key, value in device.items() if key not in _OF_ONE}
    read = _READ.made([name, number, board, alike], partial(_read, name, number, device, port))
    return Port(
        **read,
        lid=hexadecimal(port.get("lid")),
        guid=_guid(read["link_layer"], port.get("gid"), device.get("guid")),
        counters=_counters(port.get("c")),
    )


def _read(name: str, number: int, device: Mapping[str, Any], port: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "device": name,
        "number": number,
        "state": state(port.get("state")),
        "physical_state": physical_state(port.get("phys")),
        "link_layer": link_layer(port.get("layer")),
        "rate_gbits_s": rate_gbits_s(port.get("rate")),
        "sm_lid": hexadecimal(port.get("sm")),
        "hca_type": text(device.get("type")),
        "firmware_version": text(device.get("fw")),
        "psid": text(device.get("board")),
        "pci_address": text(device.get("pci")),
        "numa_node": integer(device.get("numa")),
        "netdev": _netdev(device.get("net")),
    }


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
    names, values = _names(tuple(found)[:_MOST_COUNTERS]), tuple(found.values())[:_MOST_COUNTERS]
    if _are_plain(values):
        return dict(zip(names, map(int, values), strict=True))
    numbers: dict[str, int] = {}
    for name, value in zip(names, values, strict=True):
        number = integer(value)
        if isinstance(number, Absent):
            return number
        numbers[name] = number
    return numbers


def _are_plain(values: Sequence[Any]) -> bool:
    """Whether all are decimal digits and nothing else, as on nearly every port: then they need not be looked at singly."""
    try:
        digits = "".join(values)
    except TypeError:
        return False
    return digits.isascii() and digits.isdecimal() and all(values) and max(map(len, values)) <= _COUNTER_DIGITS


@lru_cache(maxsize=256)
def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(printable_line(name[:_LONGEST_NAME]) for name in names)
