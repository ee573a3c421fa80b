"""Interpreters that nodes have and a simulation does not: said honestly, never silently successful."""

from __future__ import annotations

from aifctl.sim.shell.context import Call, Program

_NOT_FOUND = 127


async def _refuse(call: Call) -> int:
    return await call.complain(f"{call.argv[0]}: not emulated on a simulated node; nothing was run", _NOT_FOUND)


COMMANDS: dict[str, Program] = dict.fromkeys(("awk", "perl", "python", "ruby"), _refuse)
