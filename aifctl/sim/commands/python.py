"""python3, as far as the probe's launcher goes: it is recognised and answered for, and nothing is ever executed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aifctl.sim.probing.reply import reply
from aifctl.sim.shell.context import Call, Program
from aifctl.sim.shell.streams import BLOCK_BYTES

_NOT_FOUND = 127
#: What tells the launcher (aifctl/onnode/launch.py) from any other text.
_LAUNCHER = ('__import__("probe.__main__"', '"need %s\\n" % wanted')
_FLAGS = ["-I", "-S", "-c"]
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_PROBE_BYTES = 4 << 20
_MOST_KEPT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the launcher was called with."""

    sha256: str
    size_bytes: int
    arguments: str


async def _python3(call: Call) -> int:
    asked = _launched(call.arguments)
    if asked is None:
        return await call.complain(f"{call.argv[0]}: not emulated on a simulated node; nothing was run", _NOT_FOUND)
    if asked.sha256 not in call.machine.probes:
        problem = await _fetch(call, asked)
        if problem:
            return await call.complain(problem)
    try:
        arguments = json.loads(asked.arguments)
    except ValueError as problem:
        arguments = problem
    if not isinstance(arguments, dict):
        return await call.complain(f"the probe's argument is no JSON object: {arguments}", 2)
    await _answer(call, asked, arguments)
    return 0


def _launched(words: list[str]) -> _Asked | None:
    """Return what the probe's launcher is asked for; None for any other program."""
    if words[:3] != _FLAGS or len(words) != len(_FLAGS) + 4 or any(sign not in words[3] for sign in _LAUNCHER):
        return None
    sha256, size, arguments = words[4:]
    if not _SHA256.fullmatch(sha256) or not re.fullmatch(r"[0-9]{1,7}", size) or int(size) > _MOST_PROBE_BYTES:
        return None
    return _Asked(sha256=sha256, size_bytes=int(size), arguments=arguments)


async def _fetch(call: Call, asked: _Asked) -> str:
    """Take the probe from stdin and remember that this node has it; returns what is wrong with it, "" for nothing."""
    await call.say(f"need {asked.sha256}\n")
    digest, left = hashlib.sha256(), asked.size_bytes
    while left > 0 and (data := await call.io.stdin.read(min(left, BLOCK_BYTES))):
        digest.update(data)
        left -= len(data)
    if digest.hexdigest() != asked.sha256:
        came = asked.size_bytes - left
        return f"aifctl: the probe arrived damaged, {came} of {asked.size_bytes} bytes; nothing was run"
    call.machine.probes = (*call.machine.probes, asked.sha256)[-_MOST_KEPT:]
    return ""


async def _answer(call: Call, asked: _Asked, arguments: dict[str, Any]) -> None:
    said: Iterable[bytes] = [reply(call.machine, arguments, probe=asked.sha256, user=call.shell.user)]
    for fault in call.machine.faults:
        if fault.kind.spoil:
            said = fault.kind.spoil(b"".join(said), fault.value)
    for data in said:
        await call.io.stdout.write(data)


COMMANDS: dict[str, Program] = {"python3": _python3}
