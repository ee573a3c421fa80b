"""The reply of one simulated node's probe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.node.machine import Machine
from aifctl.sim.probing.template import template
from aifctl.sim.probing.told import Told

#: Ubuntu 22.04's, as /etc/os-release says.
_PYTHON = "3.10.12"


def reply(machine: Machine, arguments: Mapping[str, Any], *, probe: str, user: str) -> bytes:
    """Return the line that the probe would print, faults and all, and count the look.

    Args:
        machine: the node.
        arguments: what the probe was asked for.
        probe: its SHA-256.
        user: who runs it.
    """
    machine.looks_count += 1
    hardware = NodeHardware(machine, machine.looks_count)
    told = Told(template().texts(hardware, arguments), _about(machine, probe=probe, user=user), arguments)
    for fault in machine.faults:
        if fault.kind.patch:
            told.fault_age = machine.looks_count - machine.looks_before.get(fault.kind.name, 0)
            fault.kind.patch(told, fault.value)
    return told.line()


def _about(machine: Machine, *, probe: str, user: str) -> dict[str, Any]:
    random = machine.random(f"probe {machine.looks_count}")
    return {
        "probe": probe[:12],
        "python": _PYTHON,
        "user": user,
        "hostname": machine.name,
        "boot_id": machine.boot_id,
        "wall_s": machine.now_s(),
        "monotonic_s": round(machine.uptime_s, 3),
        "took_s": round(random.uniform(0.42, 0.61), 3),
        "cpu_s": round(random.uniform(0.08, 0.13), 3),
        "probe_left": [],
    }
