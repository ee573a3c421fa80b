"""One value of an item as one cell of a table: short, printable, on one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.output.json_text import dumps, plain_value
from aifctl.output.streams import printable_lines
from aifctl.output.tally import show_bytes
from aifctl.ports.work import Output

_STREAM_CHARACTERS = 60
_DECIMALS = 3
_MILLISECONDS = len(".123Z")


def cell(value: Any, key: str = "") -> str:
    """Return what a table shows of a value; `-` for none. Of a stream: its first line, and how much it is."""
    if isinstance(value, Output):
        return _stream(value)
    text = printable_line(_text(plain_value(value, key)))
    return f"{text[:-_MILLISECONDS]}Z" if key.endswith("_at") and text.endswith("Z") else text or "-"


def _text(plain: Any) -> str:
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if isinstance(plain, float):
        return f"{plain:.{_DECIMALS}f}"
    if isinstance(plain, list):
        return ",".join(map(str, plain))
    if isinstance(plain, Mapping):
        return dumps(plain) if plain else ""
    return "" if plain is None else str(plain)


def _stream(output: Output) -> str:
    line, left_out_count = next(printable_lines(output, longest=_STREAM_CHARACTERS), ("", 0))
    is_all = not left_out_count and output.bytes_count <= len(line.encode()) + 1
    return (line or "-") if is_all else f"{line} ({show_bytes(output.bytes_count)})".lstrip()
