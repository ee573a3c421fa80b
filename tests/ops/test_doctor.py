"""doctor: every setting with its origin, every check with what was found; nothing that is wrong ends it."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from aifctl.core.exit_codes import ExitCode
from aifctl.core.settings import TABLE
from tests.ops.doctor_fakes import INVENTORY, ControlHost, VersionPrograms, healthy, see
from tests.sshd import make_key, needs_sshd

pytestmark = needs_sshd  # for ssh-keygen, which comes with it


@pytest.fixture
def host(tmp_path: Path) -> ControlHost:
    return healthy(tmp_path / "host")


def test_a_healthy_control_host_exits_with_0_and_warns_of_nothing(host: ControlHost) -> None:
    seen = see(host)
    assert seen.bad == {}
    assert seen.report.exit is ExitCode.OK
    assert seen.report.summary == {"ok_count": len(seen.items), "warn_count": 0, "fail_count": 0}


def test_every_setting_stands_there_with_its_value_and_its_origin(host: ControlHost) -> None:
    (host.folder / "settings.toml").write_text("dial_width = 64\n")
    host.environ["AIFCTL_WIDTH"] = "500"
    host.flags["timeout"] = "20s"
    seen = see(host)
    assert [item["what"] for item in seen.items if item["part"] == "setting"] == [setting.name for setting in TABLE]
    for name, value, source in [
        ("width", "500", "AIFCTL_WIDTH"),
        ("dial_width", "64", str(host.folder / "settings.toml")),
        ("timeout", "20s", "--timeout"),
        ("connect_timeout", "10s", "built-in"),
        ("state_dir", str(host.state.path), "built-in"),
        ("port", None, "built-in"),
    ]:
        row = seen.row(name, "setting")
        assert (row["status"], row["found"], row["source"]) == ("ok", value, source)


@pytest.mark.parametrize(("text", "complaint"), [("width = ", "is not TOML"), ("widht = 3", "did you mean 'width'")])
def test_a_settings_file_that_cannot_be_understood_is_a_row_and_the_others_follow(
    host: ControlHost, text: str, complaint: str
) -> None:
    (host.folder / "settings.toml").write_text(text)
    seen = see(host)
    row = seen.row("settings file", "setting")
    assert row["status"] == "fail"
    assert complaint in row["found"]
    assert list(seen.bad) == ["settings file"], "what the file says counts for nothing, and all else is looked at"
    assert seen.report.exit is ExitCode.SETUP


def test_a_setting_that_does_not_parse_is_a_row_that_fails(host: ControlHost) -> None:
    host.environ["AIFCTL_WIDTH"] = "wide"
    seen = see(host)
    row = seen.row("width", "setting")
    assert (row["status"], row["found"], row["source"]) == ("fail", "wide", "AIFCTL_WIDTH")
    assert row["advice"] == "width from AIFCTL_WIDTH: 'wide' is not a whole number above 0"
    assert seen.report.exit is ExitCode.SETUP


def test_a_secrets_reference_is_shown_and_never_resolved(host: ControlHost) -> None:
    host.environ["AIFCTL_KEY_PASSWORD"] = "cmd:touch /nowhere/else"
    seen = see(host)
    assert seen.row("key_password", "setting")["found"] == "cmd:touch /nowhere/else"
    assert host.secrets_read == 0
    assert "not opened" in seen.row("keys")["found"]


def test_without_their_password_keys_are_looked_at_from_outside(host: ControlHost) -> None:
    host.environ["AIFCTL_KEY_PASSWORD"] = "file:/nowhere/else"
    (host.folder / "id").chmod(0o640)
    assert see_keys(host)["found"] == f"{host.folder / 'id'} may be read by others (mode 0640)"
    host.environ["AIFCTL_IDENTITY"] = "/nonexistent/id"
    assert see_keys(host)["found"] == "/nonexistent/id: No such file or directory"
    host.environ["AIFCTL_IDENTITY"] = ""
    assert see(host).row("keys")["found"].startswith("no file named")


def test_a_secret_in_place_of_a_reference_is_never_shown(host: ControlHost) -> None:
    host.environ["AIFCTL_SUDO_PASSWORD"] = "hunter2"
    seen = see(host)
    assert seen.row("sudo_password", "setting")["status"] == "fail"
    assert "hunter2" not in json.dumps([*seen.items, list(seen.report.notes)])


def test_the_address_of_a_receiver_in_place_of_a_reference_is_never_shown(host: ControlHost) -> None:
    host.environ["AIFCTL_NOTIFY"] = "slack=https://hooks.example/T0/hunter2"
    seen = see(host)
    row = seen.row("notify", "setting")
    assert (row["status"], "by reference, never by value" in row["advice"]) == ("fail", True)
    assert "hunter2" not in json.dumps([*seen.items, list(seen.report.notes)])


def test_the_inventory_is_named_with_the_rule_its_nodes_and_its_age(host: ControlHost) -> None:
    seen = see(host)
    row = seen.row("inventory")
    assert row["found"] == f"{host.inventory_path}: 3 nodes, no mistake"
    assert row["source"] == "AIFCTL_INVENTORY"
    assert seen.row("inventory age")["found"] == "changed 2 h ago, no limit in its policy"
    assert seen.row("inventory cache")["found"] == "was cold, this look has warmed it"
    assert see(host).row("inventory cache")["found"] == "warm"


def test_a_broken_inventory_is_a_row_that_counts_its_mistakes(host: ControlHost) -> None:
    see(host)
    host.write_inventory("site: lab\nnodes:\n  n1: {sku: a, colour: red}\n  n2: {shape: round}\n")
    seen = see(host)
    row = seen.row("inventory")
    assert row["status"] == "fail"
    assert "2 mistakes, the first:" in row["found"]
    assert "fleet.yaml:3" in row["found"]
    assert "aifctl inventory check" in row["advice"]
    assert "last good reading (3 nodes)" in row["advice"]
    assert seen.report.exit is ExitCode.SETUP
    assert seen.row("state directory")["status"] == "ok"


def test_a_missing_inventory_is_a_row(host: ControlHost) -> None:
    host.inventory_path.unlink()
    row = see(host).row("inventory")
    assert row["status"] == "fail"
    assert "there is no inventory at" in row["found"]


def test_an_inventory_older_than_its_policy_allows_fails(host: ControlHost) -> None:
    host.write_inventory(f"{INVENTORY}policy:\n  stale_after: 1h\n")
    row = see(host).row("inventory age")
    assert (row["status"], row["found"]) == ("fail", "changed 2 h ago, its policy allows 60 min")


def test_an_inventory_from_the_future_speaks_of_the_clock(host: ControlHost) -> None:
    host.clock.at -= timedelta(days=3)
    row = see(host).row("inventory age")
    assert row["status"] == "warn"
    assert "in the future" in row["found"]
    assert "clock" in row["advice"]


def test_a_host_file_stands_in_for_the_inventory(host: ControlHost) -> None:
    hosts = host.folder / "hosts"
    hosts.write_text("10.0.0.[1-4]\n")
    host.flags["hostfile"] = str(hosts)
    row = see(host).row("inventory")
    assert (row["found"], row["source"]) == (f"host file {hosts}: 4 nodes", "--hostfile")


def test_a_state_directory_that_is_not_there_yet_is_fine_where_it_can_be_made(host: ControlHost) -> None:
    host.folder = host.folder / "fresh"
    host.folder.mkdir()
    host.environ["AIFCTL_INVENTORY"] = "/nonexistent"
    assert "the first run makes it" in see(host).row("state directory")["found"]
    assert not host.state.path.exists()


def test_a_state_directory_that_cannot_be_made_is_a_row_that_fails(host: ControlHost) -> None:
    (host.folder / "file").write_text("")
    host.folder = host.folder / "file"
    host.environ["AIFCTL_INVENTORY"] = "/nonexistent"
    seen = see(host)
    assert seen.row("state directory")["status"] == "fail"
    assert "--state-dir" in seen.row("state directory")["advice"]
    assert seen.report.exit is ExitCode.SETUP


@pytest.mark.parametrize(("mode", "status"), [(0o700, "ok"), (0o750, "warn"), (0o707, "fail")])
def test_the_state_directorys_mode_is_judged(host: ControlHost, mode: int, status: str) -> None:
    host.state.path.chmod(mode)
    row = see(host).row("state mode")
    assert row["status"] == status
    assert row["found"].startswith(f"{mode:04o}, owner ")


def test_a_group_that_does_not_exist_fails(host: ControlHost) -> None:
    host.state.folder()
    host.group = "no-such-group"
    row = see(host).row("state mode")
    assert row["status"] == "fail"
    assert "there is no group 'no-such-group'" in row["advice"]


def test_little_space_warns(host: ControlHost, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(host.folder)
    values = list(real)
    values[4] = 1000  # f_bavail
    monkeypatch.setattr(os, "statvfs", lambda _path: os.statvfs_result(values))
    assert see(host).row("state space")["status"] == "warn"


def test_too_few_open_files_for_the_width_warn(host: ControlHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, 264))
    row = see(host).row("open files")
    assert row["status"] == "warn"
    assert row["found"] == "soft 256, hard 264: a width of 256 does not fit, 100 does"
    assert "--width 100" in row["advice"]


def test_too_few_open_files_for_anything_fail(host: ControlHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (20, 20))
    assert see(host).row("open files")["status"] == "fail"


def test_a_key_that_others_may_read_fails_with_the_command_that_closes_it(host: ControlHost) -> None:
    (host.folder / "id").chmod(0o644)
    seen = see(host)
    row = seen.row("keys")
    assert row["status"] == "fail"
    assert f"chmod 600 {host.folder / 'id'}" in row["found"]
    assert seen.report.exit is ExitCode.SETUP


def test_an_encrypted_key_fails_and_a_missing_one_too(host: ControlHost) -> None:
    key = make_key(host.folder / "locked", password="secret")
    host.environ["AIFCTL_IDENTITY"] = str(key)
    assert "is encrypted" in see_keys(host)["found"]
    host.environ["AIFCTL_IDENTITY"] = "/nonexistent/id"
    assert "can't be read: No such file" in see_keys(host)["found"]


def see_keys(host: ControlHost) -> dict[str, str]:
    row = see(host).row("keys")
    assert row["status"] == "fail"
    return row


def test_each_set_of_keys_that_the_inventory_names_is_looked_at(host: ControlHost) -> None:
    other = make_key(host.folder / "other")
    host.write_inventory(f"site: lab\nnodes:\n  n[1-2]: {{}}\n  n3: {{identity: [{other}]}}\n")
    seen = see(host)
    assert [(row["found"], row["source"]) for row in seen.rows("keys")] == [
        (f"{host.folder / 'id'} can be used, for 2 nodes", "AIFCTL_IDENTITY"),
        (f"{other} can be used, for 1 node", "inventory"),
    ]


def test_without_any_key_doctor_says_where_to_put_one(host: ControlHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(host.folder / "empty"))
    host.environ["AIFCTL_IDENTITY"] = ""
    assert "there is no SSH key to log in with" in see_keys(host)["found"]


def test_an_ssh_config_that_cannot_be_understood_is_a_row_of_the_keys(host: ControlHost) -> None:
    (host.folder / "ssh_config").write_text('Host "n1\n')
    row = see(host).row("keys")
    assert row["status"] == "fail"
    assert "ssh_config:1" in row["found"]


@contextmanager
def agent(path: Path, answer: bytes) -> Iterator[None]:
    """Answer one question at a socket."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(64)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join(10)


@pytest.mark.parametrize(
    ("answer", "status", "found"),
    [
        (b"\0\0\0\x05\x0c\0\0\0\x03", "ok", "holds 3 keys"),
        (b"\0\0\0\x05\x0c\0\0\0\0", "warn", "holds 0 keys"),
        (b"\0\0\0\x01\x05", "warn", "not as an agent does"),
        (b"\0\0\0\x05\x05\0\0\0\0", "warn", "does not show its keys"),
    ],
)
def test_the_agent_is_asked_for_its_keys(
    host: ControlHost, tmp_path: Path, answer: bytes, status: str, found: str
) -> None:
    path = tmp_path / "agent"
    host.environ["SSH_AUTH_SOCK"] = str(path)
    with agent(path, answer):
        row = see(host).row("agent")
    assert row["status"] == status
    assert found in row["found"]


def test_an_agent_that_is_gone_warns(host: ControlHost) -> None:
    host.environ["SSH_AUTH_SOCK"] = str(host.folder / "gone")
    row = see(host).row("agent")
    assert row["status"] == "warn"
    assert "No such file" in row["found"]


def test_without_any_known_hosts_file_trust_scan_is_named(host: ControlHost) -> None:
    (host.folder / "known_hosts").unlink()
    row = see(host).row("known_hosts")
    assert row["status"] == "warn"
    assert "aifctl trust scan @all" in row["advice"]


def test_without_known_hosts_an_inventory_that_vouches_is_enough(host: ControlHost) -> None:
    (host.folder / "known_hosts").unlink()
    public = (host.folder / "id.pub").read_text().rsplit(" ", 1)[0]
    host.write_inventory(f"site: lab\nnodes:\n  n1: {{host_keys: [{public}]}}\n")
    assert see(host).row("known_hosts")["status"] == "ok"


def test_a_known_hosts_file_that_nodes_ssh_options_name_is_looked_at(host: ControlHost) -> None:
    (host.folder / "known_hosts").rename(host.folder / "theirs")
    options = f"{{UserKnownHostsFile: {host.folder / 'theirs'}, GlobalKnownHostsFile: /dev/null}}"
    host.write_inventory(f"site: lab\nnodes:\n  n[1-3]: {{ssh: {options}}}\n")
    first, second = see(host).rows("known_hosts")
    assert (first["status"], first["source"]) == ("ok", "inventory")
    assert "theirs: 1 line" in first["found"]
    assert "is not there" in second["found"]


@pytest.mark.parametrize(("mode", "status"), [(0o600, "ok"), (0o664, "warn"), (0o666, "fail")])
def test_who_may_write_known_hosts_is_judged(host: ControlHost, mode: int, status: str) -> None:
    (host.folder / "known_hosts").chmod(mode)
    row = see(host).row("known_hosts")
    assert row["status"] == status
    assert f"1 line, mode {mode:04o}" in row["found"]


def test_a_known_hosts_that_cannot_be_read_fails(host: ControlHost) -> None:
    host.environ["AIFCTL_KNOWN_HOSTS"] = str(host.folder)
    assert see(host).row("known_hosts")["status"] == "fail"


def test_versions_are_shown_and_a_missing_ssh_warns(host: ControlHost) -> None:
    programs = VersionPrograms()
    seen = see(host, programs=programs)
    assert seen.row("openssh")["found"] == "OpenSSH_9.2p1 at /opt/bin/ssh"
    assert programs.asked == [["/opt/bin/ssh", "-V"]]
    assert seen.row("asyncssh")["found"].startswith("2.")
    missing = see(host, programs=VersionPrograms(ssh=None)).row("openssh")
    assert missing["status"] == "warn"
    assert "openssh-client" in missing["advice"]
    assert see(host, programs=VersionPrograms(rc=None)).row("openssh")["status"] == "warn"


def test_an_output_that_is_not_utf_8_warns(host: ControlHost, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ascii:
        encoding = "ascii"

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr(sys, "stdout", Ascii())
    row = see(host).row("locale")
    assert row["status"] == "warn"
    assert "LC_ALL=C.UTF-8" in row["advice"]


def test_what_failed_is_said_at_the_end(host: ControlHost) -> None:
    host.inventory_path.unlink()
    (host.folder / "known_hosts").chmod(0o664)
    assert see(host).report.notes == ("failed: inventory", "2 warnings")


def test_only_the_keys_load_asyncssh() -> None:
    code = "import sys, aifctl.ops.doctor; print([name for name in ('asyncssh', 'cryptography', 'yaml') if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
