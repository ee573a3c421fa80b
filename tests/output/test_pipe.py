from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError
from aifctl.core.report import ReaderGoneError
from aifctl.output.pipe import TextPipe

_MEGABYTE = "0123456789abcdef" * (1 << 16)


def _read_all(descriptor: int, into: list[bytes]) -> None:
    while data := os.read(descriptor, 1 << 16):
        into.append(data)


@pytest.mark.parametrize("blocking", [True, False])
def test_all_of_it_arrives_through_a_pipe_that_takes_less_at_a_time(blocking: bool) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, blocking)
    got: list[bytes] = []
    thread = threading.Thread(target=_read_all, args=(reader, got))
    thread.start()

    pipe = TextPipe(writer)
    pipe.write(_MEGABYTE)
    pipe.write("end")
    pipe.flush()
    os.close(writer)
    thread.join()
    os.close(reader)

    assert b"".join(got).decode() == _MEGABYTE + "end"


def test_a_pipe_nobody_reads_says_that_its_reader_has_gone() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    pipe = TextPipe(writer)
    pipe.write("lost")

    with pytest.raises(ReaderGoneError):
        pipe.flush()
    os.close(writer)


def test_a_closed_descriptor_counts_as_a_reader_that_has_gone() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    pipe = TextPipe(writer)
    pipe.write("lost")

    with pytest.raises(ReaderGoneError):
        pipe.flush()


def test_a_full_disk_is_an_error_and_not_silence() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    pipe = TextPipe(descriptor)
    pipe.write("lost")

    with pytest.raises(SetupError, match="No space left on device; send it somewhere else"):
        pipe.flush()
    os.close(descriptor)


def test_characters_that_the_encoding_lacks_become_escapes(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        pipe = TextPipe(out.fileno(), encoding="ascii")
        pipe.write("é日\udcff")
        pipe.flush()

    assert (tmp_path / "out").read_bytes() == b"\\xe9\\u65e5\\udcff"


def test_little_is_written_in_one_go(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        pipe = TextPipe(out.fileno())
        pipe.write("a")
        before = (tmp_path / "out").read_bytes()
        pipe.flush()

    assert (before, (tmp_path / "out").read_bytes()) == (b"", b"a")
