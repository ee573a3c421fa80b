"""A simulated node's reply, and what the probe itself reads of the same hardware."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aifctl.onnode.probe.__main__ import look
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.node.machine import Machine
from aifctl.sim.probing.reply import reply
from aifctl.survey.envelope import open_body

SHA256 = "ab" * 32


def told_by(machine: Machine, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the body of what a simulated node answers at its next look."""
    return open_body(reply(machine, arguments or {}, probe=SHA256, user="ops"))


def read_beneath(
    machine: Machine,
    root: Path,
    change: Callable[[NodeHardware], None] = lambda _: None,
    arguments: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the body of what the probe prints over a machine's hardware as it was at its latest look."""
    hardware = NodeHardware(machine, machine.looks_count)
    change(hardware)
    hardware.write(root)
    line = look(str(root), {**(arguments or {}), **hardware.arguments()}, SHA256, time.monotonic())
    return open_body(line)


def comparable(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body less what no two runs have in common: times, and the Python that ran it."""
    moving = {"wall_s", "monotonic_s", "took_s", "cpu_s", "python", "user"}
    sections = {name: {**section, "took_s": 0} for name, section in body["sections"].items()}
    return {key: value for key, value in body.items() if key not in moving} | {"sections": sections}
