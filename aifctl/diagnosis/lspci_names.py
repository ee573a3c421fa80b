"""What lspci's names stand for, where it was not asked for numbers (-nn): the classes and vendors that matter here."""

from __future__ import annotations

import re

from aifctl.diagnosis.absent import Absent

#: As https://pci-ids.ucw.cz/read/PD names them.
_CLASSES = {
    "vga compatible controller": "0300",
    "3d controller": "0302",
    "display controller": "0380",
    "pci bridge": "0604",
    "host bridge": "0600",
    "bridge": "0680",
    "non-volatile memory controller": "0108",
    "ethernet controller": "0200",
    "infiniband controller": "0207",
    "network controller": "0280",
}
_VENDORS = {"nvidia corporation": "10de", "mellanox technologies": "15b3"}
_CLASS = re.compile(r"(?:.*\[)?([0-9a-f]{4})\]?", re.ASCII)
_INTERFACE = re.compile(r"\(prog-if ([0-9a-f]{2})\b", re.ASCII)
_IDS = re.compile(r"(?:.*\[)?([0-9a-f]{4}:[0-9a-f]{4})(?:\]|(?= |$))", re.ASCII)
#: How lspci prints a device that its table of names does not know.
_UNNAMED = re.compile(r"Device ([0-9a-f]{4})\b", re.ASCII)


def class_of(kind: str, name: str) -> str | Absent:
    """Return six hex digits: 060400 of "PCI bridge", "PCI bridge [0604]" or "0604"; n/a for a class of no interest."""
    told = _CLASS.fullmatch(kind.strip())
    number = told[1] if told else _CLASSES.get(kind.strip().lower())
    if number is None:
        return Absent.NOT_AVAILABLE
    interface = _INTERFACE.search(name)
    return number + (interface[1] if interface else "00")


def device_id_of(name: str) -> str | Absent:
    """Return 10de:2330 of "... [10de:2330] (rev a1)" or of "NVIDIA Corporation Device 2330"; "10de:" of another name."""
    if told := _IDS.match(name):
        return told[1]
    vendor = next((number for word, number in _VENDORS.items() if name.lower().startswith(word)), None)
    if vendor is None:
        return Absent.NOT_AVAILABLE
    model = _UNNAMED.search(name)
    return f"{vendor}:{model[1] if model else ''}"
