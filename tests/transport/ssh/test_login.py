"""Logging in: files, certificates, the agent; and what is wrong with our own keys is said before anybody is dialled."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError
from aifctl.core.outcome import Outcome
from aifctl.core.secret import Secret
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh import open_transport
from aifctl.transport.ssh.adapter import SshTransport
from tests.sshd import Sshd, make_key, needs_sshd, public
from tests.transport.ssh.links import echo, reach, refusal, with_transport

pytestmark = [needs_sshd, pytest.mark.ssh]


@pytest.fixture
def authorized(sshd: Sshd) -> Iterator[Path]:
    """The file of who may log in, put back afterwards."""
    file = sshd.folder / "authorized_keys"
    before = file.read_text()
    yield file
    file.write_text(before)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Path]:
    """A real ssh-agent's socket."""
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield path
    process.terminate()
    process.wait(10)
    process.stdout.close()


def add_to(agent: Path, key: Path) -> None:
    subprocess.run(["ssh-add", "-q", str(key)], check=True, env={**os.environ, "SSH_AUTH_SOCK": str(agent)})


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_keys_of_every_usual_type_log_in(sshd: Sshd, authorized: Path, tmp_path: Path, kind: str) -> None:
    key = make_key(tmp_path / "key", kind=kind)
    authorized.write_text(public(key) + "\n")
    assert reach(sshd.settings(identities=(str(key),)), sshd.endpoint) == "reached\n"


def test_keys_are_offered_in_order_until_one_is_taken(sshd: Sshd, tmp_path: Path) -> None:
    strangers = [make_key(tmp_path / kind, kind=kind) for kind in ("ed25519", "rsa", "ecdsa")]
    settings = sshd.settings(identities=(*map(str, strangers), str(sshd.identity)))
    assert reach(settings, sshd.endpoint) == "reached\n"


def test_the_key_that_one_node_took_is_offered_first_to_the_next(sshd: Sshd, tmp_path: Path) -> None:
    stranger = make_key(tmp_path / "stranger")
    settings = sshd.settings(identities=(str(stranger), str(sshd.identity)))

    async def labels(transport: SshTransport) -> list[str]:
        target = transport._resolver.node(sshd.endpoint)
        before = [offer.label for offer in await transport._dialler.offers(target)]
        await echo(transport, sshd.endpoint)
        after = [offer.label for offer in await transport._dialler.offers(target)]
        return [before[0], after[0]]

    assert with_transport(settings, labels) == [str(stranger), str(sshd.identity)]


def test_a_refused_login_says_what_was_tried_and_what_the_node_takes(sshd: Sshd, tmp_path: Path) -> None:
    stranger = make_key(tmp_path / "stranger")
    refused = refusal(sshd.settings(identities=(str(stranger),)), sshd.endpoint)
    assert refused.outcome is Outcome.AUTH
    assert f"tried {stranger}" in refused.message
    assert "publickey" in refused.message


def test_a_user_certificate_beside_the_key_logs_in(sshd: Sshd, authorized: Path, tmp_path: Path) -> None:
    authority, key = make_key(tmp_path / "authority"), make_key(tmp_path / "key")
    command = ["ssh-keygen", "-q", "-s", str(authority), "-I", "someone", "-n", sshd.user, f"{key}.pub"]
    subprocess.run(command, check=True, capture_output=True)
    authorized.write_text(f"cert-authority {public(authority)}\n")
    assert reach(sshd.settings(identities=(str(key),)), sshd.endpoint) == "reached\n"


def test_a_user_certificate_of_an_rsa_key_logs_in(sshd: Sshd, authorized: Path, tmp_path: Path) -> None:
    authority, key = make_key(tmp_path / "authority"), make_key(tmp_path / "key", kind="rsa")
    command = ["ssh-keygen", "-q", "-s", str(authority), "-I", "someone", "-n", sshd.user, f"{key}.pub"]
    subprocess.run(command, check=True, capture_output=True)
    authorized.write_text(f"cert-authority {public(authority)}\n")
    assert reach(sshd.settings(identities=(str(key),)), sshd.endpoint) == "reached\n"


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_the_agents_keys_log_in(sshd: Sshd, authorized: Path, agent: Path, tmp_path: Path, kind: str) -> None:
    key = make_key(tmp_path / "key", kind=kind)
    authorized.write_text(public(key) + "\n")
    add_to(agent, make_key(tmp_path / "another"))
    add_to(agent, key)
    nowhere = tmp_path / "home"
    nowhere.mkdir()
    settings = sshd.settings(identities=(f"{key}.pub",), agent=str(agent))
    assert reach(settings, sshd.endpoint) == "reached\n"


def test_many_nodes_share_one_connection_to_the_agent(
    sshd: Sshd, authorized: Path, agent: Path, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "key")
    authorized.write_text(public(key) + "\n")
    add_to(agent, key)
    opened = 0

    async def body(transport: SshTransport) -> None:
        nonlocal opened
        client = await transport._dialler.keyring.offers((f"{key}.pub",), only_these=True)
        connect = type(client[0].pair._agent).connect  # type: ignore[attr-defined]

        async def counted(self: object) -> None:
            nonlocal opened
            opened += 1
            await connect(self)

        type(client[0].pair._agent).connect = counted  # type: ignore[attr-defined]
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(6):
                    group.create_task(echo(transport, sshd.endpoint))
        finally:
            type(client[0].pair._agent).connect = connect  # type: ignore[attr-defined]

    with_transport(sshd.settings(identities=(f"{key}.pub",), agent=str(agent)), body)
    assert opened == 0


def test_an_encrypted_key_opens_with_its_password(sshd: Sshd, authorized: Path, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key", password="open sesame")
    authorized.write_text(public(key) + "\n")
    settings = sshd.settings(identities=(str(key),), key_password=Secret(b"open sesame"))
    assert reach(settings, sshd.endpoint) == "reached\n"


def test_an_encrypted_key_that_the_agent_holds_needs_no_password(
    sshd: Sshd, authorized: Path, agent: Path, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "key")
    add_to(agent, key)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "secret", "-f", str(key)], check=True, capture_output=True)
    authorized.write_text(public(key) + "\n")
    assert reach(sshd.settings(identities=(str(key),), agent=str(agent)), sshd.endpoint) == "reached\n"


def broken_settings(tmp_path: Path, case: str) -> DialSettings:
    key = make_key(tmp_path / "key", password="" if case == "too open" else "secret")
    if case == "too open":
        key.chmod(0o644)
    if case == "missing":
        key.unlink()
    if case == "no key":
        key.write_text("hello")
    if case == "no end":
        key.unlink()
        key.symlink_to("/dev/zero")
    password = Secret(b"not it") if case == "wrong password" else None
    return DialSettings(identities=(str(key),), key_password=password)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("missing", "No such file"),
        ("encrypted", "is encrypted"),
        ("wrong password", "does not open"),
        ("too open", "chmod 600"),
        ("no key", "is no SSH key"),
        ("no end", "is no SSH key"),
    ],
)
def test_a_key_that_cannot_be_used_is_said_at_start(tmp_path: Path, case: str, says: str) -> None:
    settings = broken_settings(tmp_path, case)
    with pytest.raises(SetupError, match=says) as problem:
        open_transport(settings)
    assert str(tmp_path / "key") in str(problem.value)


def test_having_no_key_at_all_is_said_at_start(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SetupError, match="no SSH key to log in with"):
        open_transport(DialSettings()).check([sshd.endpoint])
