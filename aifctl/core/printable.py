"""Text from nodes made harmless for a terminal."""

from __future__ import annotations

import re

# C0 but tab and newline, DEL, C1 (a terminal in 8-bit mode obeys them), and the characters that reorder or hide text.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")

_LAST_BYTE = 0xFF


def printable(text: str) -> str:
    r"""Return `text` with every control character shown as an escape (\\x1b), never obeyed; tab and newline stay."""
    return _UNSAFE.sub(lambda match: _escape(match[0]), text)


def printable_bytes(data: bytes) -> str:
    r"""Decode as UTF-8, undecodable bytes shown as \\xNN, then as `printable`; a CR before a newline goes."""
    return printable(data.decode("utf-8", "backslashreplace").replace("\r\n", "\n"))


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code <= _LAST_BYTE else f"\\u{code:04x}"
