"""The words that sysfs and ibstat have for a port, as a reading has them."""

from __future__ import annotations

import re

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.sysfs_values import text

#: "4: ACTIVE" in sysfs, "Active" in ibstat.
_NUMBERED = re.compile(r"[0-9]{1,3}: ?", re.ASCII)
#: ibstat runs words together where sysfs does so, too: LinkUp, LinkErrorRecovery, "Phy Test".
_PHYSICAL = {
    "linkup": "link-up",
    "linkerrorrecovery": "link-error-recovery",
    "phytest": "phy-test",
    "portconfigurationtraining": "training",
}
_STATES = {"initializing": "init", "initialize": "init", "active_defer": "active-defer"}
#: "400 Gb/sec (4X NDR)", "400", "2.5 Gb/sec (1X SDR)".
_RATE = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)(?: ?Gb/sec.*)?", re.ASCII)
_GUID = re.compile(r"(?:0x)?([0-9a-f]{1,16})", re.ASCII)


def state(value: object) -> str | Absent:
    """Return down, init, armed, active; anything else as it was told, in lower case."""
    word = _word(value)
    return word if isinstance(word, Absent) else _STATES.get(word, word)


def physical_state(value: object) -> str | Absent:
    """Return sleep, polling, disabled, training, link-up, link-error-recovery, phy-test, or what was told."""
    word = _word(value)
    return word if isinstance(word, Absent) else _PHYSICAL.get(word.replace(" ", "").replace("_", ""), word)


def link_layer(value: object) -> str | Absent:
    """Return infiniband, ethernet, or what was told; "Unspecified" is n/a."""
    word = _word(value)
    return Absent.NOT_AVAILABLE if word in {"unspecified", "unknown"} else word


def rate_gbits_s(value: object) -> float | Absent:
    """Return 400.0 of "400 Gb/sec (4X NDR)"."""
    told = text(value)
    if isinstance(told, Absent):
        return told
    found = _RATE.fullmatch(told)
    return float(found[1]) if found else Absent.ERROR


def guid(value: object) -> str | Absent:
    """Return 16 hex digits of a088:c203:00aa:bbcc, 0xa088c20300aabbcc, or a GID's last half; n/a where it is 0."""
    told = text(value)
    if isinstance(told, Absent):
        return told
    found = _GUID.fullmatch("".join(told.lower().split(":")[-4:]))
    if not found:
        return Absent.ERROR
    digits = found[1].rjust(16, "0")
    return digits if digits.strip("0") else Absent.NOT_AVAILABLE


def _word(value: object) -> str | Absent:
    told = text(value)
    return told if isinstance(told, Absent) else _NUMBERED.sub("", told, count=1).strip().lower()
