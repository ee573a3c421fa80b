"""What is known of the place a report is written to: a terminal or not, how wide, which characters it can show."""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_USUAL_WIDTH = 80


class Descriptor(Protocol):
    """Anything with a file descriptor: sys.stdout, a file, a socket."""

    def fileno(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalFacts:
    """Attributes:
    is_terminal: a person looks at it; only then is anything cut to fit.
    width: columns; 80 where nobody knows.
    colour: SGR sequences are welcome.
    moves: the cursor may be moved (not TERM=dumb), so that a line can be drawn again.
    encoding: what text is encoded with; characters it lacks are written as escapes.
    """

    is_terminal: bool = False
    width: int = _USUAL_WIDTH
    colour: bool = False
    moves: bool = False
    encoding: str = "utf-8"

    @property
    def unicode(self) -> bool:
        """Whether rules, bars and ellipses may be drawn with more than ASCII."""
        return self.encoding == "utf-8"

    @classmethod
    def detect(cls, stream: Descriptor, environ: Mapping[str, str], *, color: str = "auto") -> TerminalFacts:
        """Look at a stream and its environment; `color` is what --color says: auto, always or never."""
        is_terminal = _is_terminal(stream)
        dumb = environ.get("TERM", "") in {"", "dumb"}
        wanted = is_terminal and not dumb and not environ.get("NO_COLOR")
        return cls(
            is_terminal=is_terminal,
            width=_width(stream, environ),
            colour=wanted if color == "auto" else color == "always",
            moves=is_terminal and not dumb,
            encoding=_encoding(stream, environ),
        )


def environ_as_given() -> Mapping[str, str]:
    """Return the environment without the LC_CTYPE that Python puts there by itself under LANG=C (PEP 538)."""
    if os.environ.get("LC_CTYPE") not in {"C.UTF-8", "C.utf8", "UTF-8"}:
        return os.environ
    try:
        given = Path("/proc/self/environ").read_bytes()
    except OSError:
        return os.environ
    if any(entry.startswith(b"LC_CTYPE=") for entry in given.split(b"\0")):
        return os.environ
    return {name: value for name, value in os.environ.items() if name != "LC_CTYPE"}


def columns_of(descriptor: int) -> int:
    """Return how wide a terminal is now; 0 where that is not known."""
    return size_of(descriptor)[0]


def size_of(descriptor: int) -> tuple[int, int]:
    """Return how many columns and lines a terminal has now; 0 where that is not known."""
    try:
        size = os.get_terminal_size(descriptor)
    except OSError:
        return 0, 0
    return size.columns, size.lines


def _is_terminal(stream: Descriptor) -> bool:
    try:
        return os.isatty(stream.fileno())
    except (OSError, ValueError):  # closed by whoever started us, or never a file
        return False


def _width(stream: Descriptor, environ: Mapping[str, str]) -> int:
    told = environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return columns_of(stream.fileno()) or _USUAL_WIDTH
    except (OSError, ValueError):
        return _USUAL_WIDTH


def _encoding(stream: Descriptor, environ: Mapping[str, str]) -> str:
    """Take the locale's word, not the stream's: Python calls a stream UTF-8 even under LANG=C (PEP 538, PEP 540)."""
    told = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "C"
    if told.partition(".")[0] in {"C", "POSIX"} and "." not in told:
        return "ascii"
    try:
        return codecs.lookup(getattr(stream, "encoding", None) or "utf-8").name
    except LookupError:
        return "ascii"
