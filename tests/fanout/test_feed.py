"""Standard input on its way to many nodes."""

from __future__ import annotations

import asyncio
import os
import resource
import tracemalloc
from pathlib import Path

import pytest

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fanout.descriptors import raise_descriptors
from aifctl.fanout.feed import Feed, Growth, spool


async def all_of(feed: Feed) -> bytes:
    return b"".join([chunk async for chunk in feed.read()])


def test_each_reader_reads_from_the_beginning_at_its_own_pace(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "spool"
        path.write_bytes(b"abcdef")
        feed = Feed(path)
        feed.grow(Growth(size_bytes=3))
        slow = feed.read()
        assert await anext(slow) == b"abc"
        feed.grow(Growth(size_bytes=6, complete=True))
        assert await all_of(feed) == b"abcdef"
        assert await anext(slow) == b"def"
        assert [chunk async for chunk in slow] == []
        feed.close()

    asyncio.run(main())


def test_a_reader_waits_for_what_is_still_to_come(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "spool"
        path.write_bytes(b"later")
        feed = Feed(path)
        reading = asyncio.ensure_future(all_of(feed))
        await asyncio.sleep(0)
        assert not reading.done()
        feed.grow(Growth(size_bytes=5))
        feed.grow(Growth(size_bytes=5, complete=True))
        assert await reading == b"later"
        feed.close()

    asyncio.run(main())


def test_input_that_broke_off_is_an_error_and_never_an_early_end(tmp_path: Path) -> None:
    async def main() -> None:
        feed = Feed(tmp_path / "spool")
        feed.grow(Growth(problem="the input can't be spooled: No space left on device"))
        with pytest.raises(NodeError, match="No space left") as caught:
            await all_of(feed)
        assert caught.value.outcome is Outcome.LOCAL

    asyncio.run(main())


def test_a_spool_that_can_not_be_written_is_told_to_the_readers(tmp_path: Path) -> None:
    told: list[Growth] = []
    (tmp_path / "given").write_bytes(b"x" * 300_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with (tmp_path / "given").open("rb") as source:
            asyncio.run(spool(source, tmp_path / "spool", tell=told.append))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "File too large" in told[-1].problem
    assert not told[-1].complete


def test_a_pipe_is_spooled_as_it_comes(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    told: list[Growth] = []

    def tell(growth: Growth) -> None:
        told.append(growth)
        if len(told) == 1:
            os.write(write_end, b"second")
            os.close(write_end)

    os.write(write_end, b"first ")
    with os.fdopen(read_end, "rb") as source:
        asyncio.run(spool(source, tmp_path / "spool", tell=tell))
    assert [growth.size_bytes for growth in told] == [6, 12, 12]
    assert told[-1].complete
    assert (tmp_path / "spool").read_bytes() == b"first second"
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o400


def test_readers_hold_a_piece_each_and_never_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    path.write_bytes(bytes(8 << 20))

    async def main() -> int:
        feed = Feed(path)
        feed.grow(Growth(size_bytes=8 << 20, complete=True))
        tracemalloc.start()
        total = 0
        async for chunk in feed.read():
            total += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        feed.close()
        assert total == 8 << 20
        return peak

    assert asyncio.run(main()) < 1 << 20


def test_the_limit_of_open_files_is_raised_to_what_the_system_allows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
    try:
        raise_descriptors()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
