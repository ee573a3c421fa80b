"""A node whose output is no text and tries to talk to the terminal."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind, Running

#: Invalid UTF-8, clear-screen, a window title, a C1 control, an overlong sequence, a lone continuation byte.
_NOISE = b"\xff\xfe\x1b[2J\x1b]0;owned\x07\x9b31m\xc0\xaf\x80\xc3\x28\r\n"


async def _noise(running: Running, _value: float) -> int:
    await running.print_out(_NOISE)
    return await running.proceed()


FAULT = FaultKind(name="non-utf8", about="prints invalid bytes and escape sequences before the output", around=_noise)
