"""A simulated node's reply, and what the probe itself reads of the same hardware."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from aifctl.onnode.probe.__main__ import NAMES, look
from aifctl.onnode.probe.fitting import make_line
from aifctl.onnode.probe.reply import Answer, describe
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.hardware.trees import passing_folder
from aifctl.sim.node.machine import Machine
from aifctl.sim.probing.reply import reply
from aifctl.sim.probing.template import read_section
from aifctl.survey.envelope import open_body

SHA256 = "ab" * 32


def told_by(machine: Machine, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the body of what a simulated node answers at its next look."""
    return open_body(reply(machine, arguments or {}, probe=SHA256, user="ops"))


def read_beneath(
    machine: Machine,
    change: Callable[[NodeHardware], None] = lambda _: None,
    arguments: Mapping[str, Any] | None = None,
    *,
    whole: bool = True,
) -> dict[str, Any]:
    """Return the body of what the probe prints over a machine's hardware as it was at its latest look.

    Args:
        machine: it.
        change: what is done to its hardware first.
        arguments: what the probe is asked for.
        whole: run the whole probe, each section in a child of its own; otherwise the sections alone, in this process.
    """
    hardware = NodeHardware(machine, machine.looks_count)
    change(hardware)
    asked = {**(arguments or {}), **hardware.arguments()}
    with passing_folder() as root:
        hardware.write(root)
        if whole:
            return open_body(look(str(root), asked, SHA256, time.monotonic()))
        answers = {name: Answer(read_section(name, str(root), asked)) for name in NAMES}
        return open_body(make_line(answers, describe(str(root), SHA256, time.monotonic(), [])))


def comparable(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body less what no two runs have in common: times, and the Python that ran it."""
    moving = {"wall_s", "monotonic_s", "took_s", "cpu_s", "python", "user"}
    sections = {name: {**section, "took_s": 0} for name, section in body["sections"].items()}
    return {key: value for key, value in body.items() if key not in moving} | {"sections": sections}
