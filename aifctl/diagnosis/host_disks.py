"""What the probe's disks section read: what the disks are, and the SMART logs of NVMe ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.alike import Alike
from aifctl.diagnosis.host import Disk
from aifctl.diagnosis.natural_order import natural_order
from aifctl.diagnosis.sysfs_values import as_mapping, integer, text, text_if_any, why_absent
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_DISKS, _LONGEST = 128, 64
_SECTOR_BYTES = 512
_KELVIN = 273
_LOG = re.compile(r"[0-9a-f]{384}", re.ASCII)
_SMART = ("critical_warning", "available_spare_pct", "spare_threshold_pct", "used_pct", "media_error_count",
          "temperature_c")  # fmt: skip
#: What nodes have in common of a disk; its serial number and its log are its own.
_OF_MODEL = ("model", "firmware_rev", "sizes", "state")
_MODELS: Alike[dict[str, Any]] = Alike(longest_bytes=1024)
#: A counter of 128 bits; beyond this it is no count of anything.
_MOST_ERRORS = (1 << 63) - 1


def parse_disks(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return {"disks": ...}, in natural order of name.

    What only an NVMe disk tells is n/a of others: their SMART is another protocol, which the probe does not speak.

    Raises:
        UnreadableError: it is not what `onnode/probe/sections/disks.py` makes.
    """
    nvme, others = data.get("nvme"), data.get("others")
    if not isinstance(nvme, Mapping) or not isinstance(others, Mapping) or len(nvme) + len(others) > _MOST_DISKS:
        raise UnreadableError("the disks section has no list of disks")
    found = [_nvme(name, as_mapping(nvme[name])) for name in nvme]
    found += [_other(name, as_mapping(others[name])) for name in others]
    return {"disks": tuple(sorted(found, key=lambda disk: natural_order(disk.name)))}


def parse_smart_log(log: bytes) -> Mapping[str, int]:
    """Return what is judged of an NVMe SMART / Health Information log (NVM Express Base Specification), by field of Disk."""
    kelvin = int.from_bytes(log[1:3], "little")
    return {
        "critical_warning": log[0],
        "available_spare_pct": log[3],
        "spare_threshold_pct": log[4],
        "used_pct": log[5],
        "media_error_count": min(int.from_bytes(log[160:176], "little"), _MOST_ERRORS),
        "temperature_c": kelvin - _KELVIN,
    }


def _nvme(name: str, told: Mapping[str, Any]) -> Disk:
    model = [name, *(told.get(key) for key in _OF_MODEL)]
    return Disk(
        **_MODELS.made(model, partial(_read_model, name, told)), serial=text(told.get("serial")), **_smart(told)
    )


def _read_model(name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": printable_line(name[:_LONGEST]),
        "model": text(told.get("model")),
        "firmware_version": text(told.get("firmware_rev")),
        "size_bytes": _size(told.get("sizes")),
        "state": text(told.get("state")),
        "passed": Absent.NOT_AVAILABLE,
    }


def _smart(told: Mapping[str, Any]) -> Mapping[str, Any]:
    log = told.get("log")
    if isinstance(log, str) and _LOG.fullmatch(log):
        return parse_smart_log(bytes.fromhex(log))
    if log == "timeout":
        return dict.fromkeys(_SMART, Absent.TIMEOUT)
    if log is None and told.get("state") != "live":
        return dict.fromkeys(_SMART, Absent.NOT_AVAILABLE)  # not asked: what its state says is worse
    return dict.fromkeys(_SMART, Absent.ERROR if isinstance(log, str) else why_absent(log))


def _size(sizes: object) -> int | Absent:
    """Return the room of all namespaces together."""
    if not isinstance(sizes, list):
        return why_absent(sizes)
    total = 0
    for size in sizes:
        sectors = integer(size)
        if isinstance(sectors, Absent):
            return sectors
        total += sectors
    return total * _SECTOR_BYTES


def _other(name: str, told: Mapping[str, Any]) -> Disk:
    state = text(told.get("state"))
    return Disk(
        name=printable_line(name[:_LONGEST]),
        model=text_if_any(told.get("model")),
        serial=text_if_any(told.get("serial")),
        firmware_version=text_if_any(told.get("rev")),
        size_bytes=_size([told.get("size")]),
        state=Absent.NOT_AVAILABLE if state is Absent.MISSING else state,
        passed=Absent.NOT_AVAILABLE,
        **dict.fromkeys(_SMART, Absent.NOT_AVAILABLE),
    )
