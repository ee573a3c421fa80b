"""What the shell does itself: its own state cannot be changed by a program."""

from __future__ import annotations

import posixpath
import re

from aifctl.sim.node.disk import Directory
from aifctl.sim.shell.background import wait_for
from aifctl.sim.shell.context import (
    Call,
    CommandError,
    FunctionReturn,
    LoopBreak,
    LoopContinue,
    Program,
    ShellExit,
    decode,
)
from aifctl.sim.shell.parse import parse
from aifctl.sim.shell.syntax import ShellSyntaxError

_LONGEST_READ_BYTES = 64 << 10
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_OPTIONS = {"e": "e", "u": "u", "x": "x", "f": "f", "errexit": "e", "nounset": "u", "pipefail": "pipefail"}


async def _exit(call: Call) -> int:
    raise ShellExit(_count(call, default=call.shell.status))


async def _return(call: Call) -> int:
    raise FunctionReturn(_count(call, default=call.shell.status))


async def _break(call: Call) -> int:
    raise LoopBreak(_count(call, default=1))


async def _continue(call: Call) -> int:
    raise LoopContinue(_count(call, default=1))


def _count(call: Call, *, default: int) -> int:
    if not call.arguments:
        return default
    if not re.fullmatch(r"-?\d{1,9}", call.arguments[0]):
        raise CommandError(f"{call.arguments[0][:40]}: numeric argument required", 2)
    return int(call.arguments[0]) & 0xFF


async def _nothing(_call: Call) -> int:
    return 0


async def _cd(call: Call) -> int:
    shell = call.shell
    target = call.arguments[0] if call.arguments else shell.variables.get("HOME", "/")
    path = shell.path(shell.variables.get("OLDPWD", shell.cwd) if target == "-" else target)
    if not isinstance(shell.disk.find(path), Directory):
        raise NotADirectoryError(20, "Not a directory", target)
    shell.variables["OLDPWD"], shell.cwd = shell.cwd, path
    return 0


async def _export(call: Call) -> int:
    for argument in call.arguments:
        name, given, value = argument.partition("=")
        if argument.startswith("-"):
            continue
        if not _NAME.fullmatch(name):
            raise CommandError(f"'{argument[:40]}': not a valid identifier")
        call.shell.exported.add(name)
        if given:
            call.shell.assign(name, value)
    return 0


async def _local(call: Call) -> int:
    for argument in call.arguments:
        name, _, value = argument.partition("=")
        call.shell.assign(name, value)
    return 0


async def _unset(call: Call) -> int:
    for name in call.arguments:
        call.shell.variables.pop(name, None)
        call.shell.functions.pop(name, None)
    return 0


async def _set(call: Call) -> int:
    arguments = list(call.arguments)
    while arguments and re.fullmatch(r"[-+][a-zA-Z]+", arguments[0]):
        flag = arguments.pop(0)
        letters = [arguments.pop(0)] if flag.endswith("o") and arguments else []
        known = {_OPTIONS[name] for name in [*flag[1:].rstrip("o"), *letters] if name in _OPTIONS}
        call.shell.options = call.shell.options | known if flag[0] == "-" else call.shell.options - known
    if arguments:
        call.shell.parameters = arguments[1:] if arguments[0] == "--" else arguments
    return 0


async def _shift(call: Call) -> int:
    count = _count(call, default=1)
    if count > len(call.shell.parameters):
        raise CommandError("can't shift that many", 1)
    del call.shell.parameters[:count]
    return 0


async def _read(call: Call) -> int:
    """Read one line, byte by byte as a shell must: what follows belongs to the next command."""
    names = [argument for argument in call.arguments if not argument.startswith("-")] or ["REPLY"]
    line, ended = b"", False
    while not line.endswith(b"\n"):
        byte = await call.io.stdin.read(1)
        if not byte:
            ended = True
            break
        line += byte
        if len(line) > _LONGEST_READ_BYTES:
            raise CommandError("line too long", 2)
    await call.shell.budget.step()
    values = decode(line).strip(" \t\n").split(maxsplit=len(names) - 1)
    for position, name in enumerate(names):
        call.shell.assign(name, values[position] if position < len(values) else "")
    return int(ended)


async def _trap(call: Call) -> int:
    arguments = [argument for argument in call.arguments if argument != "--"]
    if len(arguments) < 2:  # noqa: PLR2004  an action and at least one signal
        return 0
    action, *names = arguments
    for name in names:
        signal = {"0": "EXIT"}.get(name, name.upper().removeprefix("SIG"))
        _set_trap(call, signal, action)
    return 0


def _set_trap(call: Call, signal: str, action: str) -> None:
    process = call.shell.process
    process.ignored.discard(signal)
    call.shell.traps.pop(signal, None)
    if not action:
        process.ignored.add(signal)
    elif action != "-":
        try:
            call.shell.traps[signal] = parse(action)
        except ShellSyntaxError as problem:
            raise CommandError(str(problem), 2) from None


async def _wait(call: Call) -> int:
    wanted = {argument for argument in call.arguments if argument.isdigit()}
    status = 0
    for process in call.shell.background:
        if not wanted or str(process.pid) in wanted:
            ended = await wait_for(process)
            status = ended if wanted else 0
    return status


async def _type(call: Call) -> int:
    name = next((argument for argument in call.arguments if not argument.startswith("-")), "")
    known = name in BUILTINS or name in call.shell.functions
    if not known and posixpath.basename(name) not in call.shell.programs:
        return 1 if call.argv[0] == "command" else await call.complain(f"bash: line 1: type: {name}: not found")
    return await call.say(f"{name if known or name.startswith('/') else f'/usr/bin/{name}'}\n")


async def _umask(call: Call) -> int:
    if not call.arguments:
        return await call.say(f"{call.shell.umask:04o}\n")
    if not re.fullmatch(r"[0-7]{1,4}", call.arguments[0]):
        raise CommandError(f"{call.arguments[0][:40]}: octal number out of range")
    call.shell.umask = int(call.arguments[0], 8)
    return 0


async def _pwd(call: Call) -> int:
    return await call.say(f"{call.shell.cwd}\n")


BUILTINS: dict[str, Program] = {
    ":": _nothing,
    "break": _break,
    "cd": _cd,
    "continue": _continue,
    "exit": _exit,
    "export": _export,
    "local": _local,
    "pwd": _pwd,
    "read": _read,
    "return": _return,
    "set": _set,
    "shift": _shift,
    "trap": _trap,
    "type": _type,
    "ulimit": _nothing,
    "umask": _umask,
    "unset": _unset,
    "wait": _wait,
}
