"""What `aifctl ssh` builds, given to the real OpenSSH client and real servers."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError
from aifctl.core.hop_health import HopHealth
from aifctl.core.state_dir import StateDir
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings
from tests.ops.ssh_fakes import RealPrograms, SshTools, call_ssh, fleet_of
from tests.sshd import Sshd, free_port, make_key, needs_sshd, public, running_sshd

pytestmark = [needs_sshd, pytest.mark.ssh]

Known = Callable[[str], None]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("node"), address="127.0.0.41") as server:
        yield server


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, node: Sshd) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("first"), address="127.0.0.42") as server:
        (server.folder / "authorized_keys").write_text(public(node.identity) + "\n")
        yield server


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, node: Sshd) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("second"), address="127.0.0.43") as server:
        (server.folder / "authorized_keys").write_text(public(node.identity) + "\n")
        yield server


@pytest.fixture
def known(tmp_path: Path) -> Path:
    return tmp_path / "known hosts"


@pytest.fixture
def settings(node: Sshd, known: Path, tmp_path: Path) -> DialSettings:
    return DialSettings(
        user=node.user,
        identities=(str(node.identity),),
        known_hosts=(str(known),),
        connect_timeout_s=5.0,
        health_file=str(tmp_path / "health"),
    )


def place(server: Sshd) -> str:
    return f"[{server.address}]:{server.port}"


def hop(server: Sshd) -> str:
    return f"{server.user}@{server.address}:{server.port}"


def line(hosts: str, server: Sshd) -> str:
    return f"{hosts} {public(server.host_keys[0])}\n"


def logins(server: Sshd) -> int:
    """Count the logins that a server has written down since it was asked last."""
    assert server.process is not None
    assert server.process.stderr is not None
    said = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(server.process.stderr.fileno(), 1 << 16):
            said += piece
    return said.count(b"Accepted publickey")


def outcome(
    tmp_path: Path, settings: DialSettings, endpoint: Endpoint, *command: str
) -> subprocess.CompletedProcess[str]:
    """Run what the verb builds."""
    environ = {**os.environ, "SHELL": "/usr/bin/false"}
    tools = SshTools(StateDir(path=tmp_path / "100% state"), settings, fleet_of(endpoint), environ)
    programs = RealPrograms()
    argv = call_ssh(tools, programs, endpoint.name, *(command or ("echo reached",)))
    return subprocess.run(
        argv, env=programs.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )


def reached(tmp_path: Path, settings: DialSettings, endpoint: Endpoint) -> bool:
    said = outcome(tmp_path, settings, endpoint)
    assert said.returncode in {0, 255}, said.stderr
    return said.stdout == "reached\n"


@pytest.mark.parametrize("hosts", ["[127.0.0.41]:{port}", "127.0.0.41", "node1", "[node1]:{port}", "10.0.0.9,NODE1"])
def test_a_key_that_is_known_of_the_address_or_of_the_name_is_accepted(
    node: Sshd, settings: DialSettings, known: Path, tmp_path: Path, hosts: str
) -> None:
    known.write_text(line(hosts.format(port=node.port), node))
    assert reached(tmp_path, settings, node.endpoint)


def test_a_hashed_entry_is_accepted(node: Sshd, settings: DialSettings, tmp_path: Path) -> None:
    settings = replace(settings, known_hosts=(str(node.known_hosts(hashed=True)),))
    assert reached(tmp_path, settings, node.endpoint)


def test_a_key_that_only_the_inventory_vouches_for_is_accepted(
    node: Sshd, settings: DialSettings, tmp_path: Path
) -> None:
    assert reached(tmp_path, settings, replace(node.endpoint, host_keys=(public(node.host_keys[0]),)))


def test_a_wrong_key_is_refused(node: Sshd, first: Sshd, settings: DialSettings, known: Path, tmp_path: Path) -> None:
    known.write_text(line(place(node), first))
    said = outcome(tmp_path, settings, node.endpoint)
    assert said.returncode == 255
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in said.stderr


def test_a_key_of_known_hosts_does_not_stand_beside_the_inventorys(
    node: Sshd, first: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    known.write_text(line(place(node), node))
    endpoint = replace(node.endpoint, host_keys=(public(first.host_keys[0]),))
    assert not reached(tmp_path, settings, endpoint)


def test_a_revoked_key_is_refused(node: Sshd, settings: DialSettings, known: Path, tmp_path: Path) -> None:
    known.write_text(line(place(node), node) + "@revoked " + line("*", node))
    assert not reached(tmp_path, settings, node.endpoint)


def test_an_unknown_key_is_said_before_anything_is_dialled(node: Sshd, settings: DialSettings, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"node1 \(127\.0\.0\.41\) is not known.*aifctl trust scan node1"):
        outcome(tmp_path, settings, node.endpoint)


def test_what_the_persons_own_ssh_config_allows_does_not_loosen_the_check(
    node: Sshd, first: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    lax, theirs = tmp_path / "lax", tmp_path / "theirs"
    theirs.write_text(line(place(node), node))
    lax.write_text(
        f"Host *\n StrictHostKeyChecking no\n UserKnownHostsFile {theirs}\n GlobalKnownHostsFile {theirs}\n"
        f" NoHostAuthenticationForLocalhost yes\n KnownHostsCommand /bin/cat {theirs}\n"
    )
    ours = tmp_path / "ours"
    ours.write_text(line(place(node), first))
    options = (("UserKnownHostsFile", str(ours)), ("GlobalKnownHostsFile", "none"))
    settings = replace(settings, ssh_config=(str(lax),))
    assert not reached(tmp_path, settings, replace(node.endpoint, options=options))


def test_a_certificate_for_the_name_is_accepted_of_an_authority_for_it(
    settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    authority = make_key(tmp_path / "authority")
    with running_sshd(tmp_path / "certified", address="127.0.0.44") as server:
        key = server.host_keys[0]
        subprocess.run(
            ["ssh-keygen", "-q", "-s", str(authority), "-I", "node", "-h", "-n", "node1", f"{key}.pub"], check=True
        )
        server.stop()
        server.start(f"HostCertificate {key}-cert.pub")
        known.write_text(f"@cert-authority node* {public(authority)}\n")
        settings = replace(settings, identities=(str(server.identity),))
        assert reached(tmp_path, settings, server.endpoint)
        other = replace(server.endpoint, name="node2")
        assert not reached(tmp_path, settings, other)


def test_a_node_is_reached_through_a_jump_host(
    node: Sshd, first: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    known.write_text(line("node1", node) + line(place(first), first))
    assert reached(tmp_path, settings, replace(node.endpoint, jump=(hop(first),)))


def test_a_node_is_reached_through_a_chain_of_two(
    node: Sshd, first: Sshd, second: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    known.write_text(line(place(node), node) + line(first.address, first) + line(place(second), second))
    logins(first), logins(second)
    assert reached(tmp_path, settings, replace(node.endpoint, jump=(f"{hop(first)},{hop(second)}",)))
    assert (logins(first), logins(second)) == (1, 1)


def test_a_hop_with_a_wrong_key_is_refused_at_each_place_of_the_chain(
    node: Sshd, first: Sshd, second: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    endpoint = replace(node.endpoint, jump=(f"{hop(first)},{hop(second)}",))
    known.write_text(line("node1", node) + line(place(first), node) + line(place(second), second))
    assert not reached(tmp_path, settings, endpoint)
    known.write_text(line("node1", node) + line(place(first), first) + line(place(second), node))
    assert not reached(tmp_path, settings, endpoint)


def test_the_nodes_own_key_is_checked_behind_a_jump_host(
    node: Sshd, first: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    known.write_text(line("node1", first) + line(place(first), first))
    assert not reached(tmp_path, settings, replace(node.endpoint, jump=(hop(first),)))


def test_a_hop_whose_key_is_not_known_is_named(
    node: Sshd, first: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    known.write_text(line("node1", node))
    with pytest.raises(SetupError, match=r"jump host 127\.0\.0\.42 is not known"):
        outcome(tmp_path, settings, replace(node.endpoint, jump=(hop(first),)))


def test_a_jump_host_of_ssh_config_is_taken_with_the_same_strictness(
    node: Sshd, first: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(f"Host node1\n ProxyJump {hop(first)}\n")
    settings = replace(settings, ssh_config=(str(config),))
    known.write_text(line("node1", node) + line(place(first), first))
    logins(first)
    assert reached(tmp_path, settings, node.endpoint)
    assert logins(first) == 1
    known.write_text(line("node1", node))
    with pytest.raises(SetupError, match="jump host"):
        outcome(tmp_path, settings, node.endpoint)


@pytest.mark.parametrize("host", ["node1", "127.0.0.*"])
def test_ssh_configs_blocks_about_the_name_and_about_the_address_both_count(
    node: Sshd, settings: DialSettings, known: Path, tmp_path: Path, host: str
) -> None:
    config = tmp_path / "my config"
    config.write_text(f"Host {host}\n Port {node.port}\n IdentityFile {node.identity}\n")
    settings = replace(settings, ssh_config=(str(config),), identities=())
    known.write_text(line("node1", node))
    assert reached(tmp_path, settings, replace(node.endpoint, port=22))


def test_the_alternative_that_has_failed_lately_is_passed_over(
    node: Sshd, first: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    dead = f"127.0.0.45:{free_port('127.0.0.45')}"
    HopHealth(settings.health_file).failed(dead)
    known.write_text(line("node1", node) + line(place(first), first))
    assert reached(tmp_path, settings, replace(node.endpoint, jump=(dead, hop(first))))


def test_a_hop_without_a_user_is_logged_in_to_as_ssh_config_says_before_the_settings_do(
    node: Sshd, first: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(f"Host {first.address}\n User {first.user}\n")
    known.write_text(line("node1", node) + line(place(first), first))
    endpoint = replace(node.endpoint, user=node.user, jump=(f"{first.address}:{first.port}",))
    stranger = replace(settings, user="nobody-of-that-name")
    assert not reached(tmp_path, stranger, endpoint)
    named = f"Host {first.address}\n User another-{first.user}\n"
    config.write_text(named)
    said = outcome(tmp_path, replace(settings, ssh_config=(str(config),)), endpoint)
    assert f"another-{first.user}@{first.address}: Permission denied" in said.stderr


def test_the_exit_code_is_the_commands_and_one_argument_goes_as_it_is(
    node: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    known.write_text(line("node1", node))
    assert outcome(tmp_path, settings, node.endpoint, "exit 7").returncode == 7
    assert outcome(tmp_path, settings, node.endpoint, "echo a; echo b").stdout == "a\nb\n"
    assert outcome(tmp_path, settings, node.endpoint, "echo", "a; echo b").stdout == "a; echo b\n"


def test_a_command_that_looks_like_an_option_is_none(
    node: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    known.write_text(line("node1", node))
    said = outcome(tmp_path, settings, node.endpoint, "-V")
    assert "OpenSSH_" not in said.stderr
    assert "invalid option" in said.stderr, "the remote shell has got it, and says so"


def test_an_ipv6_node_is_reached_through_a_jump_host(
    first: Sshd, settings: DialSettings, known: Path, tmp_path: Path
) -> None:
    with running_sshd(tmp_path / "six", address="::1") as six:
        (six.folder / "authorized_keys").write_text(public(settings_key(settings)) + "\n")
        known.write_text(line(f"[::1]:{six.port}", six) + line(place(first), first))
        assert reached(tmp_path, settings, six.endpoint)
        assert reached(tmp_path, settings, replace(six.endpoint, jump=(hop(first),)))
        known.write_text(line("node1", first) + line(f"[::1]:{six.port}", six))
        back = Endpoint(name="node1", address=first.address, port=first.port, jump=(f"{six.user}@[::1]:{six.port}",))
        assert reached(tmp_path, settings, back)


def settings_key(settings: DialSettings) -> Path:
    return Path(settings.identities[0])
