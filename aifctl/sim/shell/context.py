"""What a running shell knows, and what a command is handed."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from aifctl.sim.node.disk import Disk
from aifctl.sim.node.machine import Machine
from aifctl.sim.node.processes import Process
from aifctl.sim.shell.streams import Sink, Source
from aifctl.sim.shell.syntax import Function, Script

#: A loop that never ends must not take this machine's CPU for ever: as many commands one session may start.
_MOST_STEPS = 300_000
_STEPS_BETWEEN_TURNS = 32
#: In steps: a process of its own costs this machine about as much as so many commands.
PROCESS_COST = 200
PARSE_COST = 10
_KILLED = 137
_DEEPEST_CALLS = 48
_LONGEST_VALUE, _MOST_VARIABLES = 128 << 10, 1000
UIDS = {"root": 0, "nobody": 65534}
LOGIN_UID = 1000


class ControlFlow(Exception):  # noqa: N818  none of these is an error
    """Leaves several levels of a script at once."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


class ShellExit(ControlFlow):
    """`exit`; count is the status."""


class FunctionReturn(ControlFlow):
    """`return`; count is the status."""


class LoopBreak(ControlFlow):
    """`break`; count is how many loops are left still."""


class LoopContinue(ControlFlow):
    """`continue`; count is how many loops are left still."""


class CommandError(Exception):
    """A command cannot go on; `status` is its exit status, the message goes to stderr."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class Budget:
    """Counts what one session starts, and lets other nodes have their turn."""

    def __init__(self, most_steps: int = _MOST_STEPS) -> None:
        self._left = most_steps

    async def step(self, cost: int = 1) -> None:
        """Count one command, or what costs as much as several; ShellExit (killed) when all is spent."""
        before, self._left = self._left, self._left - cost
        if self._left < 0:
            raise ShellExit(_KILLED)
        if before // _STEPS_BETWEEN_TURNS != self._left // _STEPS_BETWEEN_TURNS:
            await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Io:
    """Open file descriptors by number."""

    table: Mapping[int, Source | Sink]

    @property
    def stdin(self) -> Source:
        return self.table[0]  # type: ignore[return-value]

    @property
    def stdout(self) -> Sink:
        return self.table[1]  # type: ignore[return-value]

    @property
    def stderr(self) -> Sink:
        return self.table[2]  # type: ignore[return-value]

    def having(self, changed: Mapping[int, Source | Sink]) -> Io:
        return Io({**self.table, **changed})


@dataclass(slots=True, kw_only=True)
class Shell:
    """One shell: variables, directory, functions. `fork` makes the one that runs a subshell.

    Attributes:
        programs: every command that nodes emulate, by name.
        name: what $0 says and errors begin with.
        umask: bits that files made by redirections don't get.
        depth: how many shells, functions and substitutions this one stands in.
        unheeded: > 0 where a failure is being tested, so that `set -e` does not apply.
    """

    machine: Machine
    process: Process
    programs: Mapping[str, Program]
    budget: Budget
    user: str
    name: str = "bash"
    cwd: str = "/"
    variables: dict[str, str] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    parameters: list[str] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)
    traps: dict[str, Script] = field(default_factory=dict)
    options: set[str] = field(default_factory=set)
    background: list[Process] = field(default_factory=list)
    status: int = 0
    unheeded: int = 0
    umask: int = 0o022
    depth: int = 0

    @property
    def disk(self) -> Disk:
        return self.machine.disk

    @property
    def uid(self) -> int:
        return UIDS.get(self.user, LOGIN_UID)

    def path(self, text: str) -> str:
        """Return a path as an absolute one."""
        return posixpath.normpath(posixpath.join(self.cwd, text))

    def assign(self, name: str, value: str) -> None:
        """Set a variable; CommandError beyond what a simulated node holds."""
        if len(value) > _LONGEST_VALUE or (name not in self.variables and len(self.variables) >= _MOST_VARIABLES):
            raise CommandError(f"{name[:40]}: too much for a simulated node's shell", 2)
        self.variables[name] = value

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Go one call deeper: functions, substitutions, shells within shells."""
        if self.depth >= _DEEPEST_CALLS:
            raise CommandError("too many levels of shells and functions for a simulated node", 2)
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    def fork(self, **changed: object) -> Shell:
        """Return a shell that begins as this one and changes without changing it."""
        made = Shell(
            machine=self.machine, process=self.process, programs=self.programs, budget=self.budget, user=self.user,
            name=self.name, cwd=self.cwd, variables=dict(self.variables), exported=set(self.exported),
            parameters=list(self.parameters), functions=dict(self.functions), options=set(self.options),
            status=self.status, unheeded=self.unheeded, umask=self.umask, depth=self.depth,
        )  # fmt: skip
        for attribute, value in changed.items():
            setattr(made, attribute, value)
        return made


@dataclass(slots=True, kw_only=True)
class Call:
    """One command: its words, its streams, the shell that called it."""

    argv: list[str]
    shell: Shell
    io: Io

    @property
    def arguments(self) -> list[str]:
        return self.argv[1:]

    @property
    def machine(self) -> Machine:
        return self.shell.machine

    async def say(self, text: str) -> int:
        """Write text to stdout; returns 0, so that `return await call.say(…)` ends a command."""
        await self.io.stdout.write(encode(text))
        return 0

    async def complain(self, text: str, status: int = 1) -> int:
        """Write one line to stderr; returns the status."""
        with suppress(BrokenPipeError):  # nobody hears it any more; what went wrong is in the status
            await self.io.stderr.write(encode(f"{text}\n"))
        return status


Program = Callable[[Call], Awaitable[int]]


async def complain(shell: Shell, io: Io, text: str, status: int) -> int:
    """Say on stderr what the shell itself has against a line; returns the status."""
    return await Call(argv=[shell.name], shell=shell, io=io).complain(f"{shell.name}: {text}", status)


def encode(text: str) -> bytes:
    """Return a text's bytes; what did not decode comes back as it was."""
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
