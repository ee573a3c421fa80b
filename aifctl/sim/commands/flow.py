"""Commands that run other commands, and those that only return."""

from __future__ import annotations

import asyncio
import re

from aifctl.core.errors import UsageError
from aifctl.core.units import parse_duration_s
from aifctl.sim.shell.builtins import BUILTINS
from aifctl.sim.shell.context import Call, CommandError, Program, ShellExit, decode
from aifctl.sim.shell.ending import emulate_ending
from aifctl.sim.shell.execute import run_argv, run_text, shell_named
from aifctl.sim.shell.parse import LONGEST_CHARACTERS
from aifctl.sim.shell.streams import read_all

_TIMED_OUT, _KILLED = 124, 137
#: What xargs says where some of its commands failed, and from where on it says what they said.
_SOME_FAILED, _NOT_EXECUTABLE = 123, 126
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_MOST_XARGS_BYTES = 1 << 20


async def _true(_call: Call) -> int:
    return 0


async def _false(_call: Call) -> int:
    return 1


async def _sleep(call: Call) -> int:
    await call.machine.surroundings.clock.sleep(sum(_seconds(text) for text in call.arguments))
    return 0


def _seconds(text: str) -> float:
    if text == "infinity":
        return 10**8
    try:
        return parse_duration_s(text)
    except UsageError:
        raise CommandError(f"invalid time interval '{text[:40]}'") from None


async def _shell(call: Call) -> int:
    """Run sh -c LINE [NAME [ARG…]], sh FILE [ARG…], or sh [-s [ARG…]] from stdin."""
    arguments, inline, from_stdin, options = list(call.arguments), False, False, set[str]()
    while arguments and re.fullmatch(r"[-+][a-zA-Z]+|--|--(login|norc|noprofile|posix)", arguments[0]):
        flag = arguments.pop(0)
        if flag == "--":
            break
        letters = "" if flag.startswith("--") else flag
        inline, from_stdin = inline or "c" in letters, from_stdin or "s" in letters
        options |= set(letters) & {"e", "u"}
    if inline:
        if not arguments:
            raise CommandError("-c: option requires an argument", 2)
        line, name, rest = arguments[0], (arguments[1:2] or [call.argv[0]])[0], arguments[2:]
    elif arguments and not from_stdin:
        name, rest = arguments[0], arguments[1:]
        line = decode(call.shell.disk.read(call.shell.disk.find(call.shell.path(name)), 0, LONGEST_CHARACTERS))
    else:
        name, rest = call.argv[0], arguments
        line = decode(await read_all(call.io.stdin, LONGEST_CHARACTERS))
        ended = await emulate_ending(call.shell, line)
        if ended is not None:
            return await call.say(ended)
    inner = shell_named(call.shell, name, rest)
    inner.options = options
    return await run_text(inner, call.io, line)


async def _exec(call: Call) -> int:
    if not call.arguments:
        return 0
    raise ShellExit(await run_argv(call.shell.fork(), call.io, call.arguments))


async def _prefix(call: Call) -> int:
    """Run nohup, setsid, nice, ionice, stdbuf or time: what they change is not simulated, the command is run."""
    rest = call.arguments
    while rest and rest[0].startswith("-"):
        takes_value = rest[0] in {"-n", "-c", "-p"}
        rest = rest[1 + takes_value :]
    if not rest:
        raise CommandError("missing operand", 125)
    if call.argv[0] == "nohup":
        call.shell.process.ignored.add("HUP")
    return await run_argv(call.shell, call.io, rest)


async def _command(call: Call) -> int:
    if call.arguments[:1] in (["-v"], ["-V"]):
        return await BUILTINS["type"](call)
    return await run_argv(call.shell.fork(functions={}), call.io, call.arguments) if call.arguments else 0


async def _env(call: Call) -> int:
    inner, rest = call.shell.fork(), list(call.arguments)
    while rest and (rest[0] in {"-i", "-"} or rest[0] == "-u" or _ASSIGNMENT.match(rest[0])):
        word = rest.pop(0)
        if word == "-u":
            inner.exported.discard(rest.pop(0) if rest else "")
        elif "=" in word:
            name, _, value = word.partition("=")
            inner.assign(name, value)
            inner.exported.add(name)
        else:
            inner.exported = set()
    if rest:
        return await run_argv(inner, call.io, rest)
    shown = [f"{name}={inner.variables[name]}\n" for name in sorted(inner.exported) if name in inner.variables]
    return await call.say("".join(shown))


async def _timeout(call: Call) -> int:
    rest, killing = list(call.arguments), False
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        killing = killing or flag in {"-sKILL", "--signal=KILL"}
        if flag in {"-k", "-s"} and rest:
            value = rest.pop(0)
            killing = killing or (flag == "-s" and value == "KILL")
    if len(rest) < 2:  # noqa: PLR2004  a duration and a command
        raise CommandError("missing operand", 125)
    try:
        async with asyncio.timeout(_seconds(rest[0]) or None):
            return await run_argv(call.shell.fork(), call.io, rest[1:])
    except TimeoutError:
        return _KILLED if killing else _TIMED_OUT


async def _flock(call: Call) -> int:
    """Run flock [-w SECONDS] FILE COMMAND ARG…; the file is made where there is none."""
    rest = list(call.arguments)
    wait_s = _seconds(rest[1]) if rest[:1] == ["-w"] and len(rest) > 1 else None
    name, *command = (rest if wait_s is None else rest[2:]) or [""]
    if not command or name.startswith("-"):
        raise CommandError("only [-w SECONDS] FILE COMMAND is emulated on a simulated node", 64)
    path = call.shell.path(name)
    call.shell.disk.open_file(path, truncate=False, mode=0o666 & ~call.shell.umask, uid=call.shell.uid)
    lock = call.machine.locks.setdefault(path, asyncio.Lock())
    try:
        async with asyncio.timeout(wait_s):
            await lock.acquire()
    except TimeoutError:
        return 1
    try:
        return await run_argv(call.shell.fork(), call.io, command)
    finally:
        lock.release()


async def _xargs(call: Call) -> int:
    rest, most, by_nul = list(call.arguments), 1 << 20, False
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        by_nul = by_nul or flag in {"-0", "--null", "-0r", "-r0"}
        if flag in {"-n", "-P", "-L"} and rest:
            value = rest.pop(0)
            most = int(value) if flag in {"-n", "-L"} and value.isdigit() and int(value) else most
    text = decode(await read_all(call.io.stdin, _MOST_XARGS_BYTES))
    words = [word for word in text.split("\0") if word] if by_nul else text.split()
    statuses = [
        await run_argv(call.shell.fork(), call.io, [*(rest or ["echo"]), *words[start : start + most]])
        for start in range(0, max(1, len(words)), most)
    ]
    worst = max(statuses)
    return worst if worst >= _NOT_EXECUTABLE or not worst else _SOME_FAILED


async def _eval(call: Call) -> int:
    return await run_text(call.shell, call.io, " ".join(call.arguments))


COMMANDS: dict[str, Program] = {
    "bash": _shell,
    "command": _command,
    "dash": _shell,
    "env": _env,
    "eval": _eval,
    "exec": _exec,
    "false": _false,
    "flock": _flock,
    "ionice": _prefix,
    "nice": _prefix,
    "nohup": _prefix,
    "setsid": _prefix,
    "sh": _shell,
    "sleep": _sleep,
    "stdbuf": _prefix,
    "time": _prefix,
    "timeout": _timeout,
    "true": _true,
    "xargs": _xargs,
}
