"""The words of nvidia-smi, whichever format they stand in, as values or as the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent

#: Turns a word into a value or the reason why it is none.
Reader = Callable[[str], Any]

_LONGEST_TEXT = 200

#: What stands in a value's place: nvidia-smi's own words, and NVML's error texts (nvmlErrorString), in brackets or not.
_ABSENT: Mapping[str, Absent] = {
    "": Absent.MISSING,
    "n/a": Absent.NOT_AVAILABLE,
    "not available": Absent.NOT_AVAILABLE,
    "not supported": Absent.NOT_SUPPORTED,
    "function not found": Absent.NOT_SUPPORTED,
    "argument version mismatch": Absent.NOT_SUPPORTED,
    "requested functionality has been deprecated": Absent.DEPRECATED,
    "deprecated": Absent.DEPRECATED,
    "insufficient permissions": Absent.DENIED,
    "no permission": Absent.DENIED,
    "timeout": Absent.TIMEOUT,
    "gpu requires reset": Absent.REQUIRES_RESET,
    "gpu requires restart": Absent.REQUIRES_RESET,
    "gpu is lost": Absent.LOST,
    "unknown error": Absent.ERROR,
    "unknown": Absent.ERROR,
    "err!": Absent.ERROR,
    "error": Absent.ERROR,
    "not found": Absent.ERROR,
    "invalid argument": Absent.ERROR,
    "uninitialized": Absent.ERROR,
    "no data": Absent.ERROR,
    "not ready": Absent.ERROR,
    "in use": Absent.ERROR,
    "invalid state": Absent.ERROR,
    "insufficient size": Absent.ERROR,
    "insufficient resources": Absent.ERROR,
    "insufficient external power": Absent.ERROR,
    "insufficient memory": Absent.ERROR,
    "driver not loaded": Absent.ERROR,
    "driver/library version mismatch": Absent.ERROR,
    "interrupt request issue": Absent.ERROR,
    "corrupted inforom": Absent.ERROR,
    "the operating system has blocked the request.": Absent.ERROR,
    "gpu access blocked by the operating system": Absent.ERROR,
}

_FLAGS: Mapping[str, bool] = {
    **dict.fromkeys(("yes", "enabled", "active", "true", "on", "valid"), True),
    **dict.fromkeys(("no", "disabled", "not active", "false", "off", "invalid"), False),
}

_ADDRESS = re.compile(r"([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", re.IGNORECASE | re.ASCII)
_DEVICE_ID = re.compile(r"(?:0x)?([0-9a-f]{4})([0-9a-f]{4})", re.IGNORECASE | re.ASCII)
_MASK = re.compile(r"0x([0-9a-f]{1,16})", re.IGNORECASE | re.ASCII)
_STATE = re.compile(r"P(?:1[0-5]|[0-9])", re.ASCII)
_GENERATION = re.compile(r"(?:gen ?)?([1-9])", re.IGNORECASE | re.ASCII)

#: NVML field 230 (nvml.h, NVML_GPU_RECOVERY_ACTION_*), in nvidia-smi's words and in NVML's.
_RECOVERY: Mapping[str, str] = {
    "none": "none",
    "reset": "gpu-reset",
    "gpu reset": "gpu-reset",
    "reboot": "node-reboot",
    "node reboot": "node-reboot",
    "drain p2p": "drain-p2p",
    "drain and reset": "drain-and-reset",
}


def bare(word: str) -> str:
    """Return a word without the brackets that CSV puts around what is no value, in lower case."""
    word = word.strip()
    return (word[1:-1] if word.startswith("[") and word.endswith("]") else word).strip().casefold()


def absence(word: str) -> Absent | None:
    """Return why there is no value; None where the word may be one."""
    return _ABSENT.get(bare(word)) if len(word) <= _LONGEST_TEXT else None


def text(word: str) -> str | Absent:
    """Return one printable line."""
    return absence(word) or printable_line(word.strip()[:_LONGEST_TEXT])


def slug(word: str) -> str | Absent:
    """Return "In Progress" as in-progress."""
    told = text(word)
    return told if isinstance(told, Absent) else "-".join(told.casefold().split())


def flag(word: str) -> bool | Absent:
    """Return Yes, Enabled, Active as true, and their contraries; ERROR for what is neither."""
    told = _FLAGS.get(bare(word))
    return absence(word) or Absent.ERROR if told is None else told


def integer(unit: str = "", *, factor: int = 1) -> Reader:
    """Make a reader of whole numbers, with their unit or (CSV with `nounits`) without it, times a factor."""
    form = re.compile(rf"([+-]?[0-9]{{1,19}})(?: *{re.escape(unit)})?", re.ASCII)

    def read(word: str) -> int | Absent:
        found = form.fullmatch(word.strip())
        return int(found[1]) * factor if found else absence(word) or Absent.ERROR

    return read


def count(unit: str = "") -> Reader:
    """Make a reader of whole numbers that can't be negative."""
    any_number = integer(unit)

    def read(word: str) -> int | Absent:
        value: int | Absent = any_number(word)
        return value if isinstance(value, Absent) or value >= 0 else Absent.ERROR

    return read


def decimal(unit: str) -> Reader:
    """Make a reader of numbers with a fraction."""
    form = re.compile(rf"([0-9]{{1,9}}(?:\.[0-9]{{1,9}})?)(?: *{re.escape(unit)})?", re.ASCII)

    def read(word: str) -> float | Absent:
        found = form.fullmatch(word.strip())
        return float(found[1]) if found else absence(word) or Absent.ERROR

    return read


def address(word: str) -> str:
    """Return `00000000:1B:00.0` as `0000:1b:00.0`; "" for what is no PCI address."""
    found = _ADDRESS.fullmatch(word.strip())
    return f"{int(found[1], 16):04x}:{found[2]}:{found[3]}.{found[4]}".lower() if found else ""


def device_id(word: str) -> str | Absent:
    """Return `0x233010DE` as `10de:2330`."""
    found = _DEVICE_ID.fullmatch(word.strip())
    return f"{found[2]}:{found[1]}".lower() if found else absence(word) or Absent.ERROR


def mask(word: str) -> int | Absent:
    """Return a number in hex."""
    found = _MASK.fullmatch(word.strip())
    return int(found[1], 16) if found else absence(word) or Absent.ERROR


def performance_state(word: str) -> str | Absent:
    """Return P0 to P15."""
    return absence(word) or (word.strip() if _STATE.fullmatch(word.strip()) else Absent.ERROR)


def generation(word: str) -> int | Absent:
    """Return a PCIe generation."""
    found = _GENERATION.fullmatch(word.strip())
    return int(found[1]) if found else absence(word) or Absent.ERROR


def recovery_action(word: str) -> str | Absent:
    """Return it by the name that `Gpu` has for it, and what is none of those as it was told."""
    return _RECOVERY.get(bare(word)) or slug(word)


def fabric_state(word: str) -> str | Absent:
    """Return completed, in-progress, not-started, not-supported; the last is a state where it stands without brackets."""
    return "not-supported" if word.strip().casefold() == "not supported" else slug(word)


def whether(wanted: str) -> Reader:
    """Make a reader of words of which one is bad: whether it is that one."""

    def read(word: str) -> bool | Absent:
        return absence(word) or bare(word) == wanted

    return read


_STATUSES: Mapping[str, str] = {"unknown error": "unknown", "insufficient permissions": "no-permission"}


def fabric_status(word: str) -> str | Absent:
    """Return how the registration with the fabric ended: success, or the error's name.

    An error text is the value here, and no reason why there is none: the state beside it says whether NVML could tell.
    """
    if word.strip().casefold() in {"", "n/a", "gpu is lost", "err!"} or word.strip().startswith("["):
        return text(word)
    told = bare(word)
    return _STATUSES.get(told) or "-".join(printable_line(told[:_LONGEST_TEXT]).split())
