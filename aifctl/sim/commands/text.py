"""Commands that print text and filter it."""

from __future__ import annotations

import asyncio
import hashlib
import re

from aifctl.sim.shell.context import Call, CommandError, Program, encode
from aifctl.sim.shell.flags import parse_flags
from aifctl.sim.shell.given import inputs, unescaped
from aifctl.sim.shell.streams import BLOCK_BYTES, LineReader, read_all

_MOST_TAIL_BYTES = 16 << 20
_MOST_SEQ = 10_000_000


async def _echo(call: Call) -> int:
    words, newline, escapes = call.arguments, True, False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        newline = newline and "n" not in words[0]
        escapes = (escapes or "e" in words[0]) and "E" not in words[0]
        words = words[1:]
    text = " ".join(words)
    return await call.say((unescaped(text) if escapes else text) + "\n" * newline)


async def _printf(call: Call) -> int:
    if not call.arguments:
        raise CommandError("usage: printf format [arguments]", 2)
    form, values = call.arguments[0], list(call.arguments[1:])
    while True:
        before = len(values)
        await call.say(_formatted(form, values))
        if not values or len(values) == before:
            return 0


def _formatted(form: str, values: list[str]) -> str:
    def one(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        value = values.pop(0) if values else ""
        kind, flags = match[2], match[1]
        if kind in "di":
            return f"%{flags}d" % int(value if re.fullmatch(r"-?\d{1,18}", value) else 0)
        if kind in "xXo":
            return f"%{flags}{kind}" % int(value if re.fullmatch(r"\d{1,18}", value) else 0)
        if kind == "b":
            return unescaped(value)
        return f"%{flags}s" % value

    return re.sub(r"%(-?\d{0,3}(?:\.\d{1,3})?)([sdixXobcq])|%%", one, unescaped(form))


async def _cat(call: Call) -> int:
    flags = parse_flags(call, "nAuv")
    number = 0
    async for _, source in inputs(call, flags.operands):
        if "n" in flags:
            lines = LineReader(source)
            while line := await lines.line():
                number += 1
                await call.io.stdout.write(b"%6d\t" % number + line)
            continue
        while block := await source.read(BLOCK_BYTES):
            await call.io.stdout.write(block)
    return call.shell.status


async def _head(call: Call) -> int:
    flags = parse_flags(call, "q", "nc", digits="n")
    async for _, source in inputs(call, flags.operands):
        if "c" in flags:
            left = flags.number("c")
            while left > 0 and (block := await source.read(min(left, BLOCK_BYTES))):
                await call.io.stdout.write(block)
                left -= len(block)
            continue
        lines = LineReader(source)
        for _ in range(flags.number("n", 10)):
            line = await lines.line()
            if not line:
                break
            await call.io.stdout.write(line)
    return call.shell.status


async def _tail(call: Call) -> int:
    flags = parse_flags(call, "qf", "nc", digits="n")
    async for _, source in inputs(call, flags.operands):
        data = await read_all(source, _MOST_TAIL_BYTES)
        if "c" in flags:
            await call.io.stdout.write(data[-flags.number("c") :])
            continue
        lines, wanted = data.splitlines(keepends=True), flags.values.get("n", "10")
        start = (
            int(wanted[1:]) - 1 if re.fullmatch(r"\+\d{1,9}", wanted) else max(0, len(lines) - flags.number("n", 10))
        )
        await call.io.stdout.write(b"".join(lines[max(0, start) :]))
    return call.shell.status


async def _seq(call: Call) -> int:
    numbers = [argument for argument in call.arguments if re.fullmatch(r"-?\d{1,12}", argument)]
    if not numbers or len(numbers) != len(call.arguments) or len(numbers) > 3:  # noqa: PLR2004  first, step, last
        raise CommandError("usage: seq [FIRST [STEP]] LAST")
    first, step = (int(numbers[0]) if len(numbers) > 1 else 1), (int(numbers[1]) if len(numbers) == 3 else 1)  # noqa: PLR2004  LAST, FIRST LAST or FIRST STEP LAST
    values = range(first, int(numbers[-1]) + (1 if step > 0 else -1), step or 1)
    for start in range(0, min(len(values), _MOST_SEQ), 1024):
        await call.say("".join(f"{value}\n" for value in values[start : start + 1024]))
        await asyncio.sleep(0)
    return 0


async def _yes(call: Call) -> int:
    line = encode(" ".join(call.arguments or ["y"]) + "\n")
    block = line * max(1, BLOCK_BYTES // len(line))
    while True:
        await call.io.stdout.write(block)
        await asyncio.sleep(0)


async def _flood(call: Call) -> int:
    """Print so many bytes; it exists on simulated nodes alone."""
    flags = parse_flags(call, "")
    left = flags.size(flags.operands[0] if flags.operands else "1M")
    line = b"flood of %s\n" % encode(call.machine.name)
    block = line * (BLOCK_BYTES // len(line))
    while left > 0:
        await call.io.stdout.write(block[:left])
        left -= len(block)
        await asyncio.sleep(0)
    return 0


async def _digest(call: Call) -> int:
    names = [name for name in call.arguments if name == "-" or name[0] != "-"]
    async for name, source in inputs(call, names):
        digest = hashlib.new(call.argv[0].rpartition("/")[2].removesuffix("sum"))
        while block := await source.read(BLOCK_BYTES):
            digest.update(block)
        # coreutils marks a line whose name it had to escape.
        escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        mark = "\\" if escaped != name else ""
        await call.say(f"{mark}{digest.hexdigest()}  {escaped}\n")
    return call.shell.status


COMMANDS: dict[str, Program] = {
    "cat": _cat,
    "echo": _echo,
    "flood": _flood,
    "head": _head,
    "md5sum": _digest,
    "printf": _printf,
    "seq": _seq,
    "sha256sum": _digest,
    "tail": _tail,
    "yes": _yes,
}
