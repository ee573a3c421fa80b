"""How a running fleet is asked and told: one JSON line each way over a unix socket in its folder, 0600."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aifctl.core.errors import AifctlError, BackendError

if TYPE_CHECKING:  # who asks a fleet loads no server: `sim status`, `schema`, `completion`
    from aifctl.sim.fleet import SimFleet

_LONGEST_LINE = 1 << 20
_ANSWER_S = 20.0


def socket_name(number: int) -> str:
    return f"worker-{number}.sock"


@asynccontextmanager
async def serve_control(folder: Path, number: int, fleet: SimFleet) -> AsyncIterator[None]:
    """Answer requests about the fleet until left."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
            line = await reader.readuntil(b"\n")
            writer.write(json.dumps(_answer(fleet, json.loads(line))).encode() + b"\n")
            await writer.drain()
        writer.close()

    with _short_path(folder) as short:
        path = f"{short}/{socket_name(number)}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108  the short path is no Path's business
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(answer, path, limit=_LONGEST_LINE)
        finally:
            os.umask(before)
    try:
        yield
    finally:
        server.close()
        (folder / socket_name(number)).unlink(missing_ok=True)


def ask(folder: Path, number: int, request: Mapping[str, Any]) -> dict[str, Any]:
    """Send one worker a request and return its answer; BackendError where it does not answer."""
    with socket.socket(socket.AF_UNIX) as sock, _short_path(folder) as short:
        sock.settimeout(_ANSWER_S)
        try:
            sock.connect(f"{short}/{socket_name(number)}")
            sock.sendall(json.dumps(request).encode() + b"\n")
            answer = sock.makefile("rb").readline()
            return dict(json.loads(answer))
        except (OSError, ValueError) as problem:
            raise BackendError(
                f"worker {number} of the simulated fleet in {folder} does not answer: {problem}; "
                "end the fleet with `aifctl sim down` and start it again"
            ) from problem


def _answer(fleet: SimFleet, request: Mapping[str, Any]) -> dict[str, Any]:
    verb = request.get("verb")
    try:
        if verb == "status":
            return {"counts": fleet.counts(), "faults": _faults(fleet)}
        if verb == "plant":
            return {"nodes": fleet.plant(str(request["text"]))}
        if verb == "cure":
            return {"nodes": fleet.cure(str(request["where"]), kind=request.get("kind"))}
    except (AifctlError, OSError) as problem:
        return {"error": str(problem)}
    return {"error": f"no such request: {verb}"}


def _faults(fleet: SimFleet) -> dict[str, list[str]]:
    """Return fault → names."""
    found: dict[str, list[str]] = {}
    for name, faults in fleet.faults().items():
        for fault in faults:
            found.setdefault(str(fault), []).append(name)
    return found


@contextmanager
def _short_path(folder: Path) -> Iterator[str]:
    """Give a name for the folder that fits into a socket address, which holds 107 bytes."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
