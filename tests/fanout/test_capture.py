"""What is kept of nodes' output: byte-exact, bounded, and in the right place."""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.fanout.capture import Keeper, StreamCapture
from aifctl.fanout.live_lines import MOST_LINE_BYTES
from aifctl.fanout.plan import Keeping
from aifctl.fanout.safe_names import safe_name

ODD = bytes(range(256)) * 3 + b"\xff\xfe\x1b[2J\r\n\0"


def keeper(folder: Path, *, cap: int = 1 << 20, inline: int = 4096, outdir: Path | None = None) -> Keeper:
    keeping = Keeping(cap_bytes=cap, inline_bytes=inline, outdir=str(outdir) if outdir else None)
    return Keeper(keeping=keeping, folder=folder, live=None, full=lambda _: None)


def test_little_output_stays_in_memory_byte_for_byte(tmp_path: Path) -> None:
    capture = StreamCapture(keeper(tmp_path), "n1", "stdout")
    for start in range(0, len(ODD), 7):
        capture.write(ODD[start : start + 7])
    output = capture.finish()
    assert (output.inline, output.path, output.truncated) == (ODD, None, False)
    assert (output.bytes_count, output.sha256) == (len(ODD), hashlib.sha256(ODD).hexdigest())
    assert list(tmp_path.iterdir()) == []


def test_much_output_goes_to_a_file_named_by_its_digest(tmp_path: Path) -> None:
    capture = StreamCapture(keeper(tmp_path), "n1", "stdout")
    data = ODD * 400
    capture.write(data[:1000])
    capture.write(data[1000:])
    output = capture.finish()
    assert output.inline is None
    assert output.path == str(tmp_path / hashlib.sha256(data).hexdigest())
    assert Path(output.path).read_bytes() == data
    assert Path(output.path).stat().st_mode & 0o777 == 0o600


def test_equal_output_of_many_nodes_is_kept_once(tmp_path: Path) -> None:
    shared = keeper(tmp_path)
    paths = set()
    for number in range(5):
        capture = StreamCapture(shared, f"n{number}", "stdout")
        capture.write(ODD * 100)
        paths.add(capture.finish().path)
    assert len(paths) == len(list(tmp_path.iterdir())) == 1


def test_beyond_the_cap_bytes_are_counted_and_hashed_but_not_kept(tmp_path: Path) -> None:
    capture = StreamCapture(keeper(tmp_path, cap=10_000), "n1", "stdout")
    data = os.urandom(100_000)
    for start in range(0, len(data), 999):
        capture.write(data[start : start + 999])
    output = capture.finish()
    assert output.path is not None
    assert (output.bytes_count, output.truncated) == (100_000, True)
    assert output.sha256 == hashlib.sha256(data).hexdigest()
    assert Path(output.path).read_bytes() == data[:10_000]


def test_a_cap_below_the_inline_size_truncates_in_memory(tmp_path: Path) -> None:
    capture = StreamCapture(keeper(tmp_path, cap=5), "n1", "stdout")
    capture.write(b"0123456789")
    output = capture.finish()
    assert (output.inline, output.truncated, output.bytes_count) == (b"01234", True, 10)


def test_the_outdir_holds_every_byte_whatever_the_cap(tmp_path: Path) -> None:
    outdir, kept = tmp_path / "out", tmp_path / "kept"
    outdir.mkdir()
    kept.mkdir()
    capture = StreamCapture(keeper(kept, cap=100, outdir=outdir), "n1", "stderr")
    data = os.urandom(200_000)
    capture.write(data[:3])
    capture.write(data[3:])
    capture.finish()
    assert (outdir / "n1.err").read_bytes() == data


def test_the_outdir_has_a_file_for_a_node_that_said_nothing_and_replaces_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "n1.out").write_bytes(b"of yesterday")
    StreamCapture(keeper(tmp_path, outdir=tmp_path), "n1", "stdout").finish()
    assert (tmp_path / "n1.out").read_bytes() == b""


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "..", ".hidden", "a\nb", "", "a" * 500, "é/ü"])
def test_a_nodes_name_can_not_leave_the_outdir(tmp_path: Path, name: str) -> None:
    outdir = tmp_path / "out"
    outdir.mkdir()
    StreamCapture(keeper(tmp_path, outdir=outdir), name, "stdout").finish()
    (found,) = outdir.iterdir()
    assert [path for path in tmp_path.iterdir() if path != outdir] == []
    assert not found.name.startswith(".")


def test_different_names_never_share_a_file() -> None:
    names = ["a/b", "a%2Fb", "a", "%", "", ".a", "%2Ea", "x" * 300, "x" * 301]
    assert len({safe_name(name) for name in names}) == len(names)


def test_a_link_laid_into_the_outdir_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / "n1.out").symlink_to(victim)
    capture = StreamCapture(keeper(tmp_path, outdir=tmp_path), "n1", "stdout")
    capture.write(b"x" * 100_000)
    capture.finish()
    assert victim.read_bytes() == b"mine"
    assert "n1" in capture.problem or "can't be kept" in capture.problem


def test_a_flood_takes_little_memory(tmp_path: Path) -> None:
    capture = StreamCapture(keeper(tmp_path), "n1", "stdout")
    piece = b"\0" * 65536
    tracemalloc.start()
    try:
        for _ in range(1000):
            capture.write(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert capture.finish().bytes_count == 65_536_000
    assert peak < 1 << 20


def test_captures_hold_no_file_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    captures = [StreamCapture(keeper(tmp_path, outdir=tmp_path), f"n{number}", "stdout") for number in range(50)]
    for capture in captures:
        capture.write(b"x" * 100_000)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    for capture in captures:
        capture.finish()


@contextlib.contextmanager
def files_end_at(most_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size, so that writing fails as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_no_more_is_told_once_and_raises_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    shared = Keeper(keeping=Keeping(), folder=tmp_path, live=None, full=said.append)
    capture = StreamCapture(shared, "n1", "stdout")
    with files_end_at(100_000):
        for _ in range(20):
            capture.write(os.urandom(100_000))
        output = capture.finish()
    assert "File too large" in capture.problem
    assert len(said) == 1
    assert (output.bytes_count, output.truncated) == (2_000_000, True)
    assert list(tmp_path.iterdir()) == []


def lines_of(*pieces: bytes) -> list[bytes]:
    seen: list[bytes] = []
    shared = Keeper(
        keeping=Keeping(), folder=Path("/nonexistent"), live=lambda _, __, line: seen.append(line), full=lambda _: None
    )
    capture = StreamCapture(shared, "n1", "stdout")
    for piece in pieces:
        capture.write(piece)
    capture.finish()
    return seen


def test_live_lines_come_when_they_are_complete() -> None:
    assert lines_of(b"a\nb", b"c\n\nd") == [b"a", b"bc", b"", b"d"]


def test_a_line_without_end_is_shown_in_pieces() -> None:
    pieces = lines_of(*[b"x" * 1000] * 50, b"\nend\n")
    assert b"".join(pieces) == b"x" * 50_000 + b"end"
    assert max(map(len, pieces)) <= MOST_LINE_BYTES


def test_a_huge_piece_without_end_is_shown_in_pieces() -> None:
    pieces = lines_of(b"x" * 100_000)
    assert max(map(len, pieces)) <= MOST_LINE_BYTES
    assert sum(map(len, pieces)) == 100_000
