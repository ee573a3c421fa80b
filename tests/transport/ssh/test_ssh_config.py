"""ssh_config: the options that say how a node is reached, as OpenSSH would evaluate them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from aifctl.core.errors import NodeError, SettingsError
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh.ssh_config import SshConfig
from aifctl.transport.ssh.target import Resolver, Target, local_user


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config"


def target(file: Path, text: str, endpoint: Endpoint | None = None, **settings: object) -> Target:
    file.write_text(text)
    chosen = DialSettings(ssh_config=(str(file),), **settings)  # type: ignore[arg-type]
    return Resolver(chosen).node(endpoint or Endpoint(name="n1", address="n1"))


CONFIG = """
User everyone
Host gpu* !gpu9
    HostName 10.0.0.%h
    Port 2222
    IdentityFile ~/.ssh/first
    IdentityFile "/keys/with space"
Host gpu1
    User late
    Port=2200
    IdentityFile /keys/second
Match host n? user root
    Port 2022
Match exec "false"
    Port 1
Host *
    ProxyJump bastion
"""


@pytest.mark.parametrize("host", ["gpu1", "gpu9", "n1", "other"])
def test_options_are_those_that_openssh_finds(file: Path, host: str) -> None:
    ssh = shutil.which("ssh")
    if not ssh:
        pytest.skip("no OpenSSH client here")
    file.write_text(CONFIG)
    told = subprocess.run([ssh, "-G", "-F", str(file), host], check=True, capture_output=True, text=True).stdout
    theirs = {name: re.findall(rf"^{name} (.*)$", told, re.MULTILINE) for name in ("hostname", "port", "user")}
    ours = target(file, CONFIG, Endpoint(name=host, address=host))
    assert [ours.address] == theirs["hostname"]
    assert [str(ours.port)] == theirs["port"]
    assert [ours.user] == theirs["user"]


def test_identity_files_add_up_over_blocks(file: Path) -> None:
    found = target(file, CONFIG, Endpoint(name="gpu1", address="gpu1"))
    assert found.identities == ("~/.ssh/first", "/keys/with space", "/keys/second")


def test_proxy_jump_gives_the_jump_hosts(file: Path) -> None:
    assert target(file, CONFIG).jump == ("bastion",)
    assert target(file, "ProxyJump a,b:2222\n").jump == ("a,b:2222",)
    assert target(file, "ProxyJump none\n").jump == ()


def test_what_the_endpoint_says_stands_above_settings_and_those_above_the_file(file: Path) -> None:
    text = "User file\nPort 1111\nHostName elsewhere\nIdentityFile /file\nProxyJump file\n"
    endpoint = Endpoint(name="n1", address="10.0.0.1", port=3333, user="own", identity=("/own",), jump=("own",))
    own = target(file, text, endpoint, user="set", port=2222, identities=("/set",), jump=("set",))
    assert (own.address, own.port, own.user) == ("10.0.0.1", 3333, "own")
    assert (own.identities, own.jump) == (("/own",), ("own",))
    by_settings = target(file, text, None, user="set", port=2222, identities=("/set",), jump=("set",))
    assert (by_settings.port, by_settings.user, by_settings.identities) == (2222, "set", ("/set",))


def test_an_endpoints_options_count_like_a_block_of_its_own(file: Path) -> None:
    endpoint = Endpoint(name="n1", address="n1", options=(("HostKeyAlias", "golden-%h"), ("IdentitiesOnly", "yes")))
    found = target(file, "HostKeyAlias other\n", endpoint)
    assert (found.alias, found.identities_only) == ("golden-n1", True)


def test_a_proxy_command_is_refused_rather_than_passed_by(file: Path) -> None:
    with pytest.raises(NodeError, match="ProxyCommand") as refused:
        target(file, "ProxyCommand nc %h %p\n")
    assert refused.value.outcome is Outcome.JUMP


def test_includes_are_followed_inside_their_block(file: Path, tmp_path: Path) -> None:
    (tmp_path / "more.conf").write_text("Port 2022\nHost other\n  Port 1\n")
    assert target(file, "Host n*\n  Include *.conf\nHost *\n  User late\n").port == 2022
    assert target(file, "Host n*\n  Include *.conf\n", Endpoint(name="x", address="x")).port == 22


def test_files_that_include_each_other_are_an_error_and_no_endless_loop(file: Path) -> None:
    with pytest.raises(SettingsError, match="without end"):
        target(file, f"Include {file}\n")


def test_a_line_that_cannot_be_understood_is_named_with_its_number(file: Path) -> None:
    with pytest.raises(SettingsError, match=r"config:2"):
        target(file, 'Port 22\nUser "unclosed\n')


def test_nodes_that_the_same_blocks_apply_to_share_one_result(file: Path) -> None:
    file.write_text(CONFIG)
    config = SshConfig.read([str(file)])
    assert config.options("gpu2") is config.options("gpu3")


def test_without_any_file_the_local_user_logs_in() -> None:
    found = Resolver(DialSettings()).node(Endpoint(name="n1", address="10.0.0.1"))
    assert found.user == local_user()
    assert found.where == "n1 (10.0.0.1)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bastion", ("bastion", 22, None)),
        ("me@bastion:2222", ("bastion", 2222, "me")),
        ("me@[2001:db8::1]:2222", ("2001:db8::1", 2222, "me")),
        ("2001:db8::1", ("2001:db8::1", 22, None)),
    ],
)
def test_hops_are_written_as_ssh_writes_them(text: str, expected: tuple[str, int, str | None]) -> None:
    hop = Resolver(DialSettings()).hop(text)
    assert (hop.address, hop.port, hop.user) == (expected[0], expected[1], expected[2] or local_user())
