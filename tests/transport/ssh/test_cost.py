"""What one node costs, in things that can be counted: system calls, packets, tasks, imports."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from functools import partial
from typing import Any

import pytest
from asyncssh import SSHClientConnectionOptions

from aifctl.ports.transport import Command, DialSettings, Link
from aifctl.transport.ssh import open_transport, prepared
from aifctl.transport.ssh.adapter import SshTransport
from aifctl.transport.ssh.wire import Wire
from tests.sshd import Sshd, needs_sshd
from tests.transport.ssh.links import output_of, with_transport


def test_importing_the_package_loads_no_ssh_library() -> None:
    code = "import sys, aifctl.transport.ssh; print([m for m in sys.modules if m.split('.')[0] in ('asyncssh', 'cryptography')])"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout == "[]\n"


def test_the_factory_travels_to_other_processes() -> None:
    settings = DialSettings(user="root", known_hosts=("a",))
    factory = pickle.loads(pickle.dumps(partial(open_transport, settings)))  # noqa: S301 - our own
    assert factory.args == (settings,)


@needs_sshd
@pytest.mark.ssh
def test_a_cold_command_takes_few_writes_and_no_task_or_thread(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []
    write, threads_count = Wire.write, threading.active_count()  # a server of another test's may be among them

    def counted(self: Wire, data: bytes) -> None:
        writes.append(len(data))
        write(self, data)

    monkeypatch.setattr(Wire, "write", counted)
    tasks = 0

    async def body(transport: SshTransport) -> None:
        nonlocal tasks
        loop = asyncio.get_running_loop()
        link = await transport.dial(sshd.endpoint)  # whatever is prepared once is prepared now
        await link.close()
        writes.clear()

        def factory(loop: asyncio.AbstractEventLoop, coro: object, **names: object) -> asyncio.Task[object]:
            nonlocal tasks
            tasks += 1
            return asyncio.Task(coro, loop=loop, **names)  # type: ignore[arg-type]

        loop.set_task_factory(factory)  # type: ignore[arg-type]
        link = await transport.dial(sshd.endpoint)
        assert await output_of(link, "echo reached") == "reached\n"
        await link.close()
        loop.set_task_factory(None)

    with_transport(sshd.settings(), body)
    # Version and KEXINIT; key exchange; NEWKEYS, service request and signature; channel; command and EOF; the channel's
    # close and goodbye.
    assert len(writes) <= 6
    assert tasks == 0
    assert threading.active_count() == threads_count


@needs_sshd
@pytest.mark.ssh
def test_asyncsshs_options_are_made_once_for_all_nodes_of_a_user(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    """They cost 1.5 ms, as much as all the rest that a node takes."""
    users: list[str] = []

    def counted(**options: Any) -> SSHClientConnectionOptions:
        users.append(options["username"])
        return SSHClientConnectionOptions(**options)

    monkeypatch.setattr(prepared, "SSHClientConnectionOptions", counted)

    async def body(transport: SshTransport) -> None:
        for _ in range(3):
            link = await transport.dial(sshd.endpoint)
            await link.close()

    with_transport(sshd.settings(), body)
    assert users == [sshd.user]


@needs_sshd
@pytest.mark.ssh
def test_a_warm_command_takes_two_writes(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []
    write = Wire.write

    def counted(self: Wire, data: bytes) -> None:
        writes.append(len(data))
        write(self, data)

    monkeypatch.setattr(Wire, "write", counted)

    async def body(transport: SshTransport) -> None:
        link = await transport.dial(sshd.endpoint)
        await output_of(link, "true")
        writes.clear()
        await output_of(link, "true")
        await output_of(link, "true")
        count = len(writes)
        await link.close()
        # The channel, with the close of the one before; then command and EOF.
        assert count == 4

    with_transport(sshd.settings(), body)


@needs_sshd
@pytest.mark.ssh
def test_a_node_that_floods_is_held_to_its_window(sshd: Sshd) -> None:
    held: list[int] = []

    async def body(transport: SshTransport) -> None:
        link: Link = await transport.dial(sshd.endpoint)
        conn = link._conn  # type: ignore[attr-defined]

        def take(_data: bytes) -> None:
            held.append(len(conn._inpbuf))

        await link.execute(Command(line="head -c 20000000 /dev/zero"), stdout=take, stderr=take)
        await link.close()

    with_transport(sshd.settings(), body)
    assert max(held) < 1 << 20
