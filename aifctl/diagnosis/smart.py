"""Disks as the output of smartctl -j, nvme smart-log -o json and nvme list -o json tells them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.host import Disk, Host
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_DISKS, _LONGEST, _DEPTH = 128, 100, 5
_KELVIN = 273
#: What smartctl calls the log's fields; nvme-cli has avail_spare, spare_thresh and percent_used.
_LOG = {
    "critical_warning": ("critical_warning",),
    "available_spare_pct": ("available_spare", "avail_spare"),
    "spare_threshold_pct": ("available_spare_threshold", "spare_thresh"),
    "used_pct": ("percentage_used", "percent_used"),
    "media_error_count": ("media_errors",),
}
_MOST = (1 << 63) - 1
#: smartctl(8), exit status: bit 3, the disk says that it fails; bit 4, an attribute is at its maker's threshold now.
_FAILS = 1 << 3 | 1 << 4
#: Of a SATA disk's attributes: sectors that wait to be remapped, and those that could not be read when it looked itself.
_UNREADABLE_SECTORS = frozenset({197, 198})


def untold(source: str, **told: Any) -> Host:
    """Return a node of which one tool tells so much: of the rest it has no word, which says nothing of the node."""
    rest = {one.name: Absent.NOT_SUPPORTED for one in fields(Host) if one.name != "source" and one.name not in told}
    return Host(source=source, **told, **rest)


def parse_smartctl(text: str) -> Host:
    """Read smartctl -j (or -jx) of one disk. `passed` is taken down, and never what a disk is judged by.

    Raises:
        UnreadableError: it is no JSON of smartctl's, is cut, or smartctl could not read the disk.
    """
    told = _object(text)
    about = told.get("smartctl")
    if not isinstance(about, Mapping):
        raise UnreadableError("the JSON is not smartctl's")
    device = told.get("device")
    if not isinstance(device, Mapping):
        raise UnreadableError(f"smartctl could not open the disk: {_said(about)}")
    log, status = told.get("nvme_smart_health_information_log"), told.get("smart_status")
    is_nvme = device.get("protocol") == "NVMe" or isinstance(log, Mapping)
    disk = Disk(
        name=_base(device.get("name")),
        model=_text(told.get("model_name")),
        serial=_text(told.get("serial_number")),
        firmware_version=_text(told.get("firmware_version")),
        size_bytes=_size(told),
        state=Absent.NOT_SUPPORTED,
        passed=_passed(about, status),
        temperature_c=_number(told.get("temperature"), "current"),
        **(_log(log) if is_nvme else _of_others(told)),
    )
    return untold("smartctl", disks=(disk,))


def parse_smart_log_json(text: str) -> Host:
    """Read nvme smart-log -o json, which does not say of which disk.

    Raises:
        UnreadableError: it is no such JSON, or is cut.
    """
    told = _object(text)
    if "critical_warning" not in told:
        raise UnreadableError("the JSON is no smart-log of nvme's")
    kelvin = _number(told, "temperature")
    rest = dict.fromkeys(("model", "serial", "firmware_version", "size_bytes", "state", "passed"), Absent.NOT_SUPPORTED)
    disk = Disk(
        name="nvme",
        temperature_c=kelvin if isinstance(kelvin, Absent) else kelvin - _KELVIN,
        **rest,
        **_log(told),
    )
    return untold("nvme-smart-log", disks=(disk,))


def parse_nvme_list(text: str) -> Host:
    """Read nvme list -o json, flat as nvme-cli 1 writes it or nested as 2 does with -v.

    Raises:
        UnreadableError: it is no such JSON, or is cut.
    """
    devices = _object(text).get("Devices")
    if not isinstance(devices, list):
        raise UnreadableError("the JSON is no list of nvme's")
    found = {disk.name: disk for device in devices[:_MOST_DISKS] for disk in _listed(device, _DEPTH)}
    return untold("nvme-list", disks=tuple(found.values()))


def _listed(entry: object, depth: int) -> Iterator[Disk]:
    if not isinstance(entry, Mapping) or not depth:
        return
    if "Firmware" in entry:
        rest = dict.fromkeys((*_LOG, "state", "passed", "temperature_c"), Absent.NOT_SUPPORTED)
        size_bytes = _number(entry, "PhysicalSize")
        yield Disk(
            name=_base(entry.get("Controller") or entry.get("DevicePath")),
            model=_text(entry.get("ModelNumber")),
            serial=_text(entry.get("SerialNumber")),
            firmware_version=_text(entry.get("Firmware")),
            size_bytes=Absent.NOT_SUPPORTED if isinstance(size_bytes, Absent) else size_bytes,
            **rest,
        )
        return
    for name in ("Subsystems", "Controllers"):
        below = entry.get(name)
        for one in below[:_MOST_DISKS] if isinstance(below, list) else ():
            yield from _listed(one, depth - 1)


def _object(text: str) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise UnreadableError("the JSON is cut, or none at all") from problem
    if not isinstance(told, dict):
        raise UnreadableError("the JSON is no object")
    return told


def _log(log: object) -> dict[str, Any]:
    """Return what is judged of an NVMe disk's log; MISSING where it is not there: then nothing is known."""
    told = log if isinstance(log, Mapping) else {}
    return {field: _first(told, names) for field, names in _LOG.items()}


def _first(told: Mapping[str, Any], names: tuple[str, ...]) -> int | Absent:
    for name in names:
        value = told.get(name)
        if name == "critical_warning" and isinstance(value, Mapping):
            return _number(value, "value")  # nvme-cli 2 with -v
        if name in told:
            return _number(told, name)
    return Absent.MISSING


def _of_others(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return a SATA or SAS disk's: it tells of no spare and no wear, but of what of its medium can't be read."""
    found = [count for count in _unread(told) if type(count) is int and 0 <= count <= _MOST]
    return dict.fromkeys(_LOG, Absent.NOT_SUPPORTED) | ({"media_error_count": sum(found)} if found else {})


def _unread(told: Mapping[str, Any]) -> Iterator[object]:
    yield told.get("scsi_grown_defect_list")
    for log in _within(told, "scsi_error_counter_log").values():
        yield log.get("total_uncorrected_errors") if isinstance(log, Mapping) else None
    table = _within(told, "ata_smart_attributes").get("table")
    for row in table if isinstance(table, list) else ():
        if isinstance(row, Mapping) and row.get("id") in _UNREADABLE_SECTORS:
            yield _within(row, "raw").get("value")


def _size(told: Mapping[str, Any]) -> int | Absent:
    capacity = told.get("user_capacity")
    return _number(capacity, "bytes") if isinstance(capacity, Mapping) else _number(told, "nvme_total_capacity")


def _number(told: object, name: str) -> int | Absent:
    value = told.get(name) if isinstance(told, Mapping) else None
    if value is None:
        return Absent.MISSING
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:  # noqa: PLR2004  digits of _MOST
        value = int(value)
    return value if type(value) is int and 0 <= value <= _MOST else Absent.ERROR


def _passed(about: Mapping[str, Any], status: object) -> bool | Absent:
    """Return the disk's own opinion, and smartctl's by its exit status where that is worse."""
    code, passed = about.get("exit_status"), _within({"status": status}, "status").get("passed")
    if type(code) is int and code & _FAILS:
        return False
    return passed if isinstance(passed, bool) else Absent.NOT_SUPPORTED


def _within(told: object, name: str) -> Mapping[str, Any]:
    """Return an object within another, an empty one where there is none."""
    found = told.get(name) if isinstance(told, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str | Absent:
    return (
        printable_line(value.strip()[:_LONGEST]) or Absent.NOT_AVAILABLE if isinstance(value, str) else Absent.MISSING
    )


def _base(value: object) -> str:
    return printable_line(value.rpartition("/")[2][:_LONGEST]) if isinstance(value, str) else "disk"


def _said(about: Mapping[str, Any]) -> str:
    messages = about.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    said = first.get("string") if isinstance(first, Mapping) else None
    return printable_line(str(said or f"exit status {about.get('exit_status')}")[:_LONGEST])
