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
from aifctl.diagnosis.sysfs_values import integer, speed_gt_s, text, why_absent, width
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_DEVICES = 4096
_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]", re.ASCII)
_HEX_ID = re.compile(r"0x([0-9a-f]{4})", re.ASCII)
_CLASS = re.compile(r"0x([0-9a-f]{6})", re.ASCII)
_HEAD = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
_CONTROL = re.compile(r"[0-9a-f]{4}", re.ASCII)
#: The first bit of the ACS control register: source validation.
_SOURCE_VALIDATION = 0x1

#: The columns of a row, and what stands between them, as onnode/probe/sections/pci.py writes it.
_COLUMNS = (
    "address", "up", "vendor", "device", "class", "driver", "speed", "speed_max", "width", "width_max", "numa", "fatal",
    "nonfatal", "correctable", "head", "acs",
)  # fmt: skip
_BETWEEN_ROWS, _BETWEEN_COLUMNS, _REFUSED = ";", "|", "!"

#: A fleet's nodes are built alike. Those that tell the very same share one section, so that what else is made of it is
#: made once; those that differ in a counter share all devices but that one.
_SECTIONS: Alike[PciSection] = Alike(most_count=256, longest_bytes=64 << 10)
_DEVICES: Alike[PciDevice] = Alike(longest_bytes=1024)


def parse_sysfs_pci(data: object) -> PciSection:
    """Return the devices, in order of address.

    Args:
        data: the section's data as `onnode/probe/sections/pci.py` makes it.

    Raises:
        UnreadableError: it is not of that shape.
    """
    told = data.get("devices") if isinstance(data, Mapping) else None
    if not isinstance(told, str) or told.count(_BETWEEN_ROWS) >= _MOST_DEVICES:
        raise UnreadableError("the pci section has no list of devices")
    return _SECTIONS.made(told, partial(_section, told))


def _section(told: str) -> PciSection:
    rows = sorted(told.split(_BETWEEN_ROWS)) if told else []
    return PciSection(source="sysfs", devices=tuple(_DEVICES.made(row, partial(_device, row)) for row in rows))


def _device(row: str) -> PciDevice:
    words = row.split(_BETWEEN_COLUMNS)
    if len(words) != len(_COLUMNS) or not _ADDRESS.fullmatch(words[0]):
        raise UnreadableError(f"{printable_line(row[:40])!r} of the pci section is no PCI device")
    told = {name: _value(word) for name, word in zip(_COLUMNS, words, strict=True)}
    return PciDevice(
        address=words[0],
        device_id=_device_id(told["vendor"], told["device"]),
        pci_class=_matched(_CLASS, told["class"]),
        driver=text(told["driver"]),
        upstream=_upstream(told["up"]),
        numa_node=integer(told["numa"]),
        link_speed_gt_s=_of_link(speed_gt_s, told["speed"]),
        link_speed_max_gt_s=_of_link(speed_gt_s, told["speed_max"]),
        link_width=_of_link(width, told["width"]),
        link_width_max=_of_link(width, told["width_max"]),
        acs_source_validation=_acs(told["acs"]),
        revision_ff=_is_all_ones(told["head"]),
        aer_fatal_count=_of_link(integer, told["fatal"]),
        aer_nonfatal_count=_of_link(integer, told["nonfatal"]),
        aer_correctable_count=_of_link(integer, told["correctable"]),
    )


def _value(word: str) -> str | Mapping[str, str]:
    """Return a text, or the error in its place as the other sections tell it."""
    return {"!": word[1:]} if word.startswith(_REFUSED) else word


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
    return Absent.NOT_AVAILABLE if found is Absent.MISSING else found


def _acs(value: object) -> bool | Absent:
    if value == "none":  # "", where nobody asked, is so, too
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
