"""A kernel's log as JSON: journalctl's entries, a line each, in a list or over many lines, and what dmesg --json prints."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aifctl.diagnosis.kernel_events import LogLine

_US = 1e6
_MOST_DIGITS = 16
#: Whose words in a journal or a syslog file mean something, beside the kernel's own.
OF_LINKS = frozenset({"systemd-networkd", "NetworkManager"})

_DECODER = json.JSONDecoder()
_BEGIN = re.compile(r'\s*(?:\{\s*"dmesg"\s*:\s*\[\s*|\[\s*)?(?=\{)')
_BETWEEN = re.compile(r"[\s,]*")
_END = re.compile(r"[\s\]}]*")


def an_entry_a_line(text: str) -> str:
    """Return a log as JSON with each entry on a line of its own, and its end cut off where it is cut; else the text."""
    begin = _BEGIN.match(text)
    if begin is None or _decoded(text.split("\n", 1)[0]):
        return text
    lines, at = [], begin.end()
    while text[at : at + 1] == "{":
        try:
            entry, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        lines.append(_line(entry))
        at = _between(text, at)
    rest = text[at:]
    end = "]" in rest if "[" in begin[0] else text.endswith("\n")
    ended = end and _END.fullmatch(rest) is not None
    return "\n".join(lines) + ("\n" if ended else "") if lines else text


def journal_line(line: str) -> LogLine | None:
    """Understand an entry of journalctl -o json; None where it is none."""
    told = _decoded(line)
    if told is None or "MESSAGE" not in told:
        return None
    text = told["MESSAGE"]
    if isinstance(text, list):
        text = bytes(one & 0xFF for one in text if type(one) is int).decode("utf-8", "replace")
    if not isinstance(text, str):
        return None
    if told.get("_TRANSPORT", "kernel") != "kernel" and told.get("SYSLOG_IDENTIFIER") not in OF_LINKS:
        text = ""
    at_us = _number(told.get("_SOURCE_REALTIME_TIMESTAMP")) or _number(told.get("__REALTIME_TIMESTAMP"))
    since_us = _number(told.get("_SOURCE_MONOTONIC_TIMESTAMP")) or _number(told.get("__MONOTONIC_TIMESTAMP"))
    return LogLine(text, at_s=at_us and at_us / _US, monotonic_s=since_us and since_us / _US)


def _decoded(line: str) -> Mapping[str, Any] | None:
    if line[:1] != "{":
        return None
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _between(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _line(entry: Mapping[str, Any]) -> str:
    """Return dmesg's entry as dmesg writes it without --json, and any other as it is."""
    said, since_s = entry.get("msg"), entry.get("time")
    if isinstance(said, str) and isinstance(since_s, int | float):
        return f"[{since_s:12.6f}] {' '.join(said.splitlines())}"
    return json.dumps(entry)


def _number(value: object) -> float | None:
    text = str(value)
    return float(text) if len(text) <= _MOST_DIGITS and text.isascii() and text.isdecimal() else None
