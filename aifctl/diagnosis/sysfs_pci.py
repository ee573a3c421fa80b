"""What the probe read of /sys/bus/pci/devices, as the PCI section of a reading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.alike import Alike
from aifctl.diagnosis.pci import PciDevice, PciSection
from aifctl.diagnosis.sysfs_values import as_mapping, integer, speed_gt_s, text, why_absent, width
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_DEVICES = 4096
_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]", re.ASCII)
_HEX_ID = re.compile(r"0x([0-9a-f]{4})", re.ASCII)
_CLASS = re.compile(r"0x([0-9a-f]{6})", re.ASCII)
_HEAD = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
_CONTROL = re.compile(r"[0-9a-f]{4}", re.ASCII)
#: The first bit of the ACS control register: source validation.
_SOURCE_VALIDATION = 0x1

#: A fleet's nodes are built alike: 39 devices of 6,250 nodes are a few hundred, and looking one up takes a tenth of
#: reading it.
_READ: Alike[PciDevice] = Alike(longest_bytes=1024)

#: By the identity of their devices, which a section keeps alive.
_SECTIONS: dict[tuple[int, ...], PciSection] = {}
_MOST_SECTIONS = 256


def parse_sysfs_pci(data: object) -> PciSection:
    """Return the devices, in order of address.

    Args:
        data: the section's data as `onnode/probe/sections/pci.py` makes it.

    Raises:
        UnreadableError: it is not of that shape.
    """
    devices = data.get("devices") if isinstance(data, Mapping) else None
    if not isinstance(devices, Mapping) or len(devices) > _MOST_DEVICES:
        raise UnreadableError("the pci section has no list of devices")
    found = [
        _READ.made((address, devices[address]), partial(_device, address, devices[address]))
        for address in sorted(devices)
    ]
    return _shared(tuple(found))


def _shared(devices: tuple[PciDevice, ...]) -> PciSection:
    """Return one section for all nodes with the very same devices, so that what else is made of it is made once."""
    key = tuple(map(id, devices))
    section = _SECTIONS.get(key)
    if section is None:
        if len(_SECTIONS) >= _MOST_SECTIONS:
            _SECTIONS.clear()
        section = _SECTIONS[key] = PciSection(source="sysfs", devices=devices)
    return section


def _device(address: str, device: object) -> PciDevice:
    if not _ADDRESS.fullmatch(address) or not isinstance(device, Mapping):
        raise UnreadableError(f"{printable_line(address[:40])!r} of the pci section is no PCI device")
    aer = as_mapping(device.get("aer"))
    vendor, model, kind = _identity(device.get("id"))
    return PciDevice(
        address=address,
        device_id=_device_id(vendor, model),
        pci_class=_matched(_CLASS, kind),
        driver=text(device.get("driver")),
        upstream=_upstream(device.get("up")),
        numa_node=integer(device.get("numa")),
        link_speed_gt_s=_of_link(speed_gt_s, device.get("speed")),
        link_speed_max_gt_s=_of_link(speed_gt_s, device.get("speed_max")),
        link_width=_of_link(width, device.get("width")),
        link_width_max=_of_link(width, device.get("width_max")),
        acs_source_validation=_acs(device.get("acs", "none")),
        revision_ff=_is_all_ones(device.get("head")),
        aer_fatal_count=_of_link(integer, aer.get("fatal")),
        aer_nonfatal_count=_of_link(integer, aer.get("nonfatal")),
        aer_correctable_count=_of_link(integer, aer.get("correctable")),
    )


def _identity(found: object) -> tuple[Any, Any, Any]:
    return tuple(found) if isinstance(found, list) and len(found) == 3 else (None, None, None)  # noqa: PLR2004  vendor, device, class


def _device_id(vendor: object, model: object) -> str | Absent:
    maker, kind = _matched(_HEX_ID, vendor), _matched(_HEX_ID, model)
    if isinstance(maker, Absent):
        return maker
    return kind if isinstance(kind, Absent) else f"{maker}:{kind}"


def _matched(form: re.Pattern[str], value: object) -> str | Absent:
    told = text(value)
    if isinstance(told, Absent):
        return told
    found = form.fullmatch(told.lower())
    return found[1] if found else Absent.ERROR


def _upstream(value: object) -> str | Absent:
    if not isinstance(value, str):
        return why_absent(value)
    return value if not value or _ADDRESS.fullmatch(value) else Absent.ERROR


def _of_link(parse: Any, value: object) -> Any:
    """Parse a file that the kernel makes for a device that has a PCIe link, or AER, and for no other: none is n/a."""
    found = parse(value)
    return Absent.NOT_AVAILABLE if found is Absent.MISSING and value is not None else found


def _acs(value: object) -> bool | Absent:
    if value == "none":
        return Absent.NOT_AVAILABLE
    told = text(value)
    if isinstance(told, Absent):
        return told
    return bool(int(told, 16) & _SOURCE_VALIDATION) if _CONTROL.fullmatch(told) else Absent.ERROR


def _is_all_ones(value: object) -> bool | Absent:
    told = text(value)
    if isinstance(told, Absent):
        return Absent.MISSING if told is Absent.NOT_AVAILABLE else told
    return not told.strip("f") if _HEAD.fullmatch(told) else Absent.ERROR
