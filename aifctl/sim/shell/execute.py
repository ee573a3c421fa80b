"""Runs a parsed script on an emulated node."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Sequence

from aifctl.sim.node.disk import File
from aifctl.sim.node.processes import NUMBERS
from aifctl.sim.shell.background import start_in_background
from aifctl.sim.shell.builtins import BUILTINS
from aifctl.sim.shell.compound import run_case, run_for, run_if, run_loop
from aifctl.sim.shell.context import (
    PARSE_COST,
    Call,
    CommandError,
    ControlFlow,
    FunctionReturn,
    Io,
    Program,
    Shell,
    ShellExit,
    complain,
    decode,
)
from aifctl.sim.shell.expand import Expander
from aifctl.sim.shell.parse import LONGEST_CHARACTERS, parse
from aifctl.sim.shell.pipeline import BROKEN_PIPE, run_stages
from aifctl.sim.shell.redirect import redirected
from aifctl.sim.shell.streams import Memory
from aifctl.sim.shell.syntax import (
    AndOr,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Pipeline,
    Script,
    ShellSyntaxError,
    Simple,
)

_MOST_SUBSTITUTED_BYTES = 1 << 20
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_BIN = frozenset({"/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin"})
SHELLS = frozenset({"sh", "bash", "dash"})


async def run_text(shell: Shell, io: Io, text: str) -> int:
    """Run a script as a shell of its own; returns its exit status, whatever the script is."""
    await shell.budget.step(PARSE_COST)
    try:
        script = parse(text)
    except (ShellSyntaxError, RecursionError) as problem:
        return await complain(shell, io, f"line 1: {problem}", 2)
    try:
        with shell.deeper():
            return await _to_the_end(shell, io, script)
    except CommandError as problem:
        return await complain(shell, io, f"line 1: {problem}", problem.status)


async def run_argv(shell: Shell, io: Io, argv: Sequence[str]) -> int:
    """Run one command by its words: a function, a builtin, an emulated program or a script on the node's disk."""
    await shell.budget.step()
    name = argv[0]
    if name in shell.functions:
        return await _call_function(shell, io, list(argv))
    call = Call(argv=list(argv), shell=shell, io=io)
    program = BUILTINS.get(name) or _program(shell, name)
    try:
        if program is None:
            return await _run_file(call)
        return await program(call)
    except CommandError as problem:
        return await call.complain(f"{posixpath.basename(name)}: {problem}", problem.status)
    except BrokenPipeError:
        return BROKEN_PIPE
    except OSError as problem:
        return await call.complain(
            f"{posixpath.basename(name)}: {problem.filename or 'write error'}: {problem.strerror}"
        )


def shell_named(shell: Shell, name: str, parameters: Sequence[str]) -> Shell:
    """Return the shell that `sh` or a script begins with: what was exported, nothing else."""
    exported = {key: value for key, value in shell.variables.items() if key in shell.exported}
    return shell.fork(
        name=name, variables=exported, exported=set(exported), parameters=list(parameters), functions={}, options=set(),
        unheeded=0,
    )  # fmt: skip


async def substitute(shell: Shell, io: Io, script: Script) -> str:
    """Return what a substitution's script prints."""
    memory = Memory(_MOST_SUBSTITUTED_BYTES)
    inner = shell.fork()
    with inner.deeper():
        shell.status = await _to_the_end(inner, io.having({1: memory}), script)
    return decode(memory.value().replace(b"\0", b"")).rstrip("\n")


async def _to_the_end(shell: Shell, io: Io, script: Script) -> int:
    """Run a script as what a shell was started for, its EXIT trap included."""
    try:
        try:
            status = await _script(shell, io, script)
        except ControlFlow as left:
            status = left.count if isinstance(left, (ShellExit, FunctionReturn)) else 0
        except asyncio.CancelledError:
            status = await _trapped(shell, io)
        shell.status = status
        trap = shell.traps.pop("EXIT", None)
        if trap:
            await _script(shell, io, trap)
    except ShellExit as left:
        status = left.count
    return status & 0xFF


async def _trapped(shell: Shell, io: Io) -> int:
    """Run what a script does about the signal that ends it; raises on where it does nothing about it."""
    name, task = shell.process.ended_by or "", asyncio.current_task()
    trap = shell.traps.pop(name, None)
    if trap is None or task is None:
        raise asyncio.CancelledError
    task.uncancel()
    shell.process.ended_by = None
    shell.traps = {other: action for other, action in shell.traps.items() if other == "EXIT"}
    try:
        await _script(shell, io, trap)
    except ShellExit as left:
        return left.count
    return 128 + NUMBERS[name]


async def _script(shell: Shell, io: Io, script: Script) -> int:
    for item in script.items:
        if item.background:
            shell.status = await _in_background(shell, io, item)
        else:
            shell.status = await _and_or(shell, io, item)
    return shell.status if script.items else 0


async def _in_background(shell: Shell, io: Io, item: AndOr) -> int:
    inner = shell.fork()
    return await start_in_background(shell, inner, lambda: _to_the_end(inner, io, Script((AndOr(item.links),))))


async def _and_or(shell: Shell, io: Io, item: AndOr) -> int:
    status, last = 0, len(item.links) - 1
    for number, (operator, pipeline) in enumerate(item.links):
        if (operator == "&&" and status) or (operator == "||" and not status):
            continue
        tested = number < last or pipeline.negated
        shell.unheeded += tested
        try:
            status = shell.status = await _pipeline(shell, io, pipeline)
        finally:
            shell.unheeded -= tested
        if status and not tested and "e" in shell.options and not shell.unheeded:
            raise ShellExit(status)
    return status


async def _pipeline(shell: Shell, io: Io, pipeline: Pipeline) -> int:
    if len(pipeline.stages) == 1:
        status = await _command(shell, io, pipeline.stages[0])
    else:
        status = await run_stages(shell, io, pipeline.stages, _stage_to_the_end)
    return int(not status) if pipeline.negated else status


async def _stage_to_the_end(shell: Shell, io: Io, stage: Command) -> int:
    return await _to_the_end(shell, io, Script((AndOr((("", Pipeline((stage,))),)),)))


async def _command(shell: Shell, io: Io, command: Command) -> int:
    expander = Expander(shell, io, substitute)
    if isinstance(command, Simple):
        return await _simple(shell, io, command, expander)
    await shell.budget.step()
    try:
        async with redirected(shell, io, command.redirections, expander) as inner:
            return await _compound(shell, inner, command, expander)
    except OSError as problem:
        if isinstance(problem, BrokenPipeError):
            raise
        return await complain(shell, io, f"line 1: {problem.filename}: {problem.strerror}", 1)


async def _compound(shell: Shell, io: Io, command: Command, expander: Expander) -> int:
    match command:
        case Group():
            return await _group(shell, io, command)
        case If():
            return await run_if(shell, io, command, _script)
        case Loop():
            return await run_loop(shell, io, command, _script)
        case For():
            return await run_for(shell, io, command, _script, expander)
        case Case():
            return await run_case(shell, io, command, _script, expander)
        case Function(name=name):
            shell.functions[name] = command
    return 0


async def _group(shell: Shell, io: Io, command: Group) -> int:
    if command.subshell:
        return await _to_the_end(shell.fork(), io, command.script)
    return await _script(shell, io, command.script)


async def _simple(shell: Shell, io: Io, command: Simple, expander: Expander) -> int:
    argv = await expander.fields(command.words)
    assigned = {name: await expander.text(value) for name, value in command.assignments}
    try:
        async with redirected(shell, io, command.redirections, expander) as inner:
            if not argv:
                for name, value in assigned.items():
                    shell.assign(name, value)
                return shell.status if command.assignments and _substitutes(command) else 0
            if not assigned:
                return await run_argv(shell, inner, argv)
            return await _with_variables(shell, inner, argv, assigned)
    except OSError as problem:
        if isinstance(problem, BrokenPipeError):
            raise
        return await complain(shell, io, f"line 1: {problem.filename}: {problem.strerror}", 1)


def _substitutes(command: Simple) -> bool:
    return any(type(part).__name__ == "Substitution" for _, word in command.assignments for part in word.parts)


async def _with_variables(shell: Shell, io: Io, argv: Sequence[str], assigned: dict[str, str]) -> int:
    before = {name: shell.variables.get(name) for name in assigned}
    added = set(assigned) - shell.exported
    for name, value in assigned.items():
        shell.assign(name, value)
    shell.exported |= added
    try:
        return await run_argv(shell, io, argv)
    finally:
        shell.exported -= added
        shell.variables |= {name: value for name, value in before.items() if value is not None}
        for name in [name for name, value in before.items() if value is None]:
            shell.variables.pop(name, None)


async def _call_function(shell: Shell, io: Io, argv: list[str]) -> int:
    before, shell.parameters = shell.parameters, argv[1:]
    try:
        with shell.deeper():
            return await _command(shell, io, shell.functions[argv[0]].body)
    except FunctionReturn as left:
        return left.count
    finally:
        shell.parameters = before


def _program(shell: Shell, name: str) -> Program | None:
    folder, base = posixpath.split(name)
    return shell.programs.get(base) if not folder or folder in _BIN else None


async def _run_file(call: Call) -> int:
    """Run a script that lies on the node's disk, if a shell is its interpreter."""
    name, shell = call.argv[0], call.shell
    where = f"{shell.name}: line 1: {name}"
    if "/" not in name:
        return await call.complain(f"{where}: command not found", _NOT_FOUND)
    entry = shell.disk.lookup(shell.path(name))
    if entry is None:
        return await call.complain(f"{where}: No such file or directory", _NOT_FOUND)
    if not isinstance(entry, File) or not entry.mode & 0o111:
        reason = "Permission denied" if isinstance(entry, File) else "Is a directory"
        return await call.complain(f"{where}: {reason}", _NOT_EXECUTABLE)
    text = decode(entry.contents.read(0, LONGEST_CHARACTERS))
    first, _, _ = text.partition("\n")
    words = first[2:].split() if first.startswith("#!") else ["sh"]
    if words and posixpath.basename(words[0]) == "env":
        words = words[1:]
    interpreter = posixpath.basename(words[0]) if words else ""
    if interpreter not in SHELLS:
        return await call.complain(
            f"{where}: {interpreter or 'this file'} is not emulated on a simulated node", _NOT_FOUND
        )
    return await run_text(shell_named(shell, name, call.arguments), call.io, text)
