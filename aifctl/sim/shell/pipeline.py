"""Pipelines: commands at the same time, each reading what the one before writes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aifctl.sim.shell.context import CommandError, Io, Shell, complain
from aifctl.sim.shell.streams import Pipe
from aifctl.sim.shell.syntax import Command

BROKEN_PIPE = 141
RunStage = Callable[[Shell, Io, Command], Awaitable[int]]


async def run_stages(shell: Shell, io: Io, stages: Sequence[Command], run: RunStage) -> int:
    """Run the stages at the same time, each a shell of its own; returns the status of the pipeline."""
    pipes = [Pipe() for _ in stages[1:]]
    tasks: list[asyncio.Task[int]] = []
    async with asyncio.TaskGroup() as group:
        for number, stage in enumerate(stages):
            before = pipes[number - 1] if number else None
            after = pipes[number] if number < len(pipes) else None
            tasks.append(group.create_task(_stage(shell.fork(), io, stage, before, after, run)))
    statuses = [task.result() for task in tasks]
    if "pipefail" in shell.options:
        return next((status for status in reversed(statuses) if status), 0)
    return statuses[-1]


async def _stage(shell: Shell, io: Io, stage: Command, before: Pipe | None, after: Pipe | None, run: RunStage) -> int:
    changed = {**({0: before} if before else {}), **({1: after} if after else {})}
    try:
        return await run(shell, io.having(changed), stage)
    except BrokenPipeError:
        return BROKEN_PIPE
    except CommandError as problem:
        return await complain(shell, io, f"line 1: {problem}", problem.status)
    finally:
        if before:
            before.end_reading()
        if after:
            after.end_writing()
