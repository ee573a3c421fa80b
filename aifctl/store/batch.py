"""One batch of records as a member of a gzip file: `zcat` reads a log, and so does whoever comes after us.

The gzip header's extra field says how long the member is, which number its transaction had and when it was, so that a log is walked
and put in order without inflating it, and a member that was torn off is known for one.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aifctl.store.damage import DamagedLogError

Record = Mapping[str, Any]

#: Flags of a member. An adoption lists members that were left behind by others, and are applied at its place.
ADOPTION = 1

_MAGIC = b"\x1f\x8b\x08\x04"
_EXTRA = struct.Struct("<IIQd")  # length of the whole member, flags, sequence number, time
_HEAD = struct.Struct("<4sIBBH2sH")
_CRC = struct.Struct("<I")
_END = struct.Struct("<II")
_ID = b"AI"
HEAD_BYTES = _HEAD.size + _EXTRA.size + _CRC.size
_EXTRA_BYTES = _EXTRA.size + _CRC.size
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Batch:
    """Records, deflated, ready to become a member as soon as its number is known."""

    body: bytes
    crc: int
    size_bytes: int

    def member(self, *, seq: int, at_s: float, flags: int = 0) -> bytes:
        """Return the member. `seq` is 0 for one that is only queued."""
        extra = _EXTRA.pack(HEAD_BYTES + len(self.body) + _END.size, flags, seq, at_s)
        head = _HEAD.pack(_MAGIC, 0, 0, 255, 4 + _EXTRA_BYTES, _ID, _EXTRA_BYTES)
        crc = _CRC.pack(zlib.crc32(extra, zlib.crc32(head)))
        return b"".join((head, extra, crc, self.body, _END.pack(self.crc, self.size_bytes & 0xFFFFFFFF)))


@dataclass(frozen=True, slots=True)
class Member:
    """Where a member lies in its segment, and what its header says."""

    offset: int
    length: int
    flags: int
    seq: int
    at_s: float

    @property
    def end(self) -> int:
        return self.offset + self.length


def make_batch(records: Iterable[Record]) -> Batch:
    """Deflate records; ValueError or TypeError for what JSON can't say."""
    lines = "".join(json.dumps(record, separators=(",", ":"), allow_nan=False) + "\n" for record in records)
    data = lines.encode("ascii")
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Batch(deflate.compress(data) + deflate.flush(), zlib.crc32(data), len(data))


def parse_head(data: bytes, offset: int) -> Member | None:
    """Return what the header at the beginning of `data` says, which lies at `offset`; None where none is."""
    if len(data) < HEAD_BYTES or not data.startswith(_MAGIC):
        return None
    (crc,) = _CRC.unpack_from(data, HEAD_BYTES - _CRC.size)
    if zlib.crc32(data[: HEAD_BYTES - _CRC.size]) != crc:
        return None
    length, flags, seq, at_s = _EXTRA.unpack_from(data, _HEAD.size)
    return Member(offset, length, flags, seq, at_s)


def parse_records(data: bytes, what: str) -> list[dict[str, Any]]:
    """Return the records of one whole member; DamagedLogError where they are not what was written."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        text = inflate.decompress(data[HEAD_BYTES : -_END.size]) + inflate.flush()
        crc, size = _END.unpack(data[-_END.size :])
        if (zlib.crc32(text), len(text) & 0xFFFFFFFF) == (crc, size):
            return [json.loads(line) for line in text.splitlines()]
    except (zlib.error, struct.error, ValueError) as problem:
        raise DamagedLogError(f"{what} is not what was written: {problem}") from problem
    raise DamagedLogError(f"{what} does not match its checksum")


def heads_in(data: bytes, base: int) -> Iterator[Member]:
    """Find headers in bytes that are not read from a member's beginning: behind damage."""
    at = data.find(_MAGIC)
    while at >= 0:
        found = parse_head(data[at : at + HEAD_BYTES], base + at)
        if found is not None:
            yield found
        at = data.find(_MAGIC, at + 1)
