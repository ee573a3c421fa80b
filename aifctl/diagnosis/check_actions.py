"""Which actions a check can ask for, as its own code and tables name them: nobody has to keep a list beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import CodeType, FunctionType
from typing import Any

from aifctl.diagnosis.check import Check
from aifctl.diagnosis.finding import Action

#: Of tables in tables.
_DEPTH = 4
_MEANT = frozenset(Action) - {Action.NONE}
_NAMES = {action.name: action for action in Action}


def actions_of(check: Check) -> tuple[Action, ...]:
    """Return them mildest first; none where its judge is no plain function, or names none.

    Followed are the functions and tables that the judge's code names, in its own package and in ours.
    """
    if not isinstance(check.judge, FunctionType):
        return ()
    found = set(_reached(check.judge, {_package(check.judge), _package(actions_of)}, set()))
    found |= {Action.RMA} if check.again else set()
    return tuple(action for action in Action if action in found & _MEANT)


def _package(function: Callable[..., Any]) -> str:
    return (function.__module__ or "").partition(".")[0]


def _reached(function: FunctionType, packages: set[str], seen: set[FunctionType]) -> Iterator[Action]:
    if function in seen or _package(function) not in packages:
        return
    seen.add(function)
    names = frozenset(_named(function.__code__))
    if "Action" in names:
        yield from (_NAMES[name] for name in names & _NAMES.keys())
    near = [cell.cell_contents for cell in function.__closure__ or ()]
    for value in [*(function.__globals__[name] for name in names & function.__globals__.keys()), *near]:
        if isinstance(value, FunctionType):
            yield from _reached(value, packages, seen)
        else:
            yield from _held(value, _DEPTH)


def _named(code: CodeType) -> Iterator[str]:
    """Yield all names that a function, and those within it, load: globals and attributes alike."""
    yield from code.co_names
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
