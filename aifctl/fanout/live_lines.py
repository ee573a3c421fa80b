"""Lines of a node's output, given away as soon as they are complete."""

from __future__ import annotations

from collections.abc import Callable

#: (node, stream, line without its newline); bytes as the node sent them.
Live = Callable[[str, str, bytes], None]

#: A line longer than this is shown in pieces: a node that prints a gigabyte without a newline is shown too.
MOST_LINE_BYTES = 8 << 10


class LineSplitter:
    """Cuts one stream into lines; holds at most one piece of MOST_LINE_BYTES."""

    __slots__ = ("_live", "_node", "_rest", "_stream")

    def __init__(self, live: Live, node: str, stream: str) -> None:
        self._live, self._node, self._stream = live, node, stream
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take some bytes and give away what is complete."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._give(line)
        if len(self._rest) >= MOST_LINE_BYTES:
            whole = len(self._rest) - len(self._rest) % MOST_LINE_BYTES
            self._give(self._rest[:whole])
            self._rest = self._rest[whole:]

    def finish(self) -> None:
        """Give away a last line that has no newline."""
        if self._rest:
            self._give(self._rest)
            self._rest = b""

    def _give(self, line: bytes) -> None:
        self._live(self._node, self._stream, line[:MOST_LINE_BYTES])
        for start in range(MOST_LINE_BYTES, len(line), MOST_LINE_BYTES):
            self._live(self._node, self._stream, line[start : start + MOST_LINE_BYTES])
