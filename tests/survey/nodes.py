"""Nodes to probe: a link that runs commands on this machine, and one that counts what is sent."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.probe_package import ProbePackage
from aifctl.ports.transport import Bytes, Command, Ended, Link, RemoteFiles
from aifctl.ports.work import NodeResult
from aifctl.survey.package import pack
from aifctl.survey.probe_work import ProbeWork
from tests.fakes.run_parts import desks

NODE = Endpoint(name="n1", address="192.0.2.1")


def small_package(main: str, launcher: str) -> ProbePackage:
    """Return a package whose probe is `main`, the text of a function's body with `argv` and `probe`."""
    body = "".join(f"    {line}\n" for line in main.splitlines())
    source = f"import json, os, sys, time\ndef main(argv, probe):\n{body}"
    data = pack({"probe/__init__.py": b"", "probe/__main__.py": source.encode()})
    return ProbePackage(data=data, sha256=hashlib.sha256(data).hexdigest(), launcher=launcher)


class LocalLink:
    """Implements ports.transport.Link with this machine's own shell, in a home of its own; counts what was fed."""

    def __init__(self, home: Path, *, before: str = "") -> None:
        self.fed_bytes = 0
        self.lines: list[str] = []
        self._home, self._before = home, before
        self._process: asyncio.subprocess.Process | None = None
        self._halted: Outcome | None = None

    @property
    def alive(self) -> bool:
        return True

    async def answers(self, *, within_s: float) -> bool:
        return within_s >= 0

    async def execute(
        self, command: Command, *, stdout: Bytes, stderr: Bytes, feed: AsyncIterator[bytes] | None = None
    ) -> Ended:
        self.lines.append(command.line)
        process = self._process = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            self._before + command.line,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"HOME": str(self._home), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
        pump = asyncio.create_task(self._pump(process, feed)) if feed else None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_drain(process.stdout, stdout))
                group.create_task(_drain(process.stderr, stderr))
            code = await process.wait()
        finally:
            if pump:
                pump.cancel()
        return Ended(rc=None if self._halted else code, halted=self._halted)

    def halt(self, why: Outcome) -> None:
        self._halted = why
        if self._process and self._process.returncode is None:
            self._process.kill()

    async def open_files(self) -> RemoteFiles:
        raise NodeError(Outcome.PROTOCOL, "no files here")

    def abort(self) -> None:
        self.halt(Outcome.CANCELLED)

    async def close(self) -> None:
        """Nothing is open."""

    async def _pump(self, process: asyncio.subprocess.Process, feed: AsyncIterator[bytes]) -> None:
        assert process.stdin is not None
        async for chunk in feed:
            self.fed_bytes += len(chunk)
            process.stdin.write(chunk)
            await process.stdin.drain()
        process.stdin.close()


async def _drain(stream: asyncio.StreamReader | None, take: Bytes) -> None:
    assert stream is not None
    while data := await stream.read(65536):
        take(data)


class CountingLink:
    """A real link, and how much of a feed went through it."""

    def __init__(self, link: Link) -> None:
        self._link, self.fed_bytes = link, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    async def execute(
        self, command: Command, *, stdout: Bytes, stderr: Bytes, feed: AsyncIterator[bytes] | None = None
    ) -> Ended:
        async def counted(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
            async for chunk in chunks:
                self.fed_bytes += len(chunk)
                yield chunk

        return await self._link.execute(command, stdout=stdout, stderr=stderr, feed=counted(feed) if feed else None)


async def perform(work: ProbeWork, link: Link, folder: Path) -> NodeResult:
    """Do the work on one node."""
    return await work.perform(NODE, link, desks(folder)(NODE))


def stdout_of(result: NodeResult) -> bytes:
    if result.stdout.inline is not None:
        return result.stdout.inline
    assert result.stdout.path is not None
    return Path(result.stdout.path).read_bytes()


def work_of(package: ProbePackage, arguments: Mapping[str, Any] | None = None, **more: Any) -> ProbeWork:
    return ProbeWork(package=package, arguments=arguments or {}, **more)
