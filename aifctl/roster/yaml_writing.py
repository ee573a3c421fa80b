"""Our YAML as text: mappings and lists of texts, short ones on one line, quoted where YAML would read something else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

Written = str | None | Sequence["Written"] | Mapping[str, "Written"]
"""None stands for nothing, `~`."""

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+\[\]-]*")
_PLAIN_INSIDE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+-]*")  # within { } and [ ], brackets and commas need quotes
_NOT_TEXT = frozenset({"null", "y", "n", "yes", "no", "on", "off", "true", "false"})
_WIDTH = 110


def render_yaml(value: Mapping[str, Written]) -> str:
    """Return a mapping as a YAML document."""
    return "".join(f"{line}\n" for line in _block(value, 0))


def _block(value: Mapping[str, Written], indent: int) -> Iterator[str]:
    for key, item in value.items():
        head = " " * indent + _scalar(key, _PLAIN) + ":"
        line = f"{head} {_flow(item)}" if not isinstance(item, str) else f"{head} {_scalar(item, _PLAIN)}"
        if isinstance(item, Mapping) and (len(line) > _WIDTH or indent == 0):
            yield head
            yield from _block(item, indent + 2)
        elif item is None or isinstance(item, Mapping | str) or len(line) <= _WIDTH:
            yield line
        else:
            yield head
            yield from _wrapped(item, indent + 2)


def _wrapped(items: Sequence[Written], indent: int) -> Iterator[str]:
    """Break a long list over lines, between its items."""
    line = " " * indent + "["
    for at, item in enumerate(items):
        text = _flow(item) + ("," if at < len(items) - 1 else "]")
        if len(line) + len(text) > _WIDTH and line.strip() != "[":
            yield line.rstrip()
            line = " " * (indent + 1)
        line += text + " "
    yield line.rstrip()


def _flow(value: Written) -> str:
    if value is None:
        return "~"
    if isinstance(value, str):
        return _scalar(value, _PLAIN_INSIDE)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key, _PLAIN_INSIDE)}: {_flow(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(_flow, value)) + "]"


def _scalar(text: str, plain: re.Pattern[str]) -> str:
    if plain.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    return json.dumps(text, ensure_ascii=False)
