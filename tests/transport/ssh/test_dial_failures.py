"""Every way a dial can fail has an outcome and a sentence of its own."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
from pathlib import Path

import pytest

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh import open_transport
from tests.sshd import free_port, make_key, needs_sshd, running_sshd
from tests.transport.ssh.links import refusal
from tests.transport.ssh.servers import Answer, blackhole, misbehaving, resets, says, says_and_waits

VERSION = b"SSH-2.0-Test\r\n"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> DialSettings:
    key = make_key(tmp_path_factory.mktemp("key") / "id")
    return DialSettings(user="root", identities=(str(key),), connect_timeout_s=0.5)


async def dial(settings: DialSettings, address: str, port: int) -> NodeError:
    transport = open_transport(settings)
    try:
        with pytest.raises(NodeError) as refused:
            await transport.dial(Endpoint(name="node1", address=address, port=port))
        return refused.value
    finally:
        await transport.close()


def dial_to(answer: Answer, settings: DialSettings) -> NodeError:
    async def body() -> NodeError:
        async with misbehaving(answer) as port:
            return await dial(settings, "127.0.0.21", port)

    return asyncio.run(body())


def test_nobody_listening_is_refused(settings: DialSettings) -> None:
    error = asyncio.run(dial(settings, "127.0.0.21", free_port("127.0.0.21")))
    assert error.outcome is Outcome.REFUSED
    assert "node1 (127.0.0.21:" in error.message


def test_no_answer_at_all_is_a_connect_timeout(settings: DialSettings) -> None:
    with blackhole() as port:
        error = asyncio.run(dial(settings, "127.0.0.22", port))
    assert error.outcome is Outcome.CONNECT_TIMEOUT
    assert "TCP connection" in error.message


def test_a_server_that_never_says_hello_is_a_connect_timeout_in_the_banner(settings: DialSettings) -> None:
    error = dial_to(says_and_waits(), settings)
    assert error.outcome is Outcome.CONNECT_TIMEOUT
    assert "banner" in error.message


def test_a_server_that_stops_after_its_version_is_a_connect_timeout_in_the_key_exchange(settings: DialSettings) -> None:
    error = dial_to(says_and_waits(VERSION), settings)
    assert error.outcome is Outcome.CONNECT_TIMEOUT
    assert "key exchange" in error.message


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(says(), id="closed before the banner"),
        pytest.param(resets(), id="reset before the banner"),
        pytest.param(says(b"Not allowed at this time\r\n"), id="penalised by its source"),
        pytest.param(says(b"Exceeded MaxStartups\r\n"), id="over MaxStartups, and said so"),
        pytest.param(says(VERSION), id="closed in the key exchange"),
        pytest.param(resets(VERSION), id="reset in the key exchange"),
    ],
)
def test_a_server_that_hangs_up_before_the_login_is_throttled(answer: Answer, settings: DialSettings) -> None:
    assert dial_to(answer, settings).outcome is Outcome.THROTTLED


def test_what_a_throttling_server_says_is_passed_on(settings: DialSettings) -> None:
    error = dial_to(says(b"Not allowed at this time\r\n"), settings)
    assert "Not allowed at this time" in error.message


def test_a_servers_words_are_bounded_and_harmless_in_messages(settings: DialSettings) -> None:
    error = dial_to(says(b"\x1b[2J" + b"x" * 4000 + b"\r\n"), settings)
    assert "\x1b" not in error.message
    assert len(error.message) < 500


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(says_and_waits(b"SSH-1.5-old\r\n"), id="another protocol"),
        pytest.param(says_and_waits(b"x" * 10_000), id="a line without end"),
        pytest.param(says_and_waits(b"chatter\r\n" * 10_000), id="lines without end"),
        pytest.param(says_and_waits(VERSION, b"\xff" * 64), id="a packet of 4 GB"),
        pytest.param(says_and_waits(VERSION, b"\0\0\0\x0c\x0a\x14" + bytes(10)), id="an empty KEXINIT"),
        pytest.param(says_and_waits(b"HTTP/1.1 400 Bad Request\r\n" * 3000), id="a web server"),
    ],
)
def test_what_is_no_ssh_is_a_protocol_error(answer: Answer, settings: DialSettings) -> None:
    assert dial_to(answer, settings).outcome is Outcome.PROTOCOL


def test_a_tarpit_of_endless_lines_is_left_within_the_timeout_and_little_memory(settings: DialSettings) -> None:
    async def tarpit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"come back later\r\n" * 1000)
            await writer.drain()

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert dial_to(tarpit, settings).outcome is Outcome.PROTOCOL
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_a_name_that_does_not_exist_is_dns(settings: DialSettings) -> None:
    error = asyncio.run(dial(settings, "no-such-node.invalid", 22))
    assert error.outcome is Outcome.DNS
    assert "no-such-node.invalid" in error.message


def test_a_network_without_a_route_is_no_route(settings: DialSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    _fail_connects_with(errno.EHOSTUNREACH, monkeypatch)
    assert asyncio.run(dial(settings, "127.0.0.21", 22)).outcome is Outcome.NO_ROUTE


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.EPERM])
def test_our_own_limits_are_local_and_say_what_to_do(
    settings: DialSettings, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    _fail_connects_with(number, monkeypatch)
    error = asyncio.run(dial(settings, "127.0.0.21", 22))
    assert error.outcome is Outcome.LOCAL
    assert os.strerror(number) in error.message
    assert ";" in error.message


def test_no_more_file_descriptors_is_local(settings: DialSettings) -> None:
    async def body() -> NodeError:
        transport = open_transport(settings)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(NodeError) as refused:
                await transport.dial(Endpoint(name="node1", address="127.0.0.21"))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            await transport.close()
        return refused.value

    error = asyncio.run(body())
    assert error.outcome is Outcome.LOCAL
    assert "ulimit -n" in error.message


@needs_sshd
@pytest.mark.ssh
def test_an_sshd_over_its_max_startups_is_throttled(tmp_path: Path) -> None:
    busy = running_sshd(tmp_path, more="MaxStartups 1:100:1\nLoginGraceTime 20")
    with busy as sshd, socket.create_connection((sshd.address, sshd.port)) as holder:
        holder.recv(64)  # its version: this connection counts now
        error = refusal(sshd.settings(), sshd.endpoint)
    assert error.outcome is Outcome.THROTTLED


def _fail_connects_with(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(socket.socket):
        def connect_ex(self, _address: object) -> int:
            return number

    monkeypatch.setattr(socket, "socket", Failing)
