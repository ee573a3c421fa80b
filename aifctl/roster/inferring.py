"""What many nodes' values have in common: one value, or a pattern whose numbers follow from the nodes' names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aifctl.roster.yaml_writing import Written

_VARIABLES = ("node#", "rack#", "su#", "hall#")
_MAX_OFFSET = 10_000  # node#+24000100 would be a serial number in disguise
_NUMBER = re.compile(r"([0-9]+)")


def common_value(values: Sequence[Any], envs: Sequence[Mapping[str, int]]) -> Written | None:
    """Return one value or pattern that says what all these nodes have; None where there is none."""
    if any(value is None for value in values):
        return None
    if all(value == values[0] for value in values):
        return _written(values[0])
    if envs and all(isinstance(value, str | int) and not isinstance(value, bool) for value in values):
        return _inferred([str(value) for value in values], envs)
    return None


def text_of(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else _escaped(str(value))


def _inferred(texts: Sequence[str], envs: Sequence[Mapping[str, int]]) -> str | None:
    """Return a pattern whose numbers follow from the numbers of names: 10.0.{rack#}.{node#+100}."""
    pieces = [_NUMBER.split(text) for text in texts]
    if any(piece[::2] != pieces[0][::2] for piece in pieces):
        return None
    parts: list[str] = []
    for at in range(len(pieces[0])):
        column = [piece[at] for piece in pieces]
        part = _escaped(column[0]) if len(set(column)) == 1 else _hole(column, envs)
        if part is None:
            return None
        parts.append(part)
    return "".join(parts)


def _hole(digits: Sequence[str], envs: Sequence[Mapping[str, int]]) -> str | None:
    widths = {len(each) for each in digits}
    padded = any(len(each) > 1 and each.startswith("0") for each in digits)
    if (padded and len(widths) > 1) or max(widths) > 15:  # noqa: PLR2004 - longer numbers are serials, not counters
        return None
    if pair := _two_holes(digits, envs) if len(widths) == 1 and padded else None:
        return pair
    for variable in _VARIABLES:
        offsets = {
            int(each) - env[variable] if variable in env else None for each, env in zip(digits, envs, strict=True)
        }
        if len(offsets) == 1 and (offset := offsets.pop()) is not None and abs(offset) < _MAX_OFFSET:
            formula = variable if offset == 0 else f"{variable}{offset:+d}"
            return f"{{{formula}:0{widths.pop()}}}" if padded else f"{{{formula}}}"
    return None


def _two_holes(digits: Sequence[str], envs: Sequence[Mapping[str, int]]) -> str | None:
    """Try two padded numbers side by side: 1203 is {rack#:02}{node#:02}."""
    width = len(digits[0])
    for first in _VARIABLES[1:]:
        for cut in range(1, width):
            pairs = [
                f"{env[first]:0{cut}}{env['node#']:0{width - cut}}" if first in env and "node#" in env else ""
                for env in envs
            ]
            if pairs == list(digits):
                return f"{{{first}:0{cut}}}{{node#:0{width - cut}}}"
    return None


def _written(value: Any) -> Written:
    return [_escaped(str(part)) for part in value] if isinstance(value, tuple) else text_of(value)


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
