"""A simulated node without any SSH: lines in, output out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aifctl.sim.commands
from aifctl.core.drawers import read_drawer
from aifctl.sim.layout import Layout
from aifctl.sim.node.contents import Pool
from aifctl.sim.node.machine import Machine, Surroundings
from aifctl.sim.node.template import furnish
from aifctl.sim.shell.context import Budget, Io, Program, Shell
from aifctl.sim.shell.execute import run_text
from aifctl.sim.shell.streams import Memory, Text

PROGRAMS: dict[str, Program] = {
    name: program for drawer in read_drawer(aifctl.sim.commands, "COMMANDS") for name, program in drawer.items()
}
MOST_BYTES = 8 << 20


class StillClock:
    """A clock that moves only when somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 3, 0, tzinfo=UTC) + timedelta(seconds=self.slept_s)

    def monotonic_s(self) -> float:
        return 1000.0 + self.slept_s

    async def sleep(self, seconds_s: float) -> None:
        self.slept_s += seconds_s
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Answer:
    rc: int
    out: str
    err: str


def a_machine(*, disk_bytes: int = 8 << 20, pool: Pool | None = None, index: int = 1) -> Machine:
    """Return node r001n02 of a fleet of eight, or another of them."""
    rebooted: list[Machine] = []
    return Machine(
        Layout(8).place(index),
        Surroundings(
            secret=bytes(32), seed=7, clock=StillClock(), pool=pool or Pool(64 << 20), disk_bytes=disk_bytes, boot_s=1.0,
            furnish=furnish, reboot=rebooted.append,
        ),
    )  # fmt: skip


async def run_line(
    machine: Machine, line: str, *, stdin: bytes = b"", user: str = "ops", steps: int = 20_000
) -> Answer:
    """Run one line as a session of that user would."""
    out, err = Memory(MOST_BYTES), Memory(MOST_BYTES)
    process = machine.processes.start(session_pid=1, line=line, user=user, started_s=0.0)
    home = "/root" if user == "root" else "/home/ops"
    shell = Shell(
        machine=machine, process=process, programs=PROGRAMS, budget=Budget(steps), user=user, cwd=home,
        variables={"HOME": home, "USER": user, "SHELL": "/bin/bash"}, exported={"HOME", "USER", "SHELL"},
    )  # fmt: skip
    process.task = asyncio.create_task(run_text(shell, Io({0: Text(stdin), 1: out, 2: err}), line))
    rc = await process.task
    machine.processes.gone(process)
    return Answer(rc, _text(out), _text(err))


def answer(line: str, *, machine: Machine | None = None, stdin: bytes = b"", user: str = "ops") -> Answer:
    """Run one line on a node of its own, or on the one given."""

    async def main() -> Answer:
        return await run_line(machine or a_machine(), line, stdin=stdin, user=user)

    return asyncio.run(main())


def _text(memory: Memory) -> str:
    return memory.value().decode("utf-8", "surrogateescape")
