"""What every RemoteFiles must do, seen through itself alone: the fake, plain OpenSSH, a simulated node, real hosts."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.core.state_dir import StateDir
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings, RemoteFiles, Transport
from aifctl.sim import processes
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec
from aifctl.transport.ssh import open_transport
from tests.fakes.files import FakeFiles
from tests.fakes.fleet import FakeFleet, Script
from tests.sshd import Sshd, needs_sshd, running_sshd

_ODD = os.fsdecode(b"latin\xe9")


def from_here(go: Callable[[], Any]) -> Any:
    """Call it where we stand; a subject in another network has to go there first."""
    return go()


@dataclass
class Node:
    """A node whose files are to be used; `folder` is a path on it that does not exist yet."""

    make: Callable[[], Transport]
    endpoint: Endpoint
    folder: str
    reach: Callable[[Callable[[], Any]], Any] = from_here

    def use(self, body: Callable[[RemoteFiles, str], Coroutine[Any, Any, Any]]) -> Any:
        """Open the files, make the folder, use both, take the folder away, close all."""

        async def main() -> Any:
            transport = self.make()
            link = await transport.dial(self.endpoint)
            try:
                files = await link.open_files()
                await files.make_dir(self.folder, mode=0o700)
                try:
                    return await body(files, self.folder)
                finally:
                    await remove_tree(files, self.folder)
            finally:
                await link.close()
                await transport.close()

        return self.reach(lambda: asyncio.run(main()))


async def remove_tree(files: RemoteFiles, folder: str) -> None:
    for name, entry in await files.entries(folder):
        path = f"{folder}/{name}"
        await (remove_tree(files, path) if entry.kind == "dir" else files.remove(path))
    await files.remove_dir(folder)


async def pieces(data: bytes, size: int = 1 << 20) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


def fake_node(_request: pytest.FixtureRequest) -> Node:
    files = FakeFiles()
    fleet = partial(FakeFleet, ordinary=Script(files=files))
    return Node(make=fleet(), endpoint=Endpoint(name="n1", address="192.0.2.1"), folder="/folder")


def openssh_node(request: pytest.FixtureRequest) -> Node:
    sshd: Sshd = request.getfixturevalue("real")
    folder: Path = request.getfixturevalue("tmp_path")
    settings: DialSettings = sshd.settings()
    return Node(make=lambda: open_transport(settings), endpoint=sshd.endpoint, folder=str(folder / "there"))


def sim_node(request: pytest.FixtureRequest) -> Node:
    handle: SimHandle = request.getfixturevalue("simulated")
    place = handle.layout.place(0)
    settings = DialSettings(
        user=handle.spec.user, identities=(str(handle.files.identity),), known_hosts=(str(handle.files.known_hosts),)
    )
    endpoint = Endpoint(name=place.name, address=place.address, port=handle.port)
    return Node(make=lambda: open_transport(settings), endpoint=endpoint, folder="/tmp/contract")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as sshd:
        yield sshd


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimHandle]:
    state = StateDir(path=tmp_path_factory.mktemp("fleet"))
    handle = processes.up(FleetSpec(nodes_count=1), state, tied=True)
    yield handle
    processes.down(handle, state)


@pytest.fixture(
    params=[
        pytest.param(fake_node, id="fake"),
        pytest.param(openssh_node, marks=[needs_sshd, pytest.mark.ssh], id="openssh"),
        pytest.param(sim_node, marks=pytest.mark.ssh, id="sim"),
    ]
)
def node(request: pytest.FixtureRequest) -> Node:
    made: Node = request.param(request)
    return made


@pytest.mark.parametrize("size", [0, 1, 32768, 32769, 3_000_001])
def test_a_file_goes_and_comes_back_byte_for_byte_with_its_mode(node: Node, size: int) -> None:
    data = random.Random(size).randbytes(size)  # noqa: S311  not a secret

    async def body(files: RemoteFiles, folder: str) -> tuple[bytes, int]:
        await files.write(f"{folder}/file", pieces(data, 50_000), mode=0o640)
        entry = await files.stat(f"{folder}/file")
        assert entry is not None
        assert entry.size_bytes == size
        return await whole(files.read(f"{folder}/file")), entry.mode

    back, mode = node.use(body)
    assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()
    assert mode == 0o640


def test_writing_replaces_what_was_there_and_what_was_longer(node: Node) -> None:
    async def body(files: RemoteFiles, folder: str) -> bytes:
        await files.write(f"{folder}/file", pieces(b"x" * 100), mode=0o600)
        await files.write(f"{folder}/file", pieces(b"short"), mode=0o600)
        return await whole(files.read(f"{folder}/file"))

    assert node.use(body) == b"short"


def test_stat_tells_kinds_apart_and_does_not_follow_links(node: Node) -> None:
    async def body(files: RemoteFiles, folder: str) -> dict[str, str | None]:
        await files.write(f"{folder}/file", pieces(b"12345"), mode=0o600)
        await files.make_dir(f"{folder}/dir", mode=0o755)
        await files.make_link(f"{folder}/link", to="file")
        found = {name: await files.stat(f"{folder}/{name}") for name in ("file", "dir", "link", "missing")}
        return {name: entry.kind if entry else None for name, entry in found.items()}

    assert node.use(body) == {"file": "file", "dir": "dir", "link": "link", "missing": None}


def test_entries_are_all_but_the_two_dots_whatever_their_names(node: Node) -> None:
    names = {"plain", "with space", "caf\u00e9", "new\nline", ".hidden", "-rf", _ODD}

    async def body(files: RemoteFiles, folder: str) -> set[str]:
        for name in names:
            await files.write(f"{folder}/{name}", pieces(b""), mode=0o600)
        return {name for name, _ in await files.entries(folder)}

    assert node.use(body) == names


def test_a_link_is_read_as_it_was_made_even_if_it_leads_nowhere(node: Node) -> None:
    async def body(files: RemoteFiles, folder: str) -> str:
        await files.make_link(f"{folder}/link", to="../some/where")
        return await files.read_link(f"{folder}/link")

    assert node.use(body) == "../some/where"


def test_rename_replaces_its_target_at_one_stroke(node: Node) -> None:
    async def body(files: RemoteFiles, folder: str) -> tuple[bytes, object]:
        await files.write(f"{folder}/new", pieces(b"new"), mode=0o600)
        await files.write(f"{folder}/old", pieces(b"old"), mode=0o600)
        await files.rename(f"{folder}/new", f"{folder}/old")
        return await whole(files.read(f"{folder}/old")), await files.stat(f"{folder}/new")

    assert node.use(body) == (b"new", None)


def test_folders_have_the_mode_they_are_given_and_one_that_is_not_empty_stays(node: Node) -> None:
    async def body(files: RemoteFiles, folder: str) -> tuple[int, int]:
        await files.make_dir(f"{folder}/dir", mode=0o750)
        first = await files.stat(f"{folder}/dir")
        await files.set_mode(f"{folder}/dir", 0o711)
        second = await files.stat(f"{folder}/dir")
        await files.write(f"{folder}/dir/file", pieces(b"x"), mode=0o600)
        with pytest.raises(NodeError):
            await files.remove_dir(f"{folder}/dir")
        assert first is not None
        assert second is not None
        return first.mode, second.mode

    assert node.use(body) == (0o750, 0o711)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda files, path: whole(files.read(path)),
        lambda files, path: files.write(path, pieces(b"x"), mode=0o600),
        lambda files, path: files.remove(path),
        lambda files, path: files.entries(path),
        lambda files, path: files.read_link(path),
        lambda files, path: files.rename(path, f"{path}2"),
        lambda files, path: files.make_dir(path, mode=0o700),
        lambda files, path: files.remove_dir(path),
        lambda files, path: files.set_mode(path, 0o600),
        lambda files, path: files.make_link(path, to="x"),
    ],
    ids=[
        "read",
        "write",
        "remove",
        "entries",
        "read_link",
        "rename",
        "make_dir",
        "remove_dir",
        "set_mode",
        "make_link",
    ],
)
def test_what_cannot_be_done_is_an_error_that_names_the_path(
    node: Node, attempt: Callable[[RemoteFiles, str], Coroutine[Any, Any, Any]]
) -> None:
    async def body(files: RemoteFiles, folder: str) -> NodeError:
        with pytest.raises(NodeError) as refused:
            await attempt(files, f"{folder}/no/such")
        return refused.value

    error = node.use(body)
    assert error.outcome is Outcome.PROTOCOL
    assert "/no/such" in error.message
