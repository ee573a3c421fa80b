"""What commands are given: files by name or stdin, text with escapes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from aifctl.sim.node.disk import Directory
from aifctl.sim.shell.context import Call
from aifctl.sim.shell.streams import FileReader, Source

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}


async def inputs(call: Call, names: list[str]) -> AsyncIterator[tuple[str, Source]]:
    """Yield each file named, or stdin; a missing one is complained of and leaves status 1 in the shell."""
    call.shell.status = 0
    for name in names or ["-"]:
        if name == "-":
            yield name, call.io.stdin
            continue
        try:
            entry = call.shell.disk.find(call.shell.path(name))
            if isinstance(entry, Directory):
                raise IsADirectoryError(21, "Is a directory", name)
        except OSError as problem:
            call.shell.status = await call.complain(f"{call.argv[0]}: {name}: {problem.strerror}")
            continue
        yield name, FileReader(call.shell.disk, entry)


def unescaped(text: str) -> str:
    r"""Turn \n, \t, \xNN, \0NNN into what they stand for; bytes above 0x7f stay bytes."""

    def one(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "x" or code[0].isdigit():
            value = int(code[1:], 16) if code[0] == "x" else int(code, 8) & 0xFF
            return bytes([value]).decode("utf-8", "surrogateescape")
        return _ESCAPES.get(code, f"\\{code}")

    return re.sub(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,4}|[^0-9])", one, text, flags=re.DOTALL)
