"""Where a store may lie, and what is said of the rest."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError, UsageError
from aifctl.core.state_dir import StateDir
from aifctl.core.store_url import StoreUrl, parse_store_url
from aifctl.store.filesystems import filesystem_of, read_mounts
from aifctl.store.light import open_reader
from aifctl.store.place import Place, find_place
from aifctl.store.store import open_store
from tests.store.store_parts import HandClock, begin, execute, opened, place_of

MOUNTS = """\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:50 / /home rw,relatime shared:1 - {} nas:/home rw
31 22 8:2 / /home/a\\040b rw - xfs /dev/sdb1 rw
"""


def test_a_url_is_sqlite_or_postgresql() -> None:
    assert parse_store_url("") == StoreUrl()
    assert parse_store_url("sqlite:////var/lib/a.db").path == Path("/var/lib/a.db")
    url = parse_store_url("postgresql://ops@db1:5432/fleet?sslmode=require&password=file:/etc/pw")
    assert (url.conninfo, url.password) == ("postgresql://ops@db1:5432/fleet?sslmode=require", "file:/etc/pw")
    assert parse_store_url("postgresql:///?service=fleet").conninfo == "postgresql:///?service=fleet"


@pytest.mark.parametrize(
    "text", ["x.db", "sqlite:///x.db", "sqlite:////", "mysql://a/b", "postgresql:a", "postgresql://[x"]
)
def test_another_url_is_a_mistake(text: str) -> None:
    with pytest.raises(UsageError):
        parse_store_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ops:s3cret@db1/fleet",
        "postgresql://ops@db1/fleet?password=s3cret",
        "postgresql://ops@db1/fleet?password=x@s3cret",
        "mysql://ops:s3cret@db1/fleet",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_store_url(text)
    assert "s3cret" not in str(caught.value)


def test_a_password_comes_from_where_the_url_says(tmp_path: Path) -> None:
    secret = tmp_path / "pw"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    state = StateDir(path=tmp_path)
    place = find_place(parse_store_url(f"postgresql://ops@db1/fleet?password=file:{secret}"), state)
    assert place.connect_arguments == {"password": "s3cret"}
    assert "s3cret" not in repr(place) + place.shown


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "lustre", "gpfs", "beegfs", "fuse.sshfs"])
def test_sqlite_is_refused_on_a_network_file_system_and_the_way_out_is_named(kind: str, tmp_path: Path) -> None:
    place = find_place(StoreUrl(path=Path("/home/ops/store.db")), StateDir(path=tmp_path))
    with pytest.raises(SetupError, match=rf"network file system \({kind}\).*--state-dir.*postgresql://"):
        open_store(place, clock=HandClock(), mounts=lambda: MOUNTS.format(kind))


def test_the_file_system_is_that_of_the_nearest_mount() -> None:
    mounts = MOUNTS.format("nfs")
    assert filesystem_of(Path("/home/a b/state/store"), mounts) == "xfs"
    assert filesystem_of(Path("/home/ab"), mounts) == "nfs"
    assert filesystem_of(Path("/homes"), mounts) == "ext4"
    assert filesystem_of(Path("/x"), "") == ""
    assert filesystem_of(Path("/proc/self"), read_mounts()) == "proc"


@pytest.mark.parametrize(("group", "mode"), [(None, 0o600), ("own", 0o660)])
def test_files_are_their_owners_or_the_state_groups(group: str | None, mode: int, tmp_path: Path) -> None:
    import grp  # noqa: PLC0415  what this user's group is called is known at the time alone

    name = grp.getgrgid(os.getegid()).gr_name if group else None
    old = os.umask(0o077)
    try:
        place = find_place(StoreUrl(), StateDir(path=tmp_path / "state", group=name))
        with open_store(place, clock=HandClock()) as store:
            begin(store)
            files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}
    finally:
        os.umask(old)
    assert len(modes) == 5
    assert set(modes.values()) == {mode}


def test_where_there_is_no_store_a_reader_finds_none(place: Place) -> None:
    assert open_reader(place) is None
    assert not place.state.path.exists()
    opened(place).close()
    reader = open_reader(place)
    assert reader is not None
    reader.close()


def test_a_store_in_a_folder_that_is_not_there_is_set_up_that_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"nowhere/s\.db can't be opened"):
        opened(place_of(tmp_path, f"sqlite:///{tmp_path}/nowhere/s.db"))


def test_a_damaged_database_is_an_error_that_names_the_rebuild(tmp_path: Path) -> None:
    place = place_of(tmp_path)
    with opened(place) as store:
        begin(store)
    assert place.path is not None
    place.path.write_bytes(b"not a database, whatever it says" * 400)
    with pytest.raises(SetupError, match=r"damaged.*aifctl store rebuild"):
        opened(place)
    with pytest.raises(SetupError, match=r"damaged.*aifctl store rebuild"):
        open_reader(place)


def test_a_path_with_all_sorts_of_characters_is_read_as_it_is_written(tmp_path: Path) -> None:
    place = place_of(tmp_path / "a b?c#d%41")
    with opened(place) as store:
        begin(store)
    reader = open_reader(place)
    assert reader is not None
    with reader:
        assert [row.id for row in reader.sweeps()] == ["s1"]


def test_each_database_has_a_log_of_its_own(tmp_path: Path) -> None:
    other = place_of(tmp_path, f"sqlite:///{tmp_path}/other.db")
    with opened(place_of(tmp_path)) as store:
        begin(store)
    with opened(other) as store:
        assert store.sweeps() == []
    assert execute(other, "SELECT seq FROM log_head") == [(0,)]
