"""Text from nodes made harmless for a terminal."""

from __future__ import annotations

import re

# C0 but tab and newline, DEL, C1 (a terminal in 8-bit mode obeys them), lone surrogates, and what reorders or hides
# text: bidirectional controls (CVE-2021-42574), zero-width characters, fillers that show as nothing, tags.
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNSAFE_IN_LINE = re.compile(_UNSAFE.pattern.replace(r"\x00-\x08\x0b-\x1f", r"\x00-\x1f"))

_NAMED = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}
_LAST_BYTE = 0xFF
_LAST_SHORT = 0xFFFF


def printable(text: str) -> str:
    r"""Return `text` with every control character shown as an escape (\\x1b), never obeyed; tab and newline stay."""
    return _UNSAFE.sub(lambda match: _escape(match[0]), text)


def printable_line(text: str) -> str:
    r"""Return `text` as `printable` does, on one line: newline and tab become \\n and \\t."""
    return _UNSAFE_IN_LINE.sub(lambda match: _NAMED.get(match[0]) or _escape(match[0]), text)


def printable_bytes(data: bytes) -> str:
    r"""Decode as UTF-8, undecodable bytes shown as \\xNN, then as `printable`; a CR before a newline goes."""
    return printable(data.decode("utf-8", "backslashreplace").replace("\r\n", "\n"))


def _escape(character: str) -> str:
    code = ord(character)
    if code <= _LAST_BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _LAST_SHORT else f"\\U{code:08x}"
