"""What every RemoteFiles must do: whole files both ways, missing ones told apart, errors with the path."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.ports.transport import Command, Link, RemoteFiles, RemoteStat
from aifctl.transport.ssh import open_transport
from tests.sshd import Sshd, needs_sshd, running_sshd

pytestmark = [needs_sshd, pytest.mark.ssh]


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


def on_files(sshd: Sshd, use: Callable[[RemoteFiles], Coroutine[Any, Any, Any]]) -> Any:
    """Open the node's files, use them, close all."""

    async def body() -> Any:
        transport = open_transport(sshd.settings())
        link = await transport.dial(sshd.endpoint)
        try:
            return await use(await link.open_files())
        finally:
            await link.close()
            await transport.close()

    return asyncio.run(body())


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


@pytest.mark.parametrize("size", [0, 1, 32768, 32769, 5_000_001])
@pytest.mark.parametrize("piece", [1000, 1 << 20])
def test_a_file_goes_and_comes_back_byte_for_byte(sshd: Sshd, tmp_path: Path, size: int, piece: int) -> None:
    data = (os.urandom(65536) * (size // 65536 + 1))[:size]

    async def body(files: RemoteFiles) -> bytes:
        await files.write(str(tmp_path / "there"), pieces(data, piece), mode=0o640)
        return await whole(files.read(str(tmp_path / "there")))

    back = on_files(sshd, body)
    assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()
    assert (tmp_path / "there").read_bytes() == data
    assert (tmp_path / "there").stat().st_mode & 0o7777 == 0o640


def test_writing_replaces_what_was_there_and_what_was_longer(sshd: Sshd, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"x" * 100)
    on_files(sshd, lambda files: files.write(str(there), pieces(b"short", 3), mode=0o600))
    assert there.read_bytes() == b"short"


def test_a_file_without_a_size_is_read_to_its_end(sshd: Sshd) -> None:
    data: bytes = on_files(sshd, lambda files: whole(files.read("/proc/version")))
    assert data == Path("/proc/version").read_bytes()


def test_stat_tells_kinds_apart_and_does_not_follow_links(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "file").chmod(0o4755)
    (tmp_path / "dir").mkdir()
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")

    async def body(files: RemoteFiles) -> dict[str, RemoteStat | None]:
        return {name: await files.stat(str(tmp_path / name)) for name in ("file", "dir", "link", "pipe", "missing")}

    found = on_files(sshd, body)
    kinds = {name: one.kind if one else None for name, one in found.items()}
    assert kinds == {"file": "file", "dir": "dir", "link": "link", "pipe": "other", "missing": None}
    assert (found["file"].size_bytes, found["file"].mode, found["file"].uid) == (5, 0o4755, os.geteuid())
    assert abs(found["file"].mtime_s - (tmp_path / "file").stat().st_mtime) <= 1


def test_entries_are_all_but_the_two_dots_whatever_their_names(sshd: Sshd, tmp_path: Path) -> None:
    names = {"plain", "with space", "caf\u00e9", "new\nline", ".hidden"}
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / os.fsdecode(b"latin\xe9")).touch()
    found = on_files(sshd, lambda files: files.entries(str(tmp_path)))
    assert {name for name, _ in found} == names | {os.fsdecode(b"latin\xe9")}
    assert {one.kind for _, one in found} == {"file"}


def test_a_name_that_is_no_utf8_can_be_read_and_removed(sshd: Sshd, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"latin\xe9")
    odd.write_bytes(b"content")

    async def body(files: RemoteFiles) -> bytes:
        data = await whole(files.read(str(odd)))
        await files.remove(str(odd))
        return data

    assert on_files(sshd, body) == b"content"
    assert not odd.exists()


def test_links_are_made_and_read(sshd: Sshd, tmp_path: Path) -> None:
    async def body(files: RemoteFiles) -> str:
        await files.make_link(str(tmp_path / "link"), to="some/where")
        return await files.read_link(str(tmp_path / "link"))

    assert on_files(sshd, body) == "some/where"
    assert os.readlink(tmp_path / "link") == "some/where"  # noqa: PTH115 - the text, not a path


def test_rename_replaces_its_target_at_one_stroke(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "old").write_bytes(b"old")
    on_files(sshd, lambda files: files.rename(str(tmp_path / "new"), str(tmp_path / "old")))
    assert (tmp_path / "old").read_bytes() == b"new"
    assert not (tmp_path / "new").exists()


def test_folders_are_made_with_their_mode_and_removed(sshd: Sshd, tmp_path: Path) -> None:
    async def body(files: RemoteFiles) -> RemoteStat | None:
        await files.make_dir(str(tmp_path / "dir"), mode=0o2770)
        await files.make_dir(str(tmp_path / "gone"), mode=0o700)
        await files.remove_dir(str(tmp_path / "gone"))
        await files.set_mode(str(tmp_path / "dir"), 0o711)
        return await files.stat(str(tmp_path / "gone"))

    assert on_files(sshd, body) is None
    assert (tmp_path / "dir").stat().st_mode & 0o777 == 0o711


def test_errors_name_the_path_and_the_node(sshd: Sshd, tmp_path: Path) -> None:
    missing = str(tmp_path / "no" / "such")
    for use in (
        lambda files: whole(files.read(missing)),
        lambda files: files.write(missing, pieces(b"x", 1), mode=0o600),
        lambda files: files.remove(missing),
        lambda files: files.entries(missing),
        lambda files: files.rename(missing, missing + "2"),
    ):
        with pytest.raises(NodeError) as refused:
            on_files(sshd, use)
        assert refused.value.outcome is Outcome.PROTOCOL
        assert missing in refused.value.message
        assert "node1" in refused.value.message


def test_a_command_runs_on_the_link_while_its_files_are_open(sshd: Sshd, tmp_path: Path) -> None:
    async def body() -> bytes:
        transport = open_transport(sshd.settings())
        link: Link = await transport.dial(sshd.endpoint)
        files = await link.open_files()
        await files.write(str(tmp_path / "x"), pieces(b"from sftp", 2), mode=0o600)
        out = bytearray()
        await link.execute(Command(line=f"cat {tmp_path}/x"), stdout=out.extend, stderr=out.extend)
        slow = Command(line="sleep 600", timeout_s=0.2, grace_s=0.2)
        await link.execute(slow, stdout=out.extend, stderr=out.extend)
        data = await whole(files.read(str(tmp_path / "x")))  # ending a command leaves the files alone
        await link.close()
        await transport.close()
        return bytes(out) + b" " + data

    assert asyncio.run(body()) == b"from sftp from sftp"


def test_a_node_without_sftp_says_so(tmp_path: Path) -> None:
    with running_sshd(tmp_path, more="Subsystem sftp /bin/false") as sshd, pytest.raises(NodeError) as refused:
        on_files(sshd, lambda files: files.stat("/"))
    assert refused.value.outcome is Outcome.PROTOCOL
    assert "SFTP" in refused.value.message
