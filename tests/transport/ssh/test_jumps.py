"""Jump hosts: one connection each, alternatives that take over, health that is remembered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from asyncssh.packet import SSHPacket

from aifctl.core.errors import NodeError
from aifctl.core.hop_health import HopHealth
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh.adapter import SshTransport
from aifctl.transport.ssh.tunnel import Tunnel
from tests.sshd import Sshd, free_port, needs_sshd, public, running_sshd
from tests.transport.ssh.links import echo, output_of, reach, refusal, with_transport

pytestmark = [needs_sshd, pytest.mark.ssh]


@pytest.fixture(scope="module")
def jump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("jump"), address="127.0.0.31") as server:
        yield server


@pytest.fixture
def settings(sshd: Sshd, jump: Sshd, tmp_path: Path) -> DialSettings:
    """Settings that know both and may log in to both with one key."""
    known = tmp_path / "known"
    lines = [f"[{one.address}]:{one.port} {public(one.host_keys[0])}\n" for one in (sshd, jump)]
    known.write_text("".join(lines))
    (jump.folder / "authorized_keys").write_text(public(sshd.identity) + "\n")
    return sshd.settings(known_hosts=(str(known),), connect_timeout_s=4.0)


def hop(server: Sshd) -> str:
    return f"{server.user}@{server.address}:{server.port}"


def dead_hop() -> str:
    return f"127.0.0.32:{free_port('127.0.0.32')}"


def through(sshd: Sshd, *chains: str) -> Endpoint:
    return replace(sshd.endpoint, jump=chains)


def connections_to(server: Sshd) -> int:
    """Return how many TCP connections that server has now."""
    wanted = f":{server.port:04X}"
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(row.split()[1].endswith(wanted) and row.split()[3] == "01" for row in rows)


def test_a_node_is_reached_through_a_jump_host(sshd: Sshd, jump: Sshd, settings: DialSettings) -> None:
    assert reach(settings, through(sshd, hop(jump))) == "reached\n"


def test_a_chain_of_hops_is_followed(sshd: Sshd, jump: Sshd, settings: DialSettings) -> None:
    assert reach(settings, through(sshd, f"{hop(jump)},{hop(jump)}")) == "reached\n"


def test_many_nodes_share_one_connection_to_their_jump_host(sshd: Sshd, jump: Sshd, settings: DialSettings) -> None:
    async def body(transport: SshTransport) -> int:
        endpoint = through(sshd, hop(jump))
        links = await asyncio.gather(*(transport.dial(endpoint) for _ in range(12)))  # noqa: TID251 - all at once
        count = connections_to(jump)
        for link in links:
            await link.close()
        return count

    assert with_transport(settings, body) == 1


def test_the_next_alternative_takes_over_and_the_failure_is_remembered(
    sshd: Sshd, jump: Sshd, settings: DialSettings, tmp_path: Path
) -> None:
    bad, health = dead_hop(), tmp_path / "hops.json"
    settings = replace(settings, health_file=str(health))
    assert reach(settings, through(sshd, bad, hop(jump))) == "reached\n"
    assert list(json.loads(health.read_text())["hops"]) == [bad]
    assert HopHealth(str(health)).order([bad, hop(jump)]) == [hop(jump), bad]


def test_a_jump_connection_that_has_died_is_dialled_again(sshd: Sshd, jump: Sshd, settings: DialSettings) -> None:
    async def body(transport: SshTransport) -> str:
        endpoint = through(sshd, hop(jump))
        await echo(transport, endpoint)
        for task in transport._jumps._hops.values():
            task.result().abort()
        return await echo(transport, endpoint)

    assert with_transport(settings, body) == "reached\n"


def test_the_death_of_a_jump_connection_loses_the_commands_behind_it(
    sshd: Sshd, jump: Sshd, settings: DialSettings
) -> None:
    async def body(transport: SshTransport) -> None:
        link = await transport.dial(through(sshd, hop(jump)))
        for task in transport._jumps._hops.values():
            task.result().abort()
        await output_of(link, "echo never")

    with pytest.raises(NodeError) as lost:
        with_transport(settings, body)
    assert lost.value.outcome is Outcome.LOST


def test_when_no_alternative_works_each_is_named_with_its_reason(sshd: Sshd, settings: DialSettings) -> None:
    first, second = dead_hop(), dead_hop()
    refused = refusal(settings, through(sshd, first, second))
    assert refused.outcome is Outcome.JUMP
    assert first.split(":")[1] in refused.message
    assert second.split(":")[1] in refused.message
    assert "refused the connection" in refused.message


def test_a_jump_host_with_an_unknown_key_is_not_used(sshd: Sshd, jump: Sshd, settings: DialSettings) -> None:
    settings = replace(settings, known_hosts=(str(sshd.known_hosts()),))
    refused = refusal(settings, through(sshd, hop(jump)))
    assert refused.outcome is Outcome.JUMP
    assert "is not known" in refused.message


def test_a_node_behind_a_good_jump_host_that_refuses_is_refused_not_jump(
    sshd: Sshd, jump: Sshd, settings: DialSettings
) -> None:
    endpoint = replace(through(sshd, hop(jump)), port=free_port("127.0.0.11"))
    assert refusal(settings, endpoint).outcome is Outcome.REFUSED


def test_the_nodes_own_host_key_is_checked_through_the_jump_host(
    sshd: Sshd, jump: Sshd, settings: DialSettings, tmp_path: Path
) -> None:
    known = tmp_path / "jump_only"
    known.write_text(f"[{jump.address}]:{jump.port} {public(jump.host_keys[0])}\n")
    settings = replace(settings, known_hosts=(str(known),))
    assert refusal(settings, through(sshd, hop(jump))).outcome is Outcome.HOST_KEY


class _Via:
    """A jump host's connection, as a tunnel sees it."""

    def add_channel(self, _channel: object) -> int:
        return 0

    def send_packet(self, _kind: int, *_arguments: bytes) -> None: ...


class _Node:
    """A node's connection, as a tunnel sees it."""

    def __init__(self) -> None:
        self.heard: list[bytes | str] = []

    def data_received(self, data: bytes) -> None:
        self.heard.append(data)

    def eof_received(self) -> None:
        self.heard.append("eof")


def test_what_a_node_says_together_with_the_jump_hosts_consent_is_not_lost() -> None:
    async def body() -> list[bytes | str]:
        node = _Node()
        tunnel = Tunnel(_Via(), node)
        opening = asyncio.create_task(tunnel.open_to("10.0.0.1", 22))
        await asyncio.sleep(0)
        tunnel.process_open_confirmation(0, 1 << 20, 32768, SSHPacket(b""))
        tunnel.packet(94, b"\0\0\0\x03SSH")
        tunnel.packet(96, b"")
        await opening
        assert node.heard == []
        tunnel.start()
        return node.heard

    assert asyncio.run(body()) == [b"SSH", "eof"]
