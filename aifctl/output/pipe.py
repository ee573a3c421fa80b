"""Text onto a file descriptor, whatever that is: a slow pipe, one in non-blocking mode, one nobody reads any more."""

from __future__ import annotations

import errno
import os
import select

from aifctl.core.errors import SetupError
from aifctl.core.report import ReaderGoneError

_FULL_BYTES = 1 << 16

#: The reader has closed its end, or the terminal has gone.
_GONE = frozenset({errno.EPIPE, errno.EIO, errno.EBADF, errno.ECONNRESET})


class TextPipe:
    """Gathers text and writes it in pieces of 64 KiB; characters that the encoding lacks become escapes.

    Raises ReaderGoneError when nobody reads any more, SetupError when it can't be written (disk full).
    """

    def __init__(self, descriptor: int, *, encoding: str = "utf-8") -> None:
        self.descriptor, self._encoding = descriptor, encoding
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    def write(self, text: str) -> None:
        """Take some text; it may stay here until `flush`."""
        data = text.encode(self._encoding, "backslashreplace")
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _FULL_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write all that waits, before returning."""
        data, self._waiting, self._waiting_bytes = b"".join(self._waiting), [], 0
        rest = memoryview(data)
        while rest:
            rest = rest[self._write_some(rest) :]

    def _write_some(self, data: memoryview) -> int:
        try:
            return os.write(self.descriptor, data)
        except BlockingIOError:  # a pipe shared with ssh, node or a pager may be in non-blocking mode
            poll = select.poll()
            poll.register(self.descriptor, select.POLLOUT)
            poll.poll()
            return 0
        except OSError as problem:
            if problem.errno in _GONE:
                raise ReaderGoneError(*problem.args) from problem
            raise SetupError(f"the report can't be written: {problem.strerror}; send it somewhere else") from problem
