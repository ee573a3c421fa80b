"""ssh: which node, which words, which files; what is wrong is said before ssh is started."""

from __future__ import annotations

import grp
import os
import shlex
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.errors import EmptySelectionError, SetupError, UnknownNodeError, UsageError
from aifctl.core.hop_health import HopHealth
from aifctl.core.state_dir import StateDir
from aifctl.fleet.endpoint import Endpoint
from aifctl.ops.openssh import Hop, Server, command, parse_chain
from aifctl.ops.programs import SystemPrograms
from aifctl.ops.ssh_files import certificate_name, choose_config
from aifctl.ports.host_keys import HostKey
from aifctl.ports.transport import DialSettings
from tests.ops.ssh_fakes import FakePrograms, SshTools, call_ssh, fleet_of

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmVPTFqhFLwUbXAOlqzJfQOEGsyHbgzE0M0rFAXJmGf"
R1N1 = Endpoint(name="r1n1", address="10.0.0.1", port=2222, user="root", host_keys=(KEY,))
R1N2 = Endpoint(name="r1n2", address="r1n2", host_keys=(KEY,))


@pytest.fixture
def known(tmp_path: Path) -> Path:
    path = tmp_path / "known_hosts"
    path.write_text(f"bastion,other,[inner]:2200 {KEY}\n")
    return path


@pytest.fixture
def tools(tmp_path: Path, known: Path) -> SshTools:
    settings = DialSettings(known_hosts=(str(known),), health_file=str(tmp_path / "health"))
    return SshTools(
        StateDir(path=tmp_path / "state"), settings, fleet_of(R1N1, R1N2), {"PATH": "/bin", "SHELL": "/bin/csh"}
    )


@pytest.fixture
def programs() -> FakePrograms:
    return FakePrograms()


def option(argv: list[str], name: str) -> list[str]:
    return [word.partition("=")[2] for word in argv if word.startswith(f"{name}=")]


def with_node(tools: SshTools, endpoint: Endpoint) -> SshTools:
    return replace(tools, fleet=fleet_of(endpoint))


def test_address_port_and_user_come_from_the_inventory(tools: SshTools, programs: FakePrograms) -> None:
    argv = call_ssh(tools, programs, "r1n1")
    assert argv[0] == "/usr/bin/ssh"
    assert option(argv, "HostName") == ["10.0.0.1"]
    assert argv[argv.index("-p") + 1] == "2222"
    assert argv[argv.index("-l") + 1] == "root"
    assert argv[-2:] == ["--", "r1n1"]


def test_what_the_inventory_leaves_open_is_left_to_ssh_config(tools: SshTools, programs: FakePrograms) -> None:
    argv = call_ssh(tools, programs, "r1n2")
    assert not {"-p", "-l", "-i", "-J"} & set(argv)
    assert option(argv, "HostName") == []


def test_settings_fill_in_what_the_inventory_leaves_open(
    tools: SshTools, programs: FakePrograms, tmp_path: Path
) -> None:
    tools.dial_settings = replace(tools.dial_settings, user="ops", port=2022, identities=(str(tmp_path / "50% key"),))
    argv = call_ssh(tools, programs, "r1n2")
    assert argv[argv.index("-l") + 1] == "ops"
    assert argv[argv.index("-p") + 1] == "2022"
    assert argv[argv.index("-i") + 1] == str(tmp_path / "50%% key")


def test_the_inventorys_own_ssh_options_stand_behind_ours(tools: SshTools, programs: FakePrograms) -> None:
    endpoint = replace(R1N1, options=(("StrictHostKeyChecking", "no"), ("Compression", "yes")))
    argv = call_ssh(with_node(tools, endpoint), programs, "r1n1")
    assert option(argv, "StrictHostKeyChecking") == ["yes", "no"], "ssh takes the first"
    assert option(argv, "Compression") == ["yes"]


def test_the_host_keys_stand_in_a_file_of_0600_below_the_state_directory(
    tools: SshTools, programs: FakePrograms
) -> None:
    argv = call_ssh(tools, programs, "r1n1")
    path = Path(option(argv, "UserKnownHostsFile")[0].strip('"'))
    assert path == tools.state.path / "ssh" / "known_hosts.r1n1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [line for line in path.read_text().splitlines() if not line.startswith("#")] == [f"* {KEY}"]
    assert [each.name for each in path.parent.iterdir()] == ["known_hosts.r1n1"]


def test_in_a_shared_state_directory_each_person_has_files_of_their_own(
    tools: SshTools, programs: FakePrograms
) -> None:
    tools.state = replace(tools.state, group=grp.getgrgid(os.getegid()).gr_name)
    path = Path(option(call_ssh(tools, programs, "r1n1"), "UserKnownHostsFile")[0].strip('"'))
    assert path.parent == tools.state.path / "ssh" / str(os.geteuid())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_argument_goes_as_it_is_and_several_are_quoted(tools: SshTools, programs: FakePrograms) -> None:
    assert call_ssh(tools, programs, "r1n1", "uptime; date")[-1] == "uptime; date"
    assert call_ssh(tools, programs, "r1n1", "echo", "a b")[-1] == "echo 'a b'"


def test_a_hop_is_an_ssh_of_its_own_with_the_same_strictness(tools: SshTools, programs: FakePrograms) -> None:
    argv = call_ssh(with_node(tools, replace(R1N1, jump=("ops@bastion,inner:2200",))), programs, "r1n1")
    outer = shlex.split(option(argv, "ProxyCommand")[0])
    assert outer[-4:] == ["-W", "[%h]:%p", "--", "inner"]
    assert option(outer, "StrictHostKeyChecking") == ["yes"]
    assert outer[outer.index("-p") + 1] == "2200"
    inner = shlex.split(option(outer, "ProxyCommand")[0])
    assert inner[-4:] == ["-W", "[%%h]:%%p", "--", "bastion"], "undoubled by the outer ssh"
    assert option(inner, "StrictHostKeyChecking") == ["yes"]
    assert option(inner, "ProxyCommand") == ["none"], "no way of ssh_config's before the first hop"
    assert programs.environ["SHELL"] == "/bin/sh"


def test_without_a_hop_the_persons_shell_stays(tools: SshTools, programs: FakePrograms) -> None:
    argv = call_ssh(tools, programs, "r1n1")
    assert option(argv, "ProxyCommand") == []
    assert programs.environ["SHELL"] == "/bin/csh"


def test_of_several_alternatives_the_healthy_one_is_taken_and_named(tools: SshTools, programs: FakePrograms) -> None:
    HopHealth(tools.dial_settings.health_file).failed("bastion")
    argv = call_ssh(tools2 := with_node(tools, replace(R1N1, jump=("bastion", "other"))), programs, "r1n1")
    assert option(argv, "ProxyCommand")[0].endswith("-- other")
    assert tools2.notes == ["through other: bastion has failed lately; --jump names another way"]


def test_healthy_alternatives_are_taken_in_the_order_given(tools: SshTools, programs: FakePrograms) -> None:
    argv = call_ssh(tools2 := with_node(tools, replace(R1N1, jump=("bastion", "other"))), programs, "r1n1")
    assert option(argv, "ProxyCommand")[0].endswith("-- bastion")
    assert tools2.notes == []


def test_an_option_that_only_some_ssh_know_is_closed_where_it_is_open(tools: SshTools, programs: FakePrograms) -> None:
    programs.shown += "knownhostscommand /usr/bin/theirs\ngssapikeyexchange yes\n"
    argv = call_ssh(tools, programs, "r1n1")
    assert option(argv, "knownhostscommand") == ["none"]
    assert option(argv, "gssapikeyexchange") == ["no"]


def test_an_option_that_only_some_ssh_know_is_not_said_to_others(tools: SshTools, programs: FakePrograms) -> None:
    argv = call_ssh(tools, programs, "r1n1")
    assert not [word for word in argv if word.startswith(("knownhostscommand", "gssapi"))]


def test_a_selection_of_several_nodes_is_refused_with_the_verbs_for_many(
    tools: SshTools, programs: FakePrograms
) -> None:
    with pytest.raises(UsageError, match=r"is 2 nodes \(r1n\[1-2\]\), and ssh is for one.*aifctl run or aifctl shell"):
        call_ssh(tools, programs, "r1n[1-2]")
    assert programs.became == []


def test_an_unknown_node_names_the_nearest(tools: SshTools, programs: FakePrograms) -> None:
    with pytest.raises(UnknownNodeError, match="r1n1"):
        call_ssh(tools, programs, "r1n11")


def test_a_selection_of_nothing_is_refused(tools: SshTools, programs: FakePrograms) -> None:
    with pytest.raises(EmptySelectionError):
        call_ssh(tools, programs, "@state:drained")


def test_a_missing_ssh_names_the_package(tools: SshTools) -> None:
    with pytest.raises(SetupError, match="install openssh-client"):
        call_ssh(tools, FakePrograms(ssh=None), "r1n1")


def test_a_configuration_that_ssh_refuses_is_quoted(tools: SshTools) -> None:
    programs = FakePrograms(rc=255, stderr="/root/.ssh/config line 3: Bad\n configuration option: frob")
    with pytest.raises(SetupError, match="line 3: Bad configuration option: frob; check ssh_config"):
        call_ssh(tools, programs, "r1n1")


def test_a_node_that_is_off_is_said_to_be(tools: SshTools, programs: FakePrograms) -> None:
    tools.fleet = fleet_of(R1N1, off=True)
    call_ssh(tools, programs, "r1n1")
    assert tools.notes == ["the inventory says that r1n1 is powered off"]
    assert programs.became


def test_an_unwritable_state_directory_is_a_setup_error(tools: SshTools, programs: FakePrograms) -> None:
    tools.state.path.parent.joinpath("file").write_text("")
    tools.state = StateDir(path=tools.state.path.parent / "file")
    with pytest.raises(SetupError, match="can't be written"):
        call_ssh(tools, programs, "r1n1")


@pytest.mark.parametrize(
    ("text", "hop"),
    [
        ("bastion", Hop(host="bastion")),
        ("ops@bastion:2222", Hop(host="bastion", user="ops", port=2222)),
        ("ops@[fd00::1]:2222", Hop(host="fd00::1", user="ops", port=2222)),
        ("[fd00::1]", Hop(host="fd00::1")),
        ("ops@fd00::1", Hop(host="fd00::1", user="ops")),
    ],
)
def test_hops_are_read_as_ssh_writes_them(text: str, hop: Hop) -> None:
    assert parse_chain(text) == (hop,)


@pytest.mark.parametrize("text", ["", ",", "a b", "ops@", "bastion:ssh"])
def test_what_is_no_hop_is_refused(text: str) -> None:
    with pytest.raises(SetupError, match=r"jump host; write user@host:port"):
        parse_chain(text)


def test_a_name_that_looks_like_an_option_stays_behind_the_dashes() -> None:
    hops = [Server(destination="-oProxyCommand=evil", known_hosts="/k")]
    argv = command("/usr/bin/ssh", Server(destination="-V", known_hosts="/k"), hops, None)
    assert argv[-2:] == ["--", "-V"]
    assert shlex.split(option(argv, "ProxyCommand")[0])[-2:] == ["--", "-oProxyCommand=evil"]


def test_a_path_that_ssh_would_expand_is_refused() -> None:
    with pytest.raises(SetupError, match="expands"):
        command("/usr/bin/ssh", Server(destination="n", known_hosts="/k/${HOME}"), [], None)


def authority(hosts: str) -> HostKey:
    return HostKey(hosts=hosts, marker="cert-authority", key=KEY, fingerprint="", source="k:1")


@pytest.mark.parametrize(
    ("hosts", "address", "alias"),
    [
        ("*", "10.0.0.1", "r1n1"),
        ("r1n*", "10.0.0.1", "r1n1"),
        ("[r1n1]:2222", "10.0.0.1", "r1n1"),
        ("10.*", "10.0.0.1", ""),
        ("*", "r1n1.hall.example", ""),
        ("*.hall.example", "r1n1.hall.example", ""),
        ("r1n1", "r1n1.hall.example", "r1n1"),
        ("*", "r1n1", ""),
    ],
)
def test_a_certificate_is_for_what_the_authoritys_line_is_about(hosts: str, address: str, alias: str) -> None:
    assert certificate_name([authority(hosts)], name="r1n1", address=address) == alias


def test_ssh_reads_the_settings_configuration_files_and_no_others(tmp_path: Path) -> None:
    state, there = StateDir(path=tmp_path / "state"), tmp_path / "config"
    there.write_text("Host *\n")
    missing = str(tmp_path / "missing")
    assert choose_config(state, (missing,), by_address=False) == "none"
    assert choose_config(state, (str(there), missing), by_address=False) == str(there)
    both = choose_config(state, (str(there), str(there)), by_address=False)
    assert both is not None
    assert Path(both).read_text() == f'Include "{there}"\nInclude "{there}"\n'
    final = choose_config(state, (str(there),), by_address=True)
    assert final is not None
    assert Path(final).read_text().endswith("Match final all\n")


def test_a_program_that_is_not_there_is_no_traceback() -> None:
    assert SystemPrograms().ask(["/nonexistent/ssh", "-V"], os.environ).rc is None
    with pytest.raises(SetupError, match="/nonexistent/ssh can't be started: No such file"):
        SystemPrograms().become(["/nonexistent/ssh"], os.environ)


def test_ssh_is_light() -> None:
    code = (
        "import sys, aifctl.ops.ssh; from aifctl.transport.ssh import open_host_keys\n"
        "from aifctl.fleet.endpoint import Endpoint; from aifctl.ports.transport import DialSettings\n"
        "open_host_keys(DialSettings()).trusted(Endpoint(name='n', address='n'))\n"
        "print([name for name in ('asyncssh', 'cryptography', 'yaml', 'asyncio') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
