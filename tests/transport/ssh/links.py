"""Shared by the tests of the SSH transport: run one command on one node and see what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from aifctl.core.errors import NodeError
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Command, DialSettings, Link
from aifctl.transport.ssh import open_transport
from aifctl.transport.ssh.adapter import SshTransport


def with_transport(settings: DialSettings, use: Callable[[SshTransport], Coroutine[Any, Any, Any]]) -> Any:
    """Open a transport in a loop of its own, use it, close it."""

    async def body() -> Any:
        transport = open_transport(settings)
        try:
            return await use(transport)
        finally:
            await transport.close()

    return asyncio.run(body())


async def output_of(link: Link, line: str) -> str:
    out = bytearray()
    await link.execute(Command(line=line), stdout=out.extend, stderr=out.extend)
    return out.decode()


async def echo(transport: SshTransport, endpoint: Endpoint) -> str:
    """Dial, run one command, leave."""
    link = await transport.dial(endpoint)
    try:
        return await output_of(link, "echo reached")
    finally:
        await link.close()


def reach(settings: DialSettings, endpoint: Endpoint) -> str:
    r"""Return "reached\\n" where a dial and a command work."""
    return str(with_transport(settings, lambda transport: echo(transport, endpoint)))


def refusal(settings: DialSettings, endpoint: Endpoint) -> NodeError:
    """Return the NodeError that a dial gives."""
    with pytest.raises(NodeError) as refused:
        reach(settings, endpoint)
    return refused.value
