"""Commands that go on while the shell does: `&`, `wait`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from aifctl.sim.node.processes import NUMBERS, Process
from aifctl.sim.shell.context import PROCESS_COST, CommandError, Shell

_MOST_PROCESSES = 256


async def start_in_background(shell: Shell, inner: Shell, run: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Start a process of the same session; `inner` becomes its shell."""
    machine = shell.machine
    await shell.budget.step(PROCESS_COST)
    if len(machine.processes) >= _MOST_PROCESSES:
        raise CommandError("fork: retry: Resource temporarily unavailable", 254)
    process = machine.processes.start(
        session_pid=shell.process.session_pid, line=shell.process.line, user=shell.user, started_s=machine.uptime_s
    )
    process.ignored = set(shell.process.ignored)
    inner.process = process
    process.task = asyncio.create_task(_guarded(inner, run))
    shell.background.append(process)
    return 0


async def wait_for(process: Process) -> int:
    """Return a background process's status once it has ended."""
    if process.task is None:
        return 0
    await asyncio.wait([process.task])
    if process.task.cancelled() or process.ended_by:
        return 128 + NUMBERS.get(process.ended_by or "TERM", 15)
    return process.task.result()


async def _guarded(shell: Shell, run: Callable[[], Coroutine[Any, Any, int]]) -> int:
    try:
        return await run()
    except BrokenPipeError:  # the session has gone; a real one would be told so by SIGPIPE
        return 141
    except CommandError as problem:
        return problem.status
    finally:
        shell.machine.processes.gone(shell.process)
