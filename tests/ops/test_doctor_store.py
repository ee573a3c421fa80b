"""doctor and the store: which one, who writes into it, and whether the control hosts of a fleet share it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.exit_codes import ExitCode
from aifctl.core.process import control_host_word
from aifctl.core.store_url import parse_store_url
from aifctl.core.system_clock import SystemClock
from aifctl.ports.store_writes import By
from aifctl.store.place import find_place
from aifctl.store.store import open_store
from tests.ops.doctor_fakes import INVENTORY, ControlHost, healthy, see
from tests.sshd import needs_sshd
from tests.store.server import Server, binaries, running

pytestmark = needs_sshd  # for ssh-keygen, which comes with it

HERE = socket.gethostname()
_PAT = By(who="pat", from_where="192.0.2.9")


@pytest.fixture
def host(tmp_path: Path) -> ControlHost:
    return healthy(tmp_path / "host")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed; make deps installs it")
    with running(programs) as started:
        yield started


def name_hosts(host: ControlHost, *names: str) -> None:
    host.write_inventory(f"{INVENTORY}policy: {{control_hosts: [{', '.join(map(repr, names))}]}}\n")


def write(host: ControlHost) -> None:
    """Write something into the store, as a verb on that control host does."""
    place = find_place(host.settings.value("state"), host.state)
    store = open_store(place, clock=SystemClock())
    store.note(["n1"], "looked at", _PAT)
    store.close()


def test_without_a_store_it_says_so_and_makes_none(host: ControlHost) -> None:
    seen = see(host)
    assert seen.row("store")["found"] == "SQLite, nothing is remembered yet (the default store)"
    assert not (host.state.path / "store").exists()
    assert seen.row("control hosts")["status"] == "ok"
    assert "control_hosts" in seen.row("control hosts")["advice"]


def test_who_has_written_is_named(host: ControlHost) -> None:
    write(host)
    assert see(host).row("store")["found"] == f"SQLite, written by {control_host_word(HERE)} (the default store)"


def test_control_hosts_of_one_fleet_with_a_store_each_fail(host: ControlHost) -> None:
    name_hosts(host, HERE, "ctl[8-9].example.org")
    seen = see(host)
    row = seen.row("control hosts")
    assert (row["status"], seen.report.exit) == ("fail", ExitCode.SETUP)
    assert row["found"].startswith(
        "ctl8.example.org, ctl9.example.org can't see what is leased, drained or frozen here"
    )
    assert "one PostgreSQL" in row["advice"]


def test_one_control_host_that_is_named_needs_nothing_shared(host: ControlHost) -> None:
    name_hosts(host, HERE)
    assert see(host).row("control hosts")["status"] == "ok"


def test_a_control_host_that_the_policy_does_not_know_is_a_warning(host: ControlHost) -> None:
    name_hosts(host, "ctl9")
    first, second = see(host).rows("control hosts")
    assert (first["status"], f"{HERE}, is not among those" in first["found"]) == ("warn", True)
    assert second["status"] == "fail"


def test_where_the_inventory_cant_be_read_nothing_is_said_to_be_well(host: ControlHost) -> None:
    host.inventory_path.write_text("nodes: [\n")
    row = see(host).row("control hosts")
    assert (row["status"], row["found"]) == ("warn", "not compared: the inventory can't be read")


def test_a_password_that_somebody_would_be_asked_for_is_not_asked_for(host: ControlHost) -> None:
    host.environ["AIFCTL_STATE"] = "postgresql://keeper@db.invalid/fleet?password=cmd:false"
    name_hosts(host, HERE, "ctl9")
    seen = see(host)
    assert seen.row("store")["found"] == (
        "postgresql://keeper@db.invalid/fleet, not looked into: its password would be asked for"
    )
    assert seen.row("control hosts")["found"] == "not compared: the store was not looked into"


def test_a_damaged_store_fails(host: ControlHost) -> None:
    write(host)
    (host.state.path / "store/store.db").write_bytes(b"no database at all, " * 500)
    seen = see(host)
    assert (seen.row("store")["status"], seen.report.exit) == ("fail", ExitCode.SETUP)


@pytest.mark.db
def test_who_shares_one_postgresql_is_seen_in_it(host: ControlHost, server: Server, tmp_path: Path) -> None:
    url = server.database()
    host.environ["AIFCTL_STATE"] = url
    assert "nothing is remembered yet" in see(host).row("store")["found"]
    write(host)
    row = see(host).row("control hosts")
    assert (row["status"], row["found"]) == ("ok", "whoever names this store shares it")

    name_hosts(host, HERE, "ctl9.example.org")
    row = see(host).row("control hosts")
    assert (row["status"], row["found"]) == (
        "warn",
        "ctl9.example.org of the inventory's policy never wrote into this store",
    )

    other = replace(host, folder=healthy(tmp_path / "other").folder)
    log = other.state.folder(*find_place(parse_store_url(url), other.state).log)
    (log / "host-id").write_text(f"{control_host_word('ctl9.example.org')}_0a1b2c")
    write(other)
    row = see(host).row("control hosts")
    assert (row["status"], row["found"]) == ("ok", f"{', '.join(sorted((HERE, 'ctl9.example.org')))} share this store")

    name_hosts(host, HERE)
    row = see(host).row("control hosts")
    assert (row["status"], row["found"]) == ("warn", "ctl9 wrote here, too")
