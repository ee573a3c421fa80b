"""@term → tree: which kinds there are, and how each reads what stands behind its colon."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aifctl.core.errors import NodeSetSyntaxError
from aifctl.core.outcome import Outcome
from aifctl.fleet.glob import is_glob
from aifctl.fleet.lifecycle import STATE_NAMES
from aifctl.fleet.nearest import nearest
from aifctl.fleet.nodeset_ranges import parse_pattern
from aifctl.fleet.selector_tree import Kind, Term

#: `@run:RUN:…` takes an outcome or one of these; None stands for a node that the run never dialled.
RUN_SETS: Mapping[str, frozenset[Outcome | None]] = {
    "failed": frozenset(Outcome) - {Outcome.OK, Outcome.SKIPPED},
    "unreachable": frozenset(
        {
            Outcome.CONNECT_TIMEOUT,
            Outcome.REFUSED,
            Outcome.NO_ROUTE,
            Outcome.THROTTLED,
            Outcome.DNS,
            Outcome.JUMP,
        }
    ),
    "not-started": frozenset({None}),
}

_RUN_PARTS = (*RUN_SETS, *(outcome.value for outcome in Outcome))
_SLURM_KEYS = ("job", "part", "state")
_ALONE = {"all": Kind.ALL, "*": Kind.ALL, "stdin": Kind.STDIN}
_WITH_VALUE = tuple(kind.value for kind in Kind if kind not in {Kind.ALL, Kind.STDIN})
_EXAMPLES = {
    Kind.ATTR: "@attr:sku=h100*",
    Kind.RUN: "@run:RUN or @run:RUN:failed",
    Kind.JOB: "@job:ID",
    Kind.SLURM: "@slurm:job:ID, @slurm:part:NAME or @slurm:state:STATE",
    Kind.FILE: "@file:PATH",
    Kind.STATE: "@state:drained",
}

#: What a reader returns: (key, values, column of the values).
_Read = tuple[str, tuple[str, ...], int]


def parse_term(text: str, start: int, end: int) -> Term:
    """Read one term that begins with @; columns of errors are those of the whole text."""
    head, colon, _ = text[start + 1 : end].partition(":")
    if not colon:
        kind, read = _alone(text, start, end)
    else:
        kind = _kind(head, text, start)
        column = start + len(head) + 2
        if column == end:
            raise _incomplete(kind, text, start)
        read = _READERS.get(kind, _ranges)(text, column, end)
    key, values, value_column = read
    return Term(kind=kind, key=key, values=values, text=text[start:end], column=start, value_column=value_column)


def _alone(text: str, start: int, end: int) -> tuple[Kind, _Read]:
    word = text[start + 1 : end]
    if not word or word.startswith("@"):
        raise NodeSetSyntaxError("the name of a group must follow '@'", text=text, column=start)
    if word in _ALONE:
        return _ALONE[word], ("", (), start)
    return Kind.GROUP, _ranges(text, start + 1, end)


def _kind(head: str, text: str, start: int) -> Kind:
    if head in _WITH_VALUE:
        return Kind(head)
    if head in _ALONE:
        raise NodeSetSyntaxError(f"@{head} takes no value", text=text, column=start)
    near = nearest(head, _WITH_VALUE)
    meant = f"did you mean @{near}:" if near else f"there are @{':, @'.join(_WITH_VALUE)}:"
    raise NodeSetSyntaxError(f"there is no kind {f'@{head}:'!r} of group; {meant}", text=text, column=start)


def _ranges(text: str, column: int, end: int) -> _Read:
    return "", tuple(parse_pattern(text, column, end).names()), column


def _literal(text: str, column: int, end: int) -> _Read:
    return "", (text[column:end],), column


def _state(text: str, column: int, end: int) -> _Read:
    _, values, _ = _ranges(text, column, end)
    for value in values:
        if value not in STATE_NAMES and not is_glob(value):
            raise _no_such("state", value, STATE_NAMES, text, column)
    return "", values, column


def _attribute(text: str, column: int, end: int) -> _Read:
    key, equals, value = text[column:end].partition("=")
    if not key or not value or "[" in key:
        at = column if not key or not equals else end - 1
        raise _incomplete(Kind.ATTR, text, at)
    return key, *_ranges(text, column + len(key) + 1, end)[1:]


def _run(text: str, column: int, end: int) -> _Read:
    run, colon, part = text[column:end].partition(":")
    at = column + len(run) + 1
    if not run or (colon and not part):
        raise _incomplete(Kind.RUN, text, min(at, end) - 1)
    if colon and part not in _RUN_PARTS:
        raise _no_such("outcome", part, _RUN_PARTS, text, at)
    return run, (part,) if colon else (), at


def _slurm(text: str, column: int, end: int) -> _Read:
    key, _, value = text[column:end].partition(":")
    if key not in _SLURM_KEYS:
        raise _no_such("@slurm: selection", key, _SLURM_KEYS, text, column)
    if not value:
        raise _incomplete(Kind.SLURM, text, column)
    return key, (value,), column + len(key) + 1


def _no_such(what: str, value: str, known: tuple[str, ...], text: str, column: int) -> NodeSetSyntaxError:
    near = nearest(value, known)
    advice = f"did you mean {near}" if near else f"there are {', '.join(known)}"
    return NodeSetSyntaxError(f"there is no {what} {value!r}; {advice}", text=text, column=column)


def _incomplete(kind: Kind, text: str, column: int) -> NodeSetSyntaxError:
    example = _EXAMPLES.get(kind, f"@{kind}:NAME")
    return NodeSetSyntaxError(f"@{kind}: is not complete; write {example}", text=text, column=column)


_READERS: Mapping[Kind, Callable[[str, int, int], _Read]] = {
    Kind.STATE: _state,
    Kind.ATTR: _attribute,
    Kind.RUN: _run,
    Kind.JOB: _literal,
    Kind.SLURM: _slurm,
    Kind.FILE: _literal,
}
