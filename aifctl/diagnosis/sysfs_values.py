"""Values out of small files of the kernel's, as the probe sends them: a text, or {"!": "EACCES"} in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent

_NO_FILE = frozenset({"ENOENT", "ENOTDIR"})
_REFUSED = frozenset({"EACCES", "EPERM"})
_MOST_CHARACTERS = 200
_INTEGER_DIGITS = 20
_INTEGER = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_HEX = re.compile(r"(?:0x)?[0-9a-f]{1,16}", re.ASCII | re.IGNORECASE)
#: "32.0 GT/s PCIe", "8 GT/s", "32GT/s".
_SPEED = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?) ?GT/s", re.ASCII)
#: What a link can have (PCI Express Base Specification, Link Status Register); a device that is gone answers 63.
_WIDTHS = frozenset({1, 2, 4, 8, 12, 16, 32})


def text_if_any(value: object) -> str | Absent:
    """Return a text; n/a where the kernel has no such file."""
    told = text(value)
    return Absent.NOT_AVAILABLE if told is Absent.MISSING else told


def text(value: object) -> str | Absent:
    """Return a text, made harmless; empty is n/a."""
    if type(value) is str and len(value) <= _MOST_CHARACTERS and value.isascii() and value.isprintable():
        return value or Absent.NOT_AVAILABLE  # nearly all of them, at a tenth of the time
    if isinstance(value, str):
        return printable_line(value[:_MOST_CHARACTERS]) or Absent.NOT_AVAILABLE
    return why_absent(value)


def why_absent(value: object) -> Absent:
    """Return what an error's name stands for; MISSING where nothing stands there at all."""
    if value is None:
        return Absent.MISSING
    name = value.get("!") if isinstance(value, Mapping) else None
    if not isinstance(name, str):
        return Absent.ERROR
    if name in _NO_FILE:
        return Absent.MISSING
    return Absent.DENIED if name in _REFUSED else Absent.ERROR


def integer(value: object) -> int | Absent:
    """Return a decimal number; ERROR for what is none."""
    if type(value) is str and len(value) < _INTEGER_DIGITS and value.isascii() and value.isdecimal():
        return int(value)
    told = text(value)
    if isinstance(told, Absent):
        return told
    return int(told) if _INTEGER.fullmatch(told) else Absent.ERROR


def hexadecimal(value: object) -> int | Absent:
    """Return 128 of 0x80; ERROR for what is no number."""
    told = text(value)
    if isinstance(told, Absent):
        return told
    return int(told, 16) if _HEX.fullmatch(told) else Absent.ERROR


def speed_gt_s(value: object) -> float | Absent:
    """Return 32.0 of "32.0 GT/s PCIe"; n/a for "Unknown", which the kernel says of what has no PCIe link."""
    told = text(value)
    if isinstance(told, Absent):
        return told
    return _speed(told)


@lru_cache(maxsize=64)
def _speed(told: str) -> float | Absent:
    found = _SPEED.match(told)
    if found:
        return float(found[1])
    return Absent.NOT_AVAILABLE if told.lower().startswith("unknown") else Absent.ERROR


def width(value: object) -> int | Absent:
    """Return lanes; n/a for 0, 63 and 255, which the kernel says where there is no PCIe link to speak of."""
    lanes = integer(value)
    return lanes if isinstance(lanes, Absent) or lanes in _WIDTHS else Absent.NOT_AVAILABLE


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return an object of JSON; an empty one where it is none."""
    return value if isinstance(value, Mapping) else {}
