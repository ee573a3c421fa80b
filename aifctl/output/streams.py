"""Reading one stream of a node when it is shown, in pieces, so that no report ever holds a whole stream."""

from __future__ import annotations

import base64
import codecs
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from aifctl.core.printable import printable
from aifctl.ports.work import Output

#: A multiple of 3, so that base64 of the pieces is base64 of the whole.
_PIECE_BYTES = 3 << 14


def chunks(output: Output) -> Iterator[bytes]:
    """Yield the kept bytes; OSError where the file that held them is gone."""
    if output.inline is not None:
        if output.inline:
            yield output.inline
        return
    with Path(output.path or "").open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def is_empty(output: Output) -> bool:
    """Whether the node sent nothing on this stream."""
    return output.bytes_count == 0 and not output.inline


def is_readable(output: Output) -> bool:
    """Whether the kept bytes are still there."""
    return output.inline is not None or Path(output.path or "").is_file()


def is_utf8(output: Output) -> bool:
    """Whether the kept bytes are UTF-8 from the first to the last."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        for piece in chunks(output):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def json_chunks(output: Output, *, encoding: str) -> Iterator[str]:
    """Yield a JSON string, in pieces: the text itself, or base64; `encoding` is what `is_utf8` made of it."""
    yield '"'
    if encoding == "utf-8":
        for text in _decoded(output, errors="strict"):
            yield json.dumps(text)[1:-1]
    else:
        yield from base64_chunks(output)
    yield '"'


def printable_chunks(output: Output, *, render: Callable[[str], str] = printable) -> Iterator[str]:
    r"""Yield text that is harmless anywhere: undecodable bytes and control characters as escapes, CR LF as LF."""
    held = ""  # a CR at the end of a piece: only the next one tells whether a LF follows
    for text in _decoded(output, errors="backslashreplace"):
        whole = held + text
        held = "\r" if whole.endswith("\r") else ""
        yield render(whole.removesuffix("\r").replace("\r\n", "\n"))
    if held:
        yield render(held)


def base64_chunks(output: Output) -> Iterator[str]:
    """Yield base64 of the kept bytes."""
    for piece in chunks(output):
        yield base64.b64encode(piece).decode()


def printable_lines(
    output: Output, *, longest: int | None = None, overdrawn: bool = False
) -> Iterator[tuple[str, int]]:
    """Yield (line, characters left out of it) without its newline.

    `longest` None leaves nothing out. `overdrawn` shows of a line that was drawn several times (CR: progress bars)
    what stood there in the end, as a terminal would.
    """
    line = _Line(longest=longest, overdrawn=overdrawn)
    for text in printable_chunks(output, render=str):
        for index, part in enumerate(text.split("\n")):
            if index:
                yield line.take()
            line.add(part)
    if line.is_open:
        yield line.take()


class _Line:
    """One line as its pieces come in, never more of it than is shown."""

    def __init__(self, *, longest: int | None, overdrawn: bool) -> None:
        self._longest, self._overdrawn = longest, overdrawn
        self._kept: list[str] = []
        self._kept_count = self._left_out_count = 0
        self._returned = False

    @property
    def is_open(self) -> bool:
        return bool(self._kept_count or self._left_out_count)

    def add(self, part: str) -> None:
        for index, drawn in enumerate(part.split("\r") if self._overdrawn else [part]):
            self._returned |= index > 0
            if drawn:
                if self._returned:
                    self.take()
                self._keep(printable(drawn))

    def take(self) -> tuple[str, int]:
        taken = "".join(self._kept), self._left_out_count
        self._kept, self._kept_count, self._left_out_count, self._returned = [], 0, 0, False
        return taken

    def _keep(self, text: str) -> None:
        room = len(text) if self._longest is None else max(0, self._longest - self._kept_count)
        self._kept.append(text[:room])
        self._kept_count += len(self._kept[-1])
        self._left_out_count += len(text) - len(self._kept[-1])


def _decoded(output: Output, *, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    for piece in chunks(output):
        if text := decoder.decode(piece):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text
