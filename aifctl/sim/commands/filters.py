"""Filters: what stands behind a pipe."""

from __future__ import annotations

import re

from aifctl.sim.shell.context import Call, CommandError, Program, encode
from aifctl.sim.shell.flags import Flags, parse_flags
from aifctl.sim.shell.given import inputs, unescaped
from aifctl.sim.shell.streams import BLOCK_BYTES, LineReader, read_all

_MOST_SORTED_BYTES = 16 << 20


async def _wc(call: Call) -> int:
    flags = parse_flags(call, "lwcm")
    async for name, source in inputs(call, flags.operands):
        counts = {"l": 0, "w": 0, "c": 0}
        in_word = False
        while block := await source.read(BLOCK_BYTES):
            counts["l"] += block.count(b"\n")
            counts["c"] += len(block)
            words = len(block.split())
            counts["w"] += words - (in_word and not block[:1].isspace() and words > 0)
            in_word = not block[-1:].isspace()
        shown = [str(counts[key]) for key in "lwc" if key in flags or (key == "c" and "m" in flags)]
        text = " ".join(shown) if shown else " ".join(f"{counts[key]:7d}" for key in "lwc")
        await call.say(text + ("" if name == "-" else f" {name}") + "\n")
    return call.shell.status


async def _grep(call: Call) -> int:
    flags = parse_flags(call, "ivcqnEFohswlrP", "emAB")
    operands = list(flags.operands)
    pattern = flags.values.get("e") or (operands.pop(0) if operands else "")
    expression = _expression(
        pattern,
        flags,
        fixed="F" in flags,
        extended=bool({"E", "P"} & set(flags.given)) or call.argv[0].endswith("egrep"),
    )
    found = 0
    async for name, source in inputs(call, operands):
        prefix = encode(f"{name}:") if len(operands) > 1 and "h" not in flags else b""
        found += await _matching(call, LineReader(source), expression, flags, prefix)
        if found and "q" in flags:
            return 0
    return 0 if found else 1


async def _matching(call: Call, lines: LineReader, expression: re.Pattern[bytes], flags: Flags, prefix: bytes) -> int:
    found, number, most = 0, 0, flags.number("m", 1 << 40)
    while found < most and (line := await lines.line()):
        number += 1
        match = expression.search(line.rstrip(b"\n"))
        if bool(match) == ("v" in flags):
            continue
        found += 1
        if not {"q", "c", "l"} & set(flags.given):
            shown = match[0] + b"\n" if match and "o" in flags else line.rstrip(b"\n") + b"\n"
            await call.io.stdout.write(prefix + (b"%d:" % number if "n" in flags else b"") + shown)
        await call.shell.budget.step()
    if "c" in flags:
        await call.io.stdout.write(prefix + b"%d\n" % found)
    return found


def _expression(pattern: str, flags: Flags, *, fixed: bool, extended: bool) -> re.Pattern[bytes]:
    r"""Return the pattern; in a basic one \( \) \{ \} \| \+ are the operators and their bare forms are not."""
    if fixed:
        pattern = re.escape(pattern)
    elif not extended:
        pattern = re.sub(r"\\([(){}|+?])|([(){}|+?])", lambda match: match[1] or f"\\{match[2]}", pattern)
    if "w" in flags:
        pattern = rf"\b(?:{pattern})\b"
    try:
        return re.compile(encode(pattern), re.IGNORECASE if "i" in flags else 0)
    except re.error as problem:
        raise CommandError(f"bad pattern: {problem}", 2) from None


async def _sort(call: Call) -> int:
    flags = parse_flags(call, "rnufhV", "tk")
    lines: list[bytes] = []
    async for _, source in inputs(call, flags.operands):
        lines += (await read_all(source, _MOST_SORTED_BYTES)).splitlines()
    field = flags.number("k", 0) if flags.values.get("k", "").isdigit() else 0
    separator = encode(flags.values["t"]) if flags.values.get("t") else None

    def key(line: bytes) -> tuple[float, bytes]:
        cells = line.split(separator)
        text = cells[field - 1] if 0 < field <= len(cells) else line
        number = re.match(rb"\s*-?\d{1,18}(\.\d{1,9})?", text)
        return (float(number[0]) if number and {"n", "h"} & set(flags.given) else 0.0, text)

    ordered = sorted(set(lines) if "u" in flags else lines, key=key, reverse="r" in flags)
    await call.io.stdout.write(b"".join(line + b"\n" for line in ordered))
    return call.shell.status


async def _uniq(call: Call) -> int:
    flags = parse_flags(call, "cdu")
    async for _, source in inputs(call, flags.operands[:1]):
        groups: list[tuple[bytes, int]] = []
        for line in (await read_all(source, _MOST_SORTED_BYTES)).splitlines():
            if groups and groups[-1][0] == line:
                groups[-1] = (line, groups[-1][1] + 1)
            else:
                groups.append((line, 1))
        for line, count in groups:
            if ("d" in flags and count == 1) or ("u" in flags and count > 1):
                continue
            await call.io.stdout.write((b"%7d " % count if "c" in flags else b"") + line + b"\n")
    return call.shell.status


async def _cut(call: Call) -> int:
    flags = parse_flags(call, "s", "dfcb")
    separator, wanted = encode(flags.values.get("d", "\t")), flags.values.get("f") or flags.values.get("c") or ""
    if not wanted or not separator:
        raise CommandError("you must specify a list of bytes, characters, or fields")
    async for _, source in inputs(call, flags.operands):
        lines = LineReader(source)
        while line := await lines.line():
            line = line.rstrip(b"\n")
            cells = line.split(separator) if "f" in flags.values else [line[at : at + 1] for at in range(len(line))]
            kept = [cells[position] for position in _positions(wanted, len(cells))]
            await call.io.stdout.write((separator if "f" in flags.values else b"").join(kept) + b"\n")
            await call.shell.budget.step()
    return call.shell.status


def _positions(text: str, count: int) -> list[int]:
    chosen: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\d{0,9})(-?)(\d{0,9})", part)
        if not match or not (match[1] or match[3]):
            raise CommandError(f"invalid field range '{part[:40]}'")
        first = int(match[1] or 1)
        last = (int(match[3]) if match[3] else count) if match[2] else first
        chosen |= set(range(max(1, first) - 1, min(last, count)))
    return sorted(chosen)


async def _tr(call: Call) -> int:
    flags = parse_flags(call, "ds")
    sets = [_characters(text) for text in flags.operands]
    if not sets or (len(sets) == 1 and "d" not in flags):
        raise CommandError("missing operand")
    while block := await call.io.stdin.read(BLOCK_BYTES):
        if "d" in flags:
            await call.io.stdout.write(block.translate(None, sets[0]))
        else:
            to = (sets[1] + sets[1][-1:] * len(sets[0]))[: len(sets[0])]
            await call.io.stdout.write(block.translate(bytes.maketrans(sets[0], to)))
    return 0


def _characters(text: str) -> bytes:
    text = unescaped(text)
    classes = {"[:lower:]": "a-z", "[:upper:]": "A-Z", "[:digit:]": "0-9", "[:space:]": " \t\n\r\v\f"}
    for name, members in classes.items():
        text = text.replace(name, members)
    spread = re.sub(
        r"(.)-(.)",
        lambda match: "".join(map(chr, range(ord(match[1]), min(ord(match[2]), ord(match[1]) + 255) + 1))),
        text,
        flags=re.DOTALL,
    )
    return encode(spread)


COMMANDS: dict[str, Program] = {
    "cut": _cut,
    "egrep": _grep,
    "grep": _grep,
    "sort": _sort,
    "tr": _tr,
    "uniq": _uniq,
    "wc": _wc,
}
