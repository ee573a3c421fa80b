"""Opening what a probe has said: bounded in every direction, and one sentence where it can't be."""

from __future__ import annotations

import binascii
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.reading import SectionStatus
from aifctl.diagnosis.unreadable import UnreadableError

SCHEMA = 1
MOST_LINE_BYTES = 2 << 20
MOST_BODY_BYTES = 8 << 20

_REPLY = b'{"aifctl_probe"'
_SHOWN = 60
_TEXT_MOST = 500
_MOST_LEFT = 64
_HASH_LETTERS = 12


class GarbageError(UnreadableError):
    """No reply of a probe at all."""


class CutError(UnreadableError):
    """A reply that ends too early or has been changed on its way."""


class TooLargeError(UnreadableError):
    """More than any probe says."""


class SchemaError(UnreadableError):
    """A reply of a probe that speaks another version than we read."""


class OtherProbeError(UnreadableError):
    """A reply of another probe than the one that was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSection:
    """One section as the node told it; `data` is for the parsers of diagnosis."""

    status: SectionStatus
    code: str = ""
    message: str = ""
    took_s: float = 0.0
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One reply, its sections not yet understood.

    Attributes:
        node: whom we asked; `hostname` is who answered.
        probe: the first 12 hex digits of the zipapp's SHA-256.
        node_clock_s: the node's own clock, seconds since the epoch; None where it told none.
        took_s, cpu_s: of the whole probe.
        probe_left: processes of this and earlier probes that not even KILL has ended.
    """

    node: str
    probe: str = ""
    python: str = ""
    user: str = ""
    hostname: str = ""
    boot_id: str = ""
    node_clock_s: float | None = None
    took_s: float = 0.0
    cpu_s: float = 0.0
    probe_left: tuple[int, ...] = ()
    sections: Mapping[str, RawSection] = field(default_factory=dict)


def open_envelope(data: bytes, *, node: str, probe: str = "") -> Envelope:
    """Read a reply, whatever stands before it (banners of a login shell).

    Args:
        data: what came on stdout.
        node: whom we asked.
        probe: the zipapp's SHA-256; a reply of another probe is refused. "" takes any.

    Raises:
        UnreadableError: see its subclasses here.
    """
    body = _body(_outer(data))
    told = _text(body, "probe")
    if probe and told != probe[:_HASH_LETTERS]:
        raise OtherProbeError(
            f"the reply is of the probe {_shown(told)}, and {probe[:_HASH_LETTERS]} was sent: another control host's?"
        )
    return _envelope(body, node)


def open_body(data: bytes) -> dict[str, Any]:
    """Return a reply's whole body as the node sent it; raises as `open_envelope` does."""
    return _body(_outer(data))


def _outer(data: bytes) -> Mapping[str, Any]:
    if len(data) > MOST_LINE_BYTES:
        raise TooLargeError(f"the answer has {len(data)} bytes; a probe says at most {MOST_LINE_BYTES}")
    begin = data.rfind(_REPLY)
    if begin < 0:
        what = f"it begins {_shown(data[:200].decode('utf-8', 'replace'))}" if data.strip() else "it is empty"
        raise GarbageError(f"the answer is no probe's: {what}")
    line = data[begin:].split(b"\n", 1)[0]
    outer = _json(line, "the answer")
    version = outer.get("aifctl_probe")
    if version != SCHEMA or isinstance(version, bool):
        raise _schema_error(version)
    return outer


def _body(outer: Mapping[str, Any]) -> dict[str, Any]:
    packed = outer.get("deflate")
    if not isinstance(packed, str):
        raise CutError("the probe's answer holds no body")
    try:
        deflated = binascii.a2b_base64(packed.encode("ascii"), strict_mode=True)
    except ValueError as problem:
        raise CutError("the body of the probe's answer is no base64: it was changed on its way") from problem
    inflating = zlib.decompressobj()
    try:
        body = inflating.decompress(deflated, MOST_BODY_BYTES)
    except zlib.error as problem:
        raise CutError("the body of the probe's answer can't be inflated: it was changed on its way") from problem
    if inflating.unconsumed_tail:
        raise TooLargeError(f"the body of the probe's answer has more than {MOST_BODY_BYTES >> 20} MB")
    if not inflating.eof or inflating.unused_data:
        raise CutError("the body of the probe's answer is not whole: it was changed on its way")
    read = _json(body, "the body of the probe's answer")
    if read.get("schema") != SCHEMA or isinstance(read["schema"], bool):
        raise _schema_error(read.get("schema"))
    return read


def _json(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except RecursionError as problem:
        raise TooLargeError(f"{what} is nested deeper than any probe's") from problem
    except ValueError as problem:
        raise CutError(f"{what} is half a JSON or none") from problem
    if not isinstance(value, dict):
        raise GarbageError(f"{what} is no JSON object")
    return value


def _no_number(text: str) -> Any:
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_constant=_no_number)


def _schema_error(version: object) -> SchemaError:
    shown = printable_line(json.dumps(version))[:_SHOWN] if isinstance(version, int | float | str) else "none"
    return SchemaError(
        f"the probe's answer has schema {shown}, and this aifctl reads {SCHEMA}: another aifctl's probe?"
    )


def _envelope(body: Mapping[str, Any], node: str) -> Envelope:
    sections = body.get("sections")
    if not isinstance(sections, dict):
        raise CutError("the body of the probe's answer has no sections")
    left = body.get("probe_left")
    return Envelope(
        node=node,
        probe=_text(body, "probe"),
        python=_text(body, "python"),
        user=_text(body, "user"),
        hostname=_text(body, "hostname"),
        boot_id=_text(body, "boot_id"),
        node_clock_s=_number(body, "wall_s"),
        took_s=_number(body, "took_s") or 0.0,
        cpu_s=_number(body, "cpu_s") or 0.0,
        probe_left=tuple(pid for pid in left[:_MOST_LEFT] if type(pid) is int) if isinstance(left, list) else (),
        sections={name: _section(entry) for name, entry in sections.items()},
    )


def _section(entry: object) -> RawSection:
    """Read one section's entry; what is no such thing is that section's own error, not the reply's."""
    if not isinstance(entry, dict):
        return _GARBLED
    data, status = entry.get("data"), entry.get("status")
    if not isinstance(status, str) or status not in _STATUSES or not isinstance(data, dict):
        return _GARBLED
    return RawSection(
        status=SectionStatus(status),
        code=_text(entry, "code"),
        message=_text(entry, "message"),
        took_s=_number(entry, "took_s") or 0.0,
        data=data,
    )


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return printable_line(value)[:_TEXT_MOST] if isinstance(value, str) else ""


def _number(entry: Mapping[str, Any], key: str) -> float | None:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _shown(text: str) -> str:
    line = printable_line(text.strip())
    return f"'{line[:_SHOWN]}'" + ("…" if len(line) > _SHOWN else "")


_STATUSES = frozenset({"ok", "na", "error", "timeout"})
_GARBLED = RawSection(status=SectionStatus.ERROR, code="garbled", message="its entry in the reply is no section")
