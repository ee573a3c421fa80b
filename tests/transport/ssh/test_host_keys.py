"""Writing known_hosts: one writer, whole files only, and nothing touched that is not ours to touch."""

from __future__ import annotations

import fcntl
import multiprocessing
import stat
import threading
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.host_keys import HostKeys
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh import open_host_keys
from tests.transport.ssh.test_known_hosts import hashed, key


def node(name: str, address: str = "", port: int = 22) -> Endpoint:
    return Endpoint(name=name, address=address or name, port=port)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "known_hosts"


def store(file: Path, *more: Path) -> HostKeys:
    return open_host_keys(DialSettings(user="root", known_hosts=(str(file), *map(str, more))))


def accept(file: Path, endpoint: Endpoint, *keys: str, comment: str = "scanned by ops") -> None:
    keys_of = store(file)
    keys_of.write(keys_of.changes([(endpoint, keys)]), comment=comment)


def test_a_new_node_is_added_under_its_name_and_address_with_who_scanned_it(file: Path) -> None:
    accept(file, node("n1", "10.0.0.1"), key(1))
    assert file.read_text() == f"n1,10.0.0.1 {key(1)} scanned by ops\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_away_from_port_22_the_port_is_written(file: Path) -> None:
    accept(file, node("n1", port=2222), key(1))
    assert file.read_text().startswith("[n1]:2222 ")


def test_what_was_written_is_trusted_and_no_change_any_more(file: Path) -> None:
    accept(file, node("n1", "10.0.0.1"), key(1))
    again = store(file)
    assert [one.key for one in again.trusted(node("n1", "10.0.0.1"))] == [key(1)]
    assert again.trusted(node("n1", "10.0.0.1"))[0].source == f"{file}:1"
    assert again.changes([(node("n1", "10.0.0.1"), [key(1)])]) == []


def test_a_changed_key_replaces_the_old_one_of_its_type_and_nothing_else(file: Path) -> None:
    rsa = key(9, "ssh-rsa")
    file.write_text(f"# ours\n\nn1,10.0.0.1 {key(1)} old\nn1,10.0.0.1 {rsa}\nn2 {key(2)}\nnot understood\n")
    keys_of = store(file)
    (change,) = keys_of.changes([(node("n1", "10.0.0.1"), [key(3)])])
    assert [old.key for old in change.old] == [key(1)]
    assert change.new == (key(3),)
    keys_of.write([change], comment="why")
    assert file.read_text() == (f"# ours\n\nn1,10.0.0.1 {rsa}\nn2 {key(2)}\nnot understood\nn1,10.0.0.1 {key(3)} why\n")


def test_a_hashed_old_entry_is_replaced(file: Path) -> None:
    file.write_text(f"{hashed('n1', 5)} {key(1)}\n{hashed('n2', 6)} {key(2)}\n")
    accept(file, node("n1"), key(3), comment="")
    assert file.read_text() == f"{hashed('n2', 6)} {key(2)}\nn1 {key(3)}\n"


def test_a_pattern_for_many_nodes_is_never_removed_for_one(file: Path) -> None:
    file.write_text(f"n* {key(1)}\n@cert-authority * {key(2)}\n")
    keys_of = store(file)
    (change,) = keys_of.changes([(node("n1"), [key(3)])])
    assert change.old == ()
    keys_of.write([change], comment="")
    assert file.read_text().startswith(f"n* {key(1)}\n@cert-authority * {key(2)}\n")


def test_types_that_a_scan_did_not_see_stay(file: Path) -> None:
    file.write_text(f"n1 {key(1)}\nn1 {key(2, 'ssh-rsa')}\n")
    accept(file, node("n1"), key(1))
    assert file.read_text() == f"n1 {key(1)}\nn1 {key(2, 'ssh-rsa')}\n"


def test_only_the_first_file_is_written(file: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.write_text(f"n1 {key(1)}\n")
    keys_of = store(file, second)
    changes = keys_of.changes([(node("n1"), [key(3)])])
    assert [old.source for old in changes[0].old] == [f"{second}:1"]
    keys_of.write(changes, comment="")
    assert second.read_text() == f"n1 {key(1)}\n"
    assert file.read_text() == f"n1 {key(3)}\n"


def test_mode_and_symlink_are_kept(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.write_text(f"n2 {key(2)}\n")
    real.chmod(0o640)
    file.symlink_to(real)
    accept(file, node("n1"), key(1))
    assert file.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert len(real.read_text().splitlines()) == 2


def test_bytes_that_are_no_utf8_survive_a_rewrite(file: Path) -> None:
    file.write_bytes(b"# caf\xe9\n")
    accept(file, node("n1"), key(1))
    assert file.read_bytes().startswith(b"# caf\xe9\n")


def test_forgetting_takes_a_nodes_own_entries_and_returns_them(file: Path) -> None:
    lines = (f"n1 {key(1)}", f"{hashed('n1', 4)} {key(2, 'ssh-rsa')}", f"n* {key(3)}", f"n1,n2 {key(4)}")
    file.write_text("".join(f"{line}\n" for line in lines))
    gone = store(file).forget([node("n1")])
    assert [one.key for one in gone] == [key(1), key(2, "ssh-rsa")]
    assert file.read_text() == f"{lines[2]}\n{lines[3]}\n"


def test_the_inventorys_keys_are_trusted_with_their_source(file: Path) -> None:
    endpoint = Endpoint(name="n1", address="n1", host_keys=(key(1),))
    assert [one.source for one in store(file).trusted(endpoint)] == ["inventory"]


def test_revocations_and_authorities_are_shown(file: Path) -> None:
    file.write_text(f"@cert-authority * {key(1)} ops CA\n@revoked n1 {key(2)}\n")
    shown = [(one.marker, one.comment) for one in store(file).trusted(node("n1"))]
    assert sorted(shown) == [("cert-authority", "ops CA"), ("revoked", "")]


def test_a_file_that_cannot_be_written_stays_whole_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="can't be written"):
        accept(Path("/proc/known_hosts"), node("n1"), key(1))


def test_without_any_file_writing_is_a_set_up_error() -> None:
    with pytest.raises(SetupError, match="--known-hosts"):
        open_host_keys(DialSettings(user="root")).forget([node("n1")])


def _accept_many(file: str, first: int) -> None:
    for number in range(first, first + 10):
        accept(Path(file), node(f"n{number}"), key(number), comment="")


def test_writers_in_several_processes_lose_nothing(file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_accept_many, args=(str(file), first)) for first in (0, 10, 20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(line.split()[0] for line in file.read_text().splitlines()) == sorted(f"n{n}" for n in range(30))


def test_a_writer_waits_for_the_one_before(file: Path) -> None:
    with file.with_name(f".{file.name}.aifctl-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = threading.Thread(target=accept, args=(file, node("n2"), key(2)))
        second.start()
        second.join(0.3)
        assert second.is_alive(), "it has not written beside the one who holds the lock"
        file.write_text(f"n1 {key(1)}\n")
    second.join()
    assert [line.split()[0] for line in file.read_text().splitlines()] == ["n1", "n2"]


def test_no_temporary_file_is_left_behind(file: Path) -> None:
    accept(file, node("n1"), key(1))
    assert sorted(path.name for path in file.parent.iterdir()) == [".known_hosts.aifctl-lock", "known_hosts"]
