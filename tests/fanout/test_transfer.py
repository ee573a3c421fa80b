"""Copying to and from a file system in memory."""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aifctl.core.errors import NodeError, UsageError
from aifctl.core.outcome import Outcome
from aifctl.fanout.desk import NodeDesk
from aifctl.fanout.manifest import read_manifest
from aifctl.fanout.pull_work import PullWork
from aifctl.fanout.push_work import PushWork
from aifctl.fanout.remote_hashes import parse_sha256sum
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import RemoteStat
from aifctl.ports.work import NodeResult, Work
from tests.fakes.files import FakeFiles
from tests.fakes.fleet import FakeTransport, Script
from tests.fakes.run_parts import desks
from tests.fakes.virtual_time import run_virtually

NODE = Endpoint(name="n1", address="192.0.2.1")


def do(work: Work, files: FakeFiles, *, halted: bool = False) -> NodeResult:
    """Do a transfer on one node; what it raises is raised."""

    async def main() -> NodeResult:
        transport = FakeTransport({"n1": Script(files=files)})
        shared = desks()
        desk = NodeDesk(shared, "n1")
        await desk.about_to_start()
        shared.halted = halted
        return await work.perform(NODE, await transport.dial(NODE), desk)

    return run_virtually(main())


def content(files: FakeFiles) -> dict[str, bytes]:
    return {path: entry.data for path, entry in files.tree.items() if entry.kind == "file"}


def changes(files: FakeFiles) -> list[str]:
    return [what for what, _ in files.calls if what not in {"stat", "entries", "read"}]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "src"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "tool").write_bytes(b"#!/bin/sh\n")
    (root / "bin" / "tool").chmod(0o755)
    (root / "conf").write_bytes(b"a=1\n")
    (root / "conf").chmod(0o640)
    (root / "current").symlink_to("bin/tool")
    (root / "empty").mkdir()
    return root


def test_a_tree_becomes_dest_with_modes_links_and_empty_folders(tree: Path) -> None:
    files = FakeFiles()
    files.put("/opt", kind="dir")
    result = do(PushWork(manifest=read_manifest(tree), dest="/opt/app"), files)
    assert content(files) == {"/opt/app/bin/tool": b"#!/bin/sh\n", "/opt/app/conf": b"a=1\n"}
    assert files.tree["/opt/app/bin/tool"].mode == 0o755
    assert files.tree["/opt/app/conf"].mode == 0o640
    assert (files.tree["/opt/app/current"].kind, files.tree["/opt/app/current"].to) == ("link", "bin/tool")
    assert files.tree["/opt/app/empty"].kind == "dir"
    assert (result.detail["written_count"], result.detail["bytes_count"]) == (3, 14)


def test_a_second_push_changes_nothing_and_asks_for_all_digests_in_one_command(tree: Path) -> None:
    files = FakeFiles()
    work = PushWork(manifest=read_manifest(tree), dest="/app")
    do(work, files)
    files.calls.clear()
    files.lines.clear()
    result = do(work, files)
    assert changes(files) == []
    assert files.lines == ["xargs -0 sha256sum --"]
    assert (result.detail["written_count"], result.detail["skipped_count"]) == (0, 3)


def test_without_sha256sum_files_are_read_back_and_still_skipped(tree: Path) -> None:
    files = FakeFiles(has_sha256sum=False)
    work = PushWork(manifest=read_manifest(tree), dest="/app")
    do(work, files)
    files.calls.clear()
    assert do(work, files).detail["skipped_count"] == 3
    assert changes(files) == []


def test_a_file_of_the_same_size_and_other_content_is_written(tree: Path) -> None:
    files = FakeFiles()
    files.put("/etc/conf", b"a=2\n", mode=0o640)
    do(PushWork(manifest=read_manifest(tree / "conf"), dest="/etc/conf"), files)
    assert files.tree["/etc/conf"].data == b"a=1\n"


def test_only_the_mode_is_set_where_only_the_mode_differs(tree: Path) -> None:
    files = FakeFiles()
    files.put("/etc/conf", b"a=1\n", mode=0o600)
    do(PushWork(manifest=read_manifest(tree / "conf"), dest="/etc/conf"), files)
    assert (files.tree["/etc/conf"].mode, changes(files)) == (0o640, ["set_mode"])


def test_a_file_is_in_place_at_one_stroke_or_not_at_all(tree: Path) -> None:
    files = FakeFiles()
    files.put("/etc/conf", b"old")
    do(PushWork(manifest=read_manifest(tree / "conf"), dest="/etc/conf"), files)
    written = [path for what, path in files.calls if what == "write"]
    assert "/etc/conf" not in written
    assert ("rename", "/etc/conf") in files.calls


def test_a_file_goes_into_a_folder_that_exists_or_is_meant(tree: Path) -> None:
    files = FakeFiles()
    files.put("/etc", kind="dir")
    files.put("/opt/x", kind="dir")
    do(PushWork(manifest=read_manifest(tree / "conf"), dest="/etc"), files)
    do(PushWork(manifest=read_manifest(tree / "conf"), dest="/opt/x/"), files)
    assert set(content(files)) == {"/etc/conf", "/opt/x/conf"}


def test_a_link_at_a_files_place_is_replaced_and_never_written_through(tree: Path) -> None:
    files = FakeFiles()
    files.put("/etc/passwd", b"root")
    files.put("/srv/conf", kind="link", to="/etc/passwd")
    do(PushWork(manifest=read_manifest(tree / "conf"), dest="/srv/conf"), files)
    assert files.tree["/etc/passwd"].data == b"root"
    assert files.tree["/srv/conf"].data == b"a=1\n"


def test_a_link_where_a_folder_belongs_is_refused_before_anything_changes(tree: Path) -> None:
    files = FakeFiles()
    files.put("/app/bin", kind="link", to="/usr/bin")
    with pytest.raises(NodeError, match="/app/bin is a link there and a directory here") as caught:
        do(PushWork(manifest=read_manifest(tree), dest="/app"), files)
    assert caught.value.outcome is Outcome.EXIT
    assert changes(files) == []


def test_delete_removes_what_the_source_lacks_only_below_dest_and_never_through_a_link(tree: Path) -> None:
    files = FakeFiles()
    files.put("/app/old/deep/file", b"x")
    files.put("/app/out", kind="link", to="/home")
    files.put("/home/keep", b"x")
    files.put("/appendix", b"x")
    result = do(PushWork(manifest=read_manifest(tree), dest="/app", delete=True), files)
    assert {"/app/old", "/app/old/deep", "/app/old/deep/file", "/app/out"}.isdisjoint(files.tree)
    assert {"/home/keep", "/appendix"} <= set(files.tree)
    assert result.detail["deleted_count"] == 4


def test_without_delete_what_the_source_lacks_stays(tree: Path) -> None:
    files = FakeFiles()
    files.put("/app/old/file", b"x")
    do(PushWork(manifest=read_manifest(tree), dest="/app"), files)
    assert "/app/old/file" in files.tree


def test_a_dry_run_says_what_would_change_and_changes_nothing(tree: Path) -> None:
    files = FakeFiles()
    files.put("/app/old", b"x")
    result = do(PushWork(manifest=read_manifest(tree), dest="/app", delete=True, dry_run=True), files)
    assert changes(files) == []
    assert result.detail["would_delete"] == ["/app/old"]
    assert result.detail["would_write"] == ["/app/bin/tool", "/app/conf", "/app/current"]


def test_an_owner_is_given_before_anything_is_in_place_and_by_one_quoted_command(tree: Path) -> None:
    files = FakeFiles()
    do(PushWork(manifest=read_manifest(tree), dest="/app", owner="www data:adm"), files)
    assert files.lines == ["xargs -0 chown -h -- 'www data:adm'"]
    assert {files.tree[path].owner for path in ("/app/bin/tool", "/app/conf", "/app/bin")} == {"www data:adm"}


def test_a_file_that_changes_while_it_is_pushed_is_an_error_and_leaves_the_old_one(tree: Path) -> None:
    manifest = read_manifest(tree / "conf")
    (tree / "conf").write_bytes(b"a=9\n")
    files = FakeFiles()
    files.put("/etc/conf", b"old")
    with pytest.raises(NodeError, match="changed while it was pushed") as caught:
        do(PushWork(manifest=manifest, dest="/etc/conf"), files)
    assert caught.value.outcome is Outcome.LOCAL
    assert content(files) == {"/etc/conf": b"old"}


def test_what_the_node_refuses_is_its_exit_and_nothing_lies_around(tree: Path) -> None:
    files = FakeFiles(refuses=frozenset({"/etc/conf"}))
    files.put("/etc", kind="dir")
    with pytest.raises(NodeError, match="Permission denied") as caught:
        do(PushWork(manifest=read_manifest(tree / "conf"), dest="/etc/conf"), files)
    assert caught.value.outcome is Outcome.EXIT
    assert content(files) == {}


def test_a_missing_folder_above_dest_is_not_made_up(tree: Path) -> None:
    with pytest.raises(NodeError, match="no directory /opt/new; make it first") as caught:
        do(PushWork(manifest=read_manifest(tree / "conf"), dest="/opt/new/conf"), FakeFiles())
    assert caught.value.outcome is Outcome.EXIT
    assert ".aifctl-" not in caught.value.message, "a name that the person never typed, another one on each node"


def test_a_push_ends_between_pieces_when_the_run_does(tree: Path) -> None:
    files = FakeFiles()
    with pytest.raises(NodeError) as caught:
        do(PushWork(manifest=read_manifest(tree / "conf"), dest="/conf"), files, halted=True)
    assert caught.value.outcome is Outcome.CANCELLED
    assert content(files) == {}


class Stuck(FakeFiles):
    """Never takes a whole file."""

    async def write(self, path: str, chunks: AsyncIterator[bytes], *, mode: int) -> None:
        async for chunk in chunks:
            self.put(path, chunk[:2], mode=mode)
            await asyncio.get_running_loop().create_future()


def test_a_push_past_its_timeout_is_ended_and_cleaned_up(tree: Path) -> None:
    files = Stuck()
    with pytest.raises(NodeError, match="not done within 30 s") as caught:
        do(PushWork(manifest=read_manifest(tree / "conf"), dest="/conf", timeout_s=30.0), files)
    assert caught.value.outcome is Outcome.TIMEOUT
    assert content(files) == {}


def test_a_source_is_read_in_pieces_never_whole(tmp_path: Path) -> None:
    source = tmp_path / "big"
    source.write_bytes(os.urandom(1 << 20))
    sizes: list[int] = []

    class Measured(FakeFiles):
        async def write(self, path: str, chunks: AsyncIterator[bytes], *, mode: int) -> None:
            sizes.extend([len(chunk) async for chunk in chunks])
            self.put(path, mode=mode)

    do(PushWork(manifest=read_manifest(source), dest="/big"), Measured())
    assert (sum(sizes), max(sizes) <= 128 << 10) == (1 << 20, True)


def test_a_push_can_be_sent_to_another_process(tree: Path) -> None:
    work = PushWork(manifest=read_manifest(tree), dest="/app")
    assert pickle.loads(pickle.dumps(work)) == work  # noqa: S301  our own bytes


@pytest.mark.parametrize("kind", ["missing", "pipe"])
def test_what_can_not_be_pushed_is_a_usage_error(tmp_path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=kind):
        read_manifest(tmp_path / kind)


def pull(tmp_path: Path, files: FakeFiles, source: str = "/var/log", **more: int) -> NodeResult:
    return do(PullWork(source=source, folder=str(tmp_path / "out"), **more), files)


def test_a_tree_comes_into_the_nodes_own_folder(tmp_path: Path) -> None:
    files = FakeFiles()
    files.put("/var/log/messages", b"hello", mode=0o4755)
    files.put("/var/log/nv/a", b"x" * 10_000)
    files.put("/var/log/now", kind="link", to="nv/a")
    files.put("/var/log/none", kind="dir")
    result = pull(tmp_path, files)
    here = tmp_path / "out" / "n1" / "log"
    assert (here / "messages").read_bytes() == b"hello"
    assert (here / "messages").stat().st_mode & 0o7777 == 0o755
    assert (here / "now").readlink() == Path("nv/a")
    assert (here / "now").read_bytes() == b"x" * 10_000
    assert (here / "none").is_dir()
    assert (result.detail["written_count"], result.detail["bytes_count"]) == (3, 10_005)


def test_a_single_file_comes_under_its_own_name(tmp_path: Path) -> None:
    files = FakeFiles()
    files.put("/etc/hostname", b"n1\n")
    pull(tmp_path, files, "/etc/hostname")
    assert (tmp_path / "out" / "n1" / "hostname").read_bytes() == b"n1\n"


def test_a_second_pull_copies_only_what_differs(tmp_path: Path) -> None:
    files = FakeFiles()
    files.put("/var/log/a", b"same")
    files.put("/var/log/b", b"old")
    files.put("/var/log/link", kind="link", to="a")
    pull(tmp_path, files)
    files.tree["/var/log/b"].data = b"new"
    files.calls.clear()
    result = pull(tmp_path, files)
    assert [path for what, path in files.calls if what == "read"] == ["/var/log/b"]
    assert (result.detail["written_count"], result.detail["skipped_count"]) == (1, 2)


def stat(kind: str = "file") -> RemoteStat:
    return RemoteStat(kind=kind, size_bytes=4, mode=0o644, uid=0, gid=0, mtime_s=0.0)


@pytest.mark.parametrize("name", ["..", ".", "", "/etc/cron.d/evil", "../evil", "a/b", "a\0b"])
def test_a_hostile_name_can_not_leave_the_nodes_folder(tmp_path: Path, name: str) -> None:
    files = FakeFiles()
    files.put("/var/log/good", b"fine")
    files.lies["/var/log"] = [(name, stat()), (name, stat("dir"))]
    result = pull(tmp_path, files)
    found = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if not path.is_dir()]
    assert found == [Path("out/n1/log/good")]
    assert result.detail["left_out_count"] == 2
    assert "2 left out" in result.message


def test_names_with_control_characters_are_kept_escaped(tmp_path: Path) -> None:
    files = FakeFiles()
    files.put("/var/log/a\x1b[2J\n", b"x")
    files.put("/var/log/caf\u00e9 100%", b"y")
    files.put("/var/log/\udcff", b"z")
    pull(tmp_path, files)
    names = {path.name for path in (tmp_path / "out" / "n1" / "log").iterdir()}
    assert names == {"a%1B%5B2J%0A", "caf\u00e9 100%", "%FF"}


@pytest.mark.parametrize("to", ["/etc/shadow", "../../../etc/shadow", "a/../../../../x"])
def test_a_link_that_leads_out_is_left_out(tmp_path: Path, to: str) -> None:
    files = FakeFiles()
    files.put("/var/log/link", kind="link", to=to)
    assert pull(tmp_path, files).detail["left_out"] == ["/var/log/link"]
    assert not (tmp_path / "out" / "n1" / "log" / "link").is_symlink()


def test_a_link_laid_into_the_folder_is_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "out" / "n1").mkdir(parents=True)
    (tmp_path / "out" / "n1" / "log").symlink_to(outside)
    files = FakeFiles()
    files.put("/var/log/a", b"x")
    with pytest.raises(NodeError) as caught:
        pull(tmp_path, files)
    assert caught.value.outcome is Outcome.LOCAL
    assert list(outside.iterdir()) == []


def test_a_node_with_too_many_files_is_not_copied(tmp_path: Path) -> None:
    files = FakeFiles()
    for number in range(20):
        files.put(f"/var/log/{number}", b"x")
    with pytest.raises(NodeError, match="more than 10 files"):
        pull(tmp_path, files, most_files=10)
    assert not (tmp_path / "out").exists()


def test_a_node_that_sends_too_much_is_cut_off_and_leaves_no_half_file(tmp_path: Path) -> None:
    files = FakeFiles()
    files.put("/var/log/a", b"x" * 50_000)
    with pytest.raises(NodeError, match="more than 20000 bytes"):
        pull(tmp_path, files, most_bytes=20_000)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_a_node_does_not_have_is_its_exit(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="no such file") as caught:
        pull(tmp_path, FakeFiles())
    assert caught.value.outcome is Outcome.EXIT


def test_devices_and_pipes_are_left_out(tmp_path: Path) -> None:
    files = FakeFiles()
    files.put("/var/log/null", kind="other")
    assert pull(tmp_path, files).detail["left_out_count"] == 1


def test_sha256sums_escapes_are_understood() -> None:
    digest = "0" * 64
    data = f"{digest}  plain\n\\{digest}  a\\nb\\\\c\nsha256sum: x: No such file\n".encode()
    assert parse_sha256sum(data) == {b"plain": digest, b"a\nb\\c": digest}
