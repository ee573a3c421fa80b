"""Items as JSON, in pieces: streams of nodes are read while they are written."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from aifctl.core.report import FieldType, Item, Kind
from aifctl.output.streams import is_utf8, json_chunks
from aifctl.ports.work import Output

_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def dumps(value: Any) -> str:
    """Return JSON in ASCII, so that no locale and no terminal can be hurt by it."""
    return _ENCODER.encode(plain_value(value))


def plain_value(value: Any, key: str = "") -> Any:
    """Return `value` made of JSON's own types: NaN and infinities null, times ISO 8601, lone surrogates escaped."""
    if isinstance(value, Mapping):
        return {str(name): plain_value(held, str(name)) for name, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(held) for held in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain_value(held) for held in value), key=str)
    return _plain_scalar(value.value if isinstance(value, Enum) else value, key)


def iso_time(moment: datetime) -> str:
    """Return UTC as 2026-11-24T00:40:47.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def item_keys(kind: Kind, extra: Iterable[str] = ()) -> list[str]:
    """Return the keys of an item in order: those that its kind declares, what stands beside streams, then `extra`."""
    declared, known = _declared(kind)
    return [*declared, *(key for key in extra if key not in known)]


def members(kind: Kind, item: Item) -> Iterator[tuple[str, Any]]:
    """Yield all keys of an item with JSON's own values; only streams are left as they are. Absent is None."""
    facts = _stream_facts(item)
    for key in item_keys(kind, [*item, *facts]):
        value = item.get(key, facts.get(key))
        yield key, value if isinstance(value, Output) else plain_value(value, key)


def item_chunks(kind: Kind, item: Item, *, type_name: str | None = None) -> Iterator[str]:
    """Yield one item as a JSON object on one line; `type_name` becomes its first member (jsonl)."""
    plain: dict[str, Any] = {} if type_name is None else {"type": type_name}
    shown = dict(members(kind, item))
    opening = "{"
    for key, value in shown.items():
        if isinstance(value, Output):
            yield f"{opening}{_inside(plain)}{dumps(key)}:"
            yield from json_chunks(value, encoding=shown["encoding"])
            plain, opening = {}, ","
        else:
            plain[key] = value
    yield f"{opening}{_inside(plain)}".removesuffix(",") + "}"


@lru_cache
def _declared(kind: Kind) -> tuple[list[str], frozenset[str]]:
    types = {one.key: one.type for one in kind.columns} | {one.key: one.type for one in kind.fields}
    keys = list(types)
    streams = [key for key in keys if types[key] is FieldType.OUTPUT]
    if streams:
        at = keys.index(streams[-1]) + 1
        keys[at:at] = ["encoding", *(beside for key in streams for beside in _beside(key))]
    return keys, frozenset(keys)


def _inside(plain: Mapping[str, Any]) -> str:
    """Return the members of an object without its braces, each with a comma behind it."""
    return f"{_ENCODER.encode(plain)[1:-1]}," if plain else ""


def _stream_facts(item: Item) -> dict[str, Any]:
    """Return what stands beside streams: sizes, cuts and digests, and ONE encoding that holds for all of the item's."""
    streams = {key: value for key, value in item.items() if isinstance(value, Output)}
    if not streams:
        return {}
    facts: dict[str, Any] = {"encoding": "utf-8" if all(map(is_utf8, streams.values())) else "base64"}
    for key, output in streams.items():
        facts |= zip(_beside(key), (output.bytes_count, output.truncated, output.sha256), strict=True)
    return facts


def _beside(key: str) -> tuple[str, str, str]:
    """Return the keys beside a stream: of stdout `bytes_count`, `truncated`, `sha256`; of others with its name."""
    before = "" if key == "stdout" else f"{key}_"
    return f"{before}bytes_count", f"{before}truncated", f"{before}sha256"


def _plain_scalar(value: Any, key: str) -> Any:
    if isinstance(value, (int, float)) and key.endswith("_at"):
        return _time_or_none(value)
    if isinstance(value, float):
        return _rounded(value, key) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return iso_time(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, (str, PurePath)):
        return str(value).encode("utf-8", "backslashreplace").decode()
    if value is None or isinstance(value, (bool, int)):
        return value
    raise TypeError(f"{key or 'an item'}: {type(value).__name__} has no place in a report")


def _rounded(value: float, key: str) -> float:
    """A duration is a difference of two clocks: what stands behind its microseconds is rounding noise."""
    return round(value, 6) if key.endswith("_s") else value


def _time_or_none(seconds: float) -> str | None:
    return iso_time(datetime.fromtimestamp(seconds, UTC)) if seconds > 0 and math.isfinite(seconds) else None
