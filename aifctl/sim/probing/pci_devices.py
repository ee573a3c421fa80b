"""What faults change in the PCI tree as the probe tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aifctl.onnode.probe.sections.pci import BETWEEN_COLUMNS, BETWEEN_ROWS, COLUMNS

_BRIDGE, _GPU, _NETWORK = "0x0604", "0x03", "0x02"


def devices_of(told: str) -> dict[str, dict[str, str]]:
    """Return what the section tells, by address and column; an error stands there as "!" and its name."""
    rows = [row.split(BETWEEN_COLUMNS) for row in told.split(BETWEEN_ROWS) if row]
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in rows}


def render_devices(devices: dict[str, dict[str, str]]) -> str:
    """Return it as the section tells it."""
    return BETWEEN_ROWS.join(
        BETWEEN_COLUMNS.join(device[name] for name in COLUMNS) for _, device in sorted(devices.items())
    )


def silence(devices: dict[str, Any], address: str) -> None:
    """Let a device be listed and answer nothing: all that is read of it is ones."""
    if address in devices:
        devices[address].update(speed="Unknown", width="63", head="f" * 8)


def tidy_bridges(devices: dict[str, Any]) -> None:
    """Tell of bridges as the probe does after a device has gone: of those that lead to something, and of access control
    where a GPU's traffic passes, and that of an HCA which shares a bridge with a GPU.
    """
    while idle := _idle(devices):
        for address in idle:
            del devices[address]
    passed = {bridge for path in _paths(devices, _GPU) for bridge in path}
    passed.update(*(path for path in _paths(devices, _NETWORK) if not passed.isdisjoint(path)))
    for address, device in devices.items():
        if address not in passed:
            device["acs"] = ""


def _idle(devices: dict[str, Any]) -> list[str]:
    used = {device["up"] for device in devices.values()}
    return [address for address, device in devices.items() if _is(device, _BRIDGE) and address not in used]


def _paths(devices: dict[str, Any], kind: str) -> list[list[str]]:
    """Return the bridges above each device of a kind."""
    return [list(_above(devices, device)) for device in devices.values() if _is(device, kind)]


def _above(devices: dict[str, Any], device: dict[str, Any]) -> Iterator[str]:
    while device["up"]:
        yield device["up"]
        device = devices[device["up"]]


def _is(device: dict[str, Any], kind: str) -> bool:
    return str(device["class"]).startswith(kind)
