"""Leaving out of a Python module what nobody uses.

NVIDIA's bindings have 8,000 lines, of which the probe uses 500: compiling them all costs each node 45-60 ms of CPU per
look (Python 3.6-3.13), what is left 6-9 ms. Keeping bytecode on the node instead would mean running what no hash of
ours vouches for.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

_WORD = re.compile(r"[A-Za-z_]\w*")


def shake(source: str, users: Iterable[str], *, always: str = "") -> str:
    """Return `source` less the functions, classes, assignments and imports of its top level that nothing needs.

    Needed is what a text of `users` mentions, as a name or within a string, whose name begins with `always`, and what
    those need in turn. Statements of other kinds (calls, conditions, import *) stay, and so do the comments before the
    first statement (the licence).
    """
    body = ast.parse(source).body
    defined: dict[str, list[ast.stmt]] = {}
    kept: set[ast.stmt] = set()
    for statement in body:
        names = _names_of(statement)
        for name in names:
            defined.setdefault(name, []).append(statement)
        if not names:
            kept.add(statement)
    wanted = {word for text in users for word in _WORD.findall(text)}
    waiting = [name for name in defined if name in wanted or (always and name.startswith(always))]
    waiting += [name for statement in kept for name in _mentioned(statement)]
    while waiting:
        for statement in defined.pop(waiting.pop(), ()):
            kept.add(statement)
            waiting += _mentioned(statement)
    return _text(source, [statement for statement in body if statement in kept])


def _names_of(statement: ast.stmt) -> list[str]:
    """Return what a statement defines and does nothing else; nothing where it may do more."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
        return names if len(names) == len(statement.targets) else []
    if isinstance(statement, ast.Import | ast.ImportFrom):
        names = [(name.asname or name.name).partition(".")[0] for name in statement.names]
        return [] if "*" in names else names
    return []


def _mentioned(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _text(source: str, statements: list[ast.stmt]) -> str:
    lines = source.splitlines(keepends=True)
    first = _begin(statements[0]) if statements else len(lines)
    parts = [line for line in lines[:first] if line.lstrip().startswith("#")]
    parts.append("# Shortened: what the probe does not use is left out.\n")
    for statement in statements:
        parts += lines[_begin(statement) : statement.end_lineno]
    return "".join(parts)


def _begin(statement: ast.stmt) -> int:
    """Return the index of a statement's first line, decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)]) - 1
