"""The lean connection agrees with servers that offer other algorithms, and survives new keys in mid-stream."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Command, DialSettings, Ended
from aifctl.transport.ssh.adapter import SshTransport
from tests.sshd import make_key, needs_sshd, public, running_sshd
from tests.transport.ssh.links import output_of, reach, refusal, with_transport

OFFERS = [
    "Ciphers aes128-gcm@openssh.com",
    "Ciphers aes256-gcm@openssh.com",
    "Ciphers chacha20-poly1305@openssh.com",
    "Ciphers aes128-ctr\nMACs hmac-sha2-256",
    "Ciphers aes256-ctr\nMACs hmac-sha2-512-etm@openssh.com",
    "KexAlgorithms curve25519-sha256@libssh.org",
    "KexAlgorithms ecdh-sha2-nistp256",
    "KexAlgorithms ecdh-sha2-nistp521",
]
_BYTES = 6_000_000


async def both_ways(transport: SshTransport, endpoint: Endpoint) -> tuple[Ended, str, int]:
    """Send megabytes through `cat` and back, a megabyte at a time."""
    digest, sent = hashlib.sha256(), hashlib.sha256()
    count = 0

    async def feed() -> AsyncIterator[bytes]:
        for number in range(_BYTES // 100_000):
            piece = bytes([number % 256]) * 100_000
            sent.update(piece)
            yield piece

    def take(data: bytes) -> None:
        nonlocal count
        digest.update(data)
        count += len(data)

    link = await transport.dial(endpoint)
    try:
        ended = await link.execute(Command(line="cat"), stdout=take, stderr=lambda _: None, feed=feed())
    finally:
        await link.close()
    return ended, "same" if digest.digest() == sent.digest() else "different", count


@needs_sshd
@pytest.mark.ssh
@pytest.mark.parametrize("offer", OFFERS)
def test_an_sshd_that_offers_only_this_is_agreed_with_and_may_change_keys(tmp_path: Path, offer: str) -> None:
    with running_sshd(tmp_path, more=f"{offer}\nRekeyLimit 1M") as sshd:
        told = with_transport(sshd.settings(), lambda transport: both_ways(transport, sshd.endpoint))
    assert told == (Ended(rc=0), "same", _BYTES)


@needs_sshd
@pytest.mark.ssh
def test_new_keys_are_asked_for_by_us_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def body(transport: SshTransport) -> tuple[Ended, str, int]:
        nonlocal asked
        link = await transport.dial(sshd.endpoint)
        conn = type(link._conn)
        await link.close()
        send_kexinit = conn._send_kexinit

        def counted(self: object) -> None:
            nonlocal asked
            asked += 1
            send_kexinit(self)  # type: ignore[arg-type]

        monkeypatch.setattr(conn, "_send_kexinit", counted)
        for pristine in transport._dialler._pristine.values():
            pristine.shared["_rekey_bytes"] = 1_000_000
        return await both_ways(transport, sshd.endpoint)

    with running_sshd(tmp_path) as sshd:
        assert with_transport(sshd.settings(), body) == (Ended(rc=0), "same", _BYTES)
    assert asked >= 5


@needs_sshd
@pytest.mark.ssh
def test_an_sshd_with_nothing_in_common_is_a_protocol_error_that_names_what_is_missing(tmp_path: Path) -> None:
    with running_sshd(tmp_path, more="KexAlgorithms sntrup761x25519-sha512@openssh.com") as sshd:
        refused = refusal(sshd.settings(), sshd.endpoint)
    assert refused.outcome is Outcome.PROTOCOL
    assert "key exchange" in refused.message


@needs_sshd
@pytest.mark.ssh
def test_a_banner_and_noise_before_the_version_do_no_harm(tmp_path: Path) -> None:
    banner = tmp_path / "banner"
    banner.write_text("Authorized use only\n" * 50)
    with running_sshd(tmp_path / "sshd", more=f"Banner {banner}") as sshd:
        assert reach(sshd.settings(), sshd.endpoint) == "reached\n"


@pytest.mark.ssh
def test_another_implementation_is_spoken_to(tmp_path: Path) -> None:
    host, identity = make_key(tmp_path / "host"), make_key(tmp_path / "id")
    (tmp_path / "keys").write_text(public(identity) + "\n")

    async def answer(process: asyncssh.SSHServerProcess[str]) -> None:
        process.stdout.write(f"asked for {process.command}\n")
        process.exit(7)

    async def body(transport: SshTransport) -> tuple[str, int | None]:
        server = await asyncssh.listen(
            "127.0.0.41",
            0,
            server_host_keys=[str(host)],
            authorized_client_keys=str(tmp_path / "keys"),
            process_factory=answer,
        )
        endpoint = Endpoint(name="n1", address="127.0.0.41", port=server.get_port(), host_keys=(public(host),))
        link = await transport.dial(endpoint)
        out = bytearray()
        ended = await link.execute(Command(line="hostname"), stdout=out.extend, stderr=out.extend)
        assert await output_of(link, "again") == "asked for again\n"
        await link.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)
        return out.decode(), ended.rc

    settings = DialSettings(user="someone", identities=(str(identity),))
    assert with_transport(settings, body) == ("asked for hostname\n", 7)
