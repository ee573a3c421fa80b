"""Which actions a check can ask for, as its own code and tables name them: nobody has to keep a list beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import CodeType, FunctionType
from typing import Any

from aifctl.diagnosis.check import Check
from aifctl.diagnosis.finding import Action

_DEPTH = 4
_MEANT = frozenset(Action) - {Action.NONE}
_NAMES = {action.name: action for action in Action}


def actions_of(check: Check) -> tuple[Action, ...]:
    """Return them mildest first; none where its judge is no plain function, or names none."""
    judge = check.judge
    if not isinstance(judge, FunctionType):
        return ()
    world = judge.__globals__
    own = [one for one in world.values() if isinstance(one, FunctionType) and one.__globals__ is world]
    found = {action for function in own for action in _named(function.__code__)}
    tables = [one for name, one in world.items() if not name.startswith("__") and not isinstance(one, FunctionType)]
    found.update(action for table in tables for action in _held(table, _DEPTH))
    return tuple(action for action in Action if action in found & _MEANT)


def _named(code: CodeType) -> Iterator[Action]:
    if "Action" in code.co_names:
        yield from (_NAMES[name] for name in code.co_names if name in _NAMES)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _named(constant)


def _held(value: Any, depth: int) -> Iterator[Action]:
    if isinstance(value, Action):
        yield value
    elif depth and not isinstance(value, str | bytes | type):
        for part in _parts(value):
            yield from _held(part, depth - 1)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, Check):
        return ()
    if isinstance(value, Mapping):
        return [*value, *value.values()]
    if isinstance(value, tuple | list | frozenset | set):
        return value
    return [getattr(value, field.name) for field in fields(value)] if is_dataclass(value) else ()
