"""What a profile's value must be: text → value as the checks want it, BadValueError with the reason otherwise."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping as Map, Sequence as Seq
from typing import Any

from aifctl.core.marked_yaml import Mapping, Scalar, Sequence, Value
from aifctl.diagnosis.check import Threshold
from aifctl.roster.kinds import holds_credential, parse_flag, parse_text
from aifctl.roster.patterns import BadValueError

_MOST_PARTS = 1000
_INTEGER = re.compile(r"[+-]?\d{1,3}(?:_?\d{1,3}){0,5}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d[\d_]{0,18}(?:\.\d{0,12})?|\.\d{1,12})(?:[eE][+-]?\d{1,2})?", re.ASCII)


def convert(said: Value, thresholds: Seq[Threshold]) -> Any:
    """Return the value that one key of a profile says; it must suit every check that asks for the key."""
    first = thresholds[0]
    value = _list(said, first) if first.type is list else _scalar(said, first.type)
    for threshold in thresholds:
        for number in value if isinstance(value, list) else [value]:
            _check_bounds(number, threshold)
    return value


def parse_source(said: Value) -> str:
    """Return where a value comes from."""
    if not isinstance(said, Scalar) or said.null:
        raise BadValueError("the source is one line of text: a document, a capture, whoever decided it")
    return _text(said)


def _list(said: Value, threshold: Threshold) -> list[Any]:
    if not isinstance(said, Sequence):
        raise BadValueError("it is a list: [one, another]")
    if len(said.items) > _MOST_PARTS:
        raise BadValueError(f"it has {len(said.items):,} parts, and {_MOST_PARTS:,} are the most")
    return [_scalar(part, threshold.items) for part in said.items]


def _scalar(said: Value, kind: type) -> Any:
    if isinstance(said, Mapping | Sequence):
        raise BadValueError(f"it is {_CALLED[kind]}, not a {'list' if isinstance(said, Sequence) else 'mapping'}")
    return _READ[kind](said)


def _integer(said: Scalar) -> int:
    if not _INTEGER.fullmatch(said.text):
        raise BadValueError(f"{said.text[:60]!r} is no whole number")
    return int(said.text)


def _number(said: Scalar) -> float:
    if not _NUMBER.fullmatch(said.text) or not math.isfinite(float(said.text)):
        raise BadValueError(f"{said.text[:60]!r} is no number")
    return float(said.text)


def _flag(said: Scalar) -> bool:
    return parse_flag(said.text)


def _text(said: Scalar) -> str:
    if said.null:
        raise BadValueError("there is no text")
    if holds_credential(said.text):
        raise BadValueError("a credential does not belong into a profile, which anybody may read")
    return parse_text(said.text)


_READ: Map[type, Callable[[Scalar], Any]] = {int: _integer, float: _number, bool: _flag, str: _text}
_CALLED: Map[type, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _check_bounds(value: Any, threshold: Threshold) -> None:
    low, high = threshold.low, threshold.high
    if isinstance(value, str | bool) or (_above(value, low) and _above(high, value)):
        return
    span = " and ".join(_bounds(low, high))
    raise BadValueError(f"{value:,} is beyond what can be, {span} ({threshold.about})")


def _above(value: float | None, low: float | None) -> bool:
    return value is None or low is None or value >= low


def _bounds(low: float | None, high: float | None) -> Iterable[str]:
    if low is not None:
        yield f"at least {low:,g}"
    if high is not None:
        yield f"at most {high:,g}"
