"""sudo, password prompt included."""

from __future__ import annotations

from aifctl.sim.shell.context import Call, CommandError, Program, decode, encode
from aifctl.sim.shell.execute import run_argv

_TRIES = 3
_VALUED = {"-u", "-g", "-p", "-C", "-h"}
_LONG = {"--user": "-u", "--prompt": "-p", "--stdin": "-S", "--non-interactive": "-n"}


async def _sudo(call: Call) -> int:
    flags, rest = _parsed(call.arguments)
    wanted = flags.get("-u", "root")
    if wanted not in {"root", "nobody", call.shell.user}:
        raise CommandError(f"unknown user {wanted}")
    if call.shell.user != "root" and call.machine.condition.sudo_password is not None:
        status = await _let_in(call, flags)
        if status:
            return status
    if not rest:
        return 0
    process, before = call.shell.process, call.shell.process.user
    inner = call.shell.fork(user=wanted)
    inner.variables |= {"USER": wanted, "LOGNAME": wanted, "SUDO_USER": call.shell.user}
    inner.variables["HOME"] = "/root" if wanted == "root" else call.shell.variables.get("HOME", "/")
    process.user = wanted
    try:
        return await run_argv(inner, call.io, rest)
    finally:
        process.user = before


async def _let_in(call: Call, flags: dict[str, str]) -> int:
    """Ask for the password as `sudo -S` does: the prompt on stderr, the answer on stdin; returns 0 where it fits."""
    if "-n" in flags:
        return await call.complain("sudo: a password is required")
    if "-S" not in flags:
        return await call.complain(
            "sudo: a terminal is required to read the password; either use the -S option to read from standard input "
            "or configure an askpass helper\nsudo: a password is required"
        )
    prompt = flags.get("-p", f"[sudo] password for {call.shell.user}: ").replace("%u", call.shell.user)
    for attempt in range(_TRIES):
        await call.io.stderr.write(encode(prompt))
        answer = await _line(call)
        if answer is None:
            return await call.complain("\nsudo: no password was provided\nsudo: a password is required")
        if answer == call.machine.condition.sudo_password:
            return 0
        if attempt < _TRIES - 1:
            await call.complain("Sorry, try again.")
    return await call.complain(f"sudo: {_TRIES} incorrect password attempts")


async def _line(call: Call) -> str | None:
    """Return one line of stdin and no byte more: the rest is the command's."""
    line = b""
    while byte := await call.io.stdin.read(1):
        if byte == b"\n":
            return decode(line)
        line += byte
        await call.shell.budget.step()
    return decode(line) or None


def _parsed(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    flags, rest = dict[str, str](), list(arguments)
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        if flag == "--":
            break
        name, _, value = flag.partition("=")
        flag = _LONG.get(name, flag)
        if flag[:2] in _VALUED and not flag.startswith("--"):
            flags[flag[:2]] = value or flag[2:] or (rest.pop(0) if rest else "")
        else:
            flags.update({f"-{letter}": "" for letter in flag.lstrip("-")})
    while rest and "=" in rest[0] and "/" not in rest[0].partition("=")[0]:
        rest.pop(0)
    return flags, rest


COMMANDS: dict[str, Program] = {"sudo": _sudo}
