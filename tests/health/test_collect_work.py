"""Some commands on one node, each into a file of its own."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.health.collect_work import CollectWork, Part
from aifctl.ports.transport import Bytes, Command, Ended
from aifctl.ports.work import NodeResult
from tests.fakes.run_parts import desks
from tests.fakes.virtual_time import run_virtually

NODE = Endpoint(name="n1", address="n1")


class SayingLink:
    """As much of ports.transport.Link as is asked of it: says of each line what it is told to."""

    def __init__(self, says: dict[str, tuple[bytes, bytes, int]]) -> None:
        self._says, self._halted = says, False
        self.lines: list[str] = []

    async def execute(
        self, command: Command, *, stdout: Bytes, stderr: Bytes, feed: AsyncIterator[bytes] | None = None
    ) -> Ended:
        assert feed is None
        self.lines.append(command.line)
        self._halted = False
        out, err, code = self._says[command.line]
        for at in range(0, len(out), 1024):
            stdout(out[at : at + 1024])
            if self._halted:
                return Ended(halted=Outcome.UNREADABLE)
        if err:
            stderr(err)
        await asyncio.sleep(0)
        return Ended(rc=code)

    def halt(self, why: Outcome) -> None:
        assert why is Outcome.UNREADABLE
        self._halted = True


def parts(*names: str) -> tuple[Part, ...]:
    return tuple(Part(name=f"{name}.txt", command=Command(line=name, timeout_s=5.0)) for name in names)


def collected(
    folder: Path, says: dict[str, tuple[bytes, bytes, int]], *, halted: bool = False, **more: Any
) -> NodeResult:
    work = CollectWork(parts=parts(*says), folder=str(folder), **more)
    link: Any = SayingLink(says)

    async def main() -> NodeResult:
        made = desks()
        desk = made(NODE)
        await desk.about_to_start()
        made.halted = halted
        return await work.perform(NODE, link, desk)

    return run_virtually(main())


def test_each_part_has_a_file_of_its_own_that_nobody_else_can_read(tmp_path: Path) -> None:
    result = collected(tmp_path / "new", {"a": (b"one\xff\n", b"", 0), "b": (b"two", b"hm\n", 0)})
    assert result.outcome is Outcome.OK
    assert (result.detail["files_count"], result.detail["bytes_count"], result.message) == (2, 8, "")
    folder = tmp_path / "new" / "n1"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a.txt": b"one\xff\n",
        "b.txt": b"two",
        "b.txt.err": b"hm\n",
    }
    assert stat.S_IMODE((folder / "a.txt").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_part_that_fails_is_said_and_the_others_are_kept(tmp_path: Path) -> None:
    result = collected(tmp_path, {"a": (b"", b"sh: a: not found\n", 127), "b": (b"two", b"", 0)})
    assert result.outcome is Outcome.OK
    assert result.detail["failed"] == {"a.txt": "exit 127: sh: a: not found"}
    assert result.message == "a.txt: exit 127: sh: a: not found"
    assert result.detail["files_count"] == 1


def test_where_every_part_fails_the_node_has(tmp_path: Path) -> None:
    result = collected(tmp_path, {"a": (b"", b"", 1), "b": (b"", b"", 2)})
    assert (result.outcome, result.rc) == (Outcome.EXIT, 2)


def test_a_node_that_never_stops_talking_is_cut_off_and_the_next_part_is_run(tmp_path: Path) -> None:
    result = collected(tmp_path, {"a": (b"x" * 10_000, b"", 0), "b": (b"two", b"", 0)}, most_bytes=4096)
    assert (tmp_path / "n1" / "a.txt").stat().st_size == 4096
    assert "a.txt: it said more than" in result.message
    assert (tmp_path / "n1" / "b.txt").read_bytes() == b"two"


def test_when_the_run_ends_no_further_part_is_begun(tmp_path: Path) -> None:
    result = collected(tmp_path, {"a": (b"one", b"", 0)}, halted=True)
    assert result.outcome is Outcome.CANCELLED
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_somebody_laid_into_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "n1").mkdir()
    (tmp_path / "n1" / "a.txt").symlink_to("/etc/passwd")
    with pytest.raises(NodeError, match=r"a\.txt can't be written here") as told:
        collected(tmp_path, {"a": (b"one", b"", 0)})
    assert told.value.outcome is Outcome.LOCAL
