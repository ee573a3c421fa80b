"""ps, kill and their like, over the node's own process table."""

from __future__ import annotations

from aifctl.sim.node.processes import NUMBERS, Process, signal_name
from aifctl.sim.shell.context import Call, CommandError, Program


async def _kill(call: Call) -> int:
    words, name = list(call.arguments), "TERM"
    if words[:1] == ["-l"]:
        return await call.say(" ".join(sorted(NUMBERS, key=NUMBERS.__getitem__)) + "\n")
    if words and words[0].startswith("-") and words[0] != "--":
        flag = words.pop(0)
        text = words.pop(0) if flag in {"-s", "-n"} and words else flag[1:]
        name = signal_name(text) or ""
        if not name:
            raise CommandError(f"{text[:20]}: invalid signal specification")
    if not words:
        raise CommandError("usage: kill [-s sigspec | -sigspec] pid ...", 2)
    status = 0
    for word in [word for word in words if word != "--"]:
        status = await _signal(call, word, name) or status
    return status


async def _signal(call: Call, word: str, name: str) -> int:
    """Signal one process; a negative number is a group, which here is the one process that leads it."""
    number = word.removeprefix("-")
    if not number.isdigit():
        return await call.complain(f"kill: {word[:20]}: arguments must be process or job IDs")
    process = call.machine.processes.find(int(number[:9]))
    if process is None:
        return await call.complain(f"kill: ({word[:20]}) - No such process")
    if not may_signal(call.shell.user, process):
        return await call.complain(f"kill: ({word[:20]}) - Operation not permitted")
    process.signal(name)
    return 0


def may_signal(user: str, process: Process) -> bool:
    return user in {"root", process.user}


async def _pkill(call: Call) -> int:
    words, name = list(call.arguments), "TERM"
    while words and words[0].startswith("-"):
        flag = words.pop(0)
        name = signal_name(flag[1:]) or name
    if not words:
        raise CommandError("no matching criteria specified", 2)
    found = [process for process in call.machine.processes if words[-1] in process.line]
    own = call.shell.process
    hit = [process for process in found if process is not own and may_signal(call.shell.user, process)]
    for process in hit:
        if call.argv[0].endswith("pgrep"):
            await call.say(f"{process.pid}\n")
        else:
            process.signal(name)
    return 0 if hit else 1


async def _ps(call: Call) -> int:
    await call.say("    PID USER     STAT     TIME COMMAND\n")
    for process in [None, *call.machine.processes]:
        if process is None:
            await call.say("      1 root     Ss       0:09 /sbin/init\n")
            continue
        state = "D" if process.deaf else "S"
        line = process.line.split("\n")[0][:120]
        await call.say(f"{process.pid:7d} {process.user:<8} {state:<5} {'0:00':>7} {line}\n")
    return 0


COMMANDS: dict[str, Program] = {"kill": _kill, "pgrep": _pkill, "pkill": _pkill, "ps": _ps}
