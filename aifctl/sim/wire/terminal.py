"""An interactive shell: prompt, echo, a line at a time. Without a terminal, commands from stdin and nothing echoed."""

from __future__ import annotations

from aifctl.sim.shell.context import Io, Shell, decode
from aifctl.sim.shell.execute import run_text
from aifctl.sim.shell.streams import LineReader, Source

_INTERRUPT, _END, _ERASE, _ENTER = 0x03, 0x04, frozenset({0x08, 0x7F}), frozenset({0x0D, 0x0A})
_LONGEST_LINE = 65536


class _Cooked:
    """Turns newlines into what a raw terminal needs."""

    def __init__(self, sink: object) -> None:
        self._sink = sink

    async def write(self, data: bytes) -> None:
        await self._sink.write(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))  # type: ignore[attr-defined]


async def converse(shell: Shell, io: Io, stdin: Source, *, terminal: bool) -> int:
    """Run lines until the end of input or `exit`; returns the last status."""
    if not terminal:
        return await _lines(shell, io, stdin)
    io = io.having({1: _Cooked(io.stdout), 2: _Cooked(io.stderr)})
    await io.stdout.write(b"Simulated node: commands are emulated, nothing is executed. Leave with exit.\n")
    while (line := await _typed(shell, io, stdin)) is not None:
        if line.strip() in {"exit", "logout"}:
            break
        shell.status = await run_text(shell, io, line)
    await io.stdout.write(b"logout\n")
    return shell.status


async def _lines(shell: Shell, io: Io, stdin: Source) -> int:
    lines = LineReader(stdin)
    while line := await lines.line():
        text = decode(line)
        if text.split()[:1] == ["exit"]:
            return await run_text(shell, io, text)
        shell.status = await run_text(shell, io, text)
    return shell.status


async def _typed(shell: Shell, io: Io, stdin: Source) -> str | None:
    """Return a line typed at the prompt, None at its end."""
    sign = "#" if shell.user == "root" else "$"
    await io.stdout.write(f"{shell.user}@{shell.machine.name}:{shell.cwd}{sign} ".encode())
    line = bytearray()
    while byte := await stdin.read(1):
        code = byte[0]
        if code in _ENTER:
            await io.stdout.write(b"\n")
            return decode(bytes(line))
        if code == _END and not line:
            return None
        await _key(io, line, code)
    return None


async def _key(io: Io, line: bytearray, code: int) -> None:
    if code == _INTERRUPT:
        line.clear()
        await io.stdout.write(b"^C\n")
    elif code in _ERASE:
        if line:
            del line[-1]
            await io.stdout.write(b"\b \b")
    elif code >= 0x20 and len(line) < _LONGEST_LINE:  # noqa: PLR2004  printable
        line.append(code)
        await io.stdout.write(bytes([code]))
