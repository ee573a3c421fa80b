"""The other side of how the SSH transport ends a command: its script walks /proc, which simulated nodes do not have.

A second session on the same connection hands that script (aifctl/transport/ssh/ending.py) to `sh`. It is recognised by
its last line and answered as a real node would answer it: TERM to what the connection runs, a wait, KILL, what is left.
"""

from __future__ import annotations

import asyncio
import re

from aifctl.sim.node.machine import Machine
from aifctl.sim.node.processes import Process
from aifctl.sim.shell.context import Shell

_LAST_LINE = re.compile(r'^echo "(?P<nonce>[\w-]{1,64}) end\$live"\s*\Z', re.MULTILINE)
_STEPS = re.compile(r"^signal TERM; signal CONT\nwait_for (?P<steps>\d{1,5})$", re.MULTILINE)
_STEP_S, _AFTER_KILL_S = 0.2, 0.8


async def emulate_ending(shell: Shell, script: str) -> str | None:
    """Do what the transport's script does and return what it prints; None for any other script."""
    last, steps = _LAST_LINE.search(script), _STEPS.search(script)
    if not last or not steps:
        return None
    machine, own = shell.machine, shell.process
    ours = [process for process in machine.processes.of_session(own.session_pid) if process is not own]
    ours = [process for process in ours if not is_ending(process)]
    for name, most_s in (("TERM", int(steps["steps"]) * _STEP_S), ("KILL", _AFTER_KILL_S)):
        for process in ours:
            if shell.user in {"root", process.user}:
                process.signal(name)
        await _gone(machine, ours, most_s)
    left = "".join(f" {process.pid}" for process in ours if machine.processes.find(process.pid))
    return f"{last['nonce']} end{left}\n"


def is_ending(process: Process) -> bool:
    """Return whether a process is such a script's shell, which ends nobody of its own kind."""
    return process.line == "exec sh" or process.line.startswith("exec sudo -")


async def _gone(machine: Machine, ours: list[Process], most_s: float) -> None:
    """Wait until all have ended, or as long as is given."""
    tasks = [process.task for process in ours if process.task and machine.processes.find(process.pid)]
    if tasks and most_s:
        await asyncio.wait(tasks, timeout=most_s)
