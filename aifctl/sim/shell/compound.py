"""if, while, for and case: commands made of scripts, which `run` runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aifctl.sim.shell import patterns
from aifctl.sim.shell.context import Io, LoopBreak, LoopContinue, Shell
from aifctl.sim.shell.expand import Expander
from aifctl.sim.shell.syntax import Case, For, If, Loop, Script

Run = Callable[[Shell, Io, Script], Awaitable[int]]


async def run_if(shell: Shell, io: Io, command: If, run: Run) -> int:
    for condition, body in command.branches:
        if await _tested(shell, io, condition, run):
            return await run(shell, io, body)
    return await run(shell, io, command.otherwise) if command.otherwise else 0


async def run_loop(shell: Shell, io: Io, command: Loop, run: Run) -> int:
    status = 0
    while await _tested(shell, io, command.condition, run) != command.until:
        going_on, status = await _turn(shell, io, command.body, run)
        if not going_on:
            break
    return status


async def run_for(shell: Shell, io: Io, command: For, run: Run, expander: Expander) -> int:
    values = shell.parameters if command.words is None else await expander.fields(command.words)
    status = 0
    for value in list(values):
        await shell.budget.step()
        shell.assign(command.name, value)
        going_on, status = await _turn(shell, io, command.body, run)
        if not going_on:
            break
    return status


async def run_case(shell: Shell, io: Io, command: Case, run: Run, expander: Expander) -> int:
    subject = await expander.text(command.subject)
    for wanted, body in command.arms:
        for word in wanted:
            if patterns.matches(await expander.pattern(word), subject):
                return await run(shell, io, body)
    return 0


async def _tested(shell: Shell, io: Io, condition: Script, run: Run) -> bool:
    shell.unheeded += 1
    try:
        return await run(shell, io, condition) == 0
    finally:
        shell.unheeded -= 1


async def _turn(shell: Shell, io: Io, body: Script, run: Run) -> tuple[bool, int]:
    """Run a loop's body once; returns whether the loop goes on, and the status."""
    try:
        return True, await run(shell, io, body)
    except (LoopBreak, LoopContinue) as left:
        if left.count > 1:
            raise type(left)(left.count - 1) from None
        return isinstance(left, LoopContinue), 0
