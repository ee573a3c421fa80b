"""What no file does: print past the report, swallow what it did not expect, silence a rule without saying why."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator

from tests.house.source import CHECKOUT, Source, parse, sources

#: A rule that is silenced with nothing behind it but other rules.
_NO_REASON = re.compile(r"#\s*noqa(:\s*[A-Z]+[0-9]+([,\s]+[A-Z]+[0-9]+)*)?\s*$")

_BROAD = frozenset({"Exception", "BaseException"})

#: The two places that may catch anything and go on: one node's bug is that node's row; the process ends in 70.
_BOUNDARIES = frozenset({"aifctl/main.py", "aifctl/fanout/engine.py"})


def prints(source: Source) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


def swallowed(source: Source) -> Iterator[int]:
    """Find bare excepts, and broad ones that neither raise again nor hand the exception to whoever waits for it."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        if node.type is None or (_names(node.type) & _BROAD and not _passed_on(node)):
            yield node.lineno


def silenced(source: Source) -> list[int]:
    """Find lines that silence a rule and give no reason."""
    return [number for number, line in enumerate(source.text.splitlines(), 1) if _NO_REASON.search(line)]


def _names(expression: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}


def _passed_on(handler: ast.ExceptHandler) -> bool:
    raises = isinstance(handler.body[-1], ast.Raise)
    used = any(
        isinstance(node, ast.Name) and node.id == handler.name for step in handler.body for node in ast.walk(step)
    )
    return raises or used


def test_stdout_is_the_reports_alone() -> None:
    assert [source.path for source in sources("aifctl") if prints(source)] == []


def test_no_unexpected_exception_is_swallowed() -> None:
    inner = [source for source in sources("aifctl") if source.path not in _BOUNDARIES]
    assert [f"{source.path}:{line}" for source in inner for line in swallowed(source)] == []


def test_every_silenced_rule_has_its_reason() -> None:
    assert [f"{source.path}:{line}" for source in sources("aifctl", "tests") for line in silenced(source)] == []


def test_every_rule_that_is_off_for_all_files_has_its_reason() -> None:
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    lint = tomllib.loads(text)["tool"]["ruff"]["lint"]
    assert lint["select"] == ["ALL"]
    silent = [*lint["ignore"], *(rule for rules in lint["per-file-ignores"].values() for rule in rules)]
    without = [rule for rule in silent if not re.search(rf'"{rule}".*# \S', text)]
    assert without == []


def test_planted_habits_are_seen() -> None:
    assert prints(parse("def f():\n    print(1)")) == [2]
    assert silenced(parse("x = 1  # noqa: E501\ny = 2  # noqa: E501, ARG001\nz = 3  # noqa\n")) == [1, 2, 3]
    assert silenced(parse("x = 1  # noqa: E501  a quirk\ny = 2  # noqa: E501 - a link\n")) == []
    assert list(swallowed(parse("try: f()\nexcept: pass"))) == [2]
    assert list(swallowed(parse("try: f()\nexcept Exception: pass"))) == [2]
    assert list(swallowed(parse("try: f()\nexcept (OSError, BaseException): x = 1"))) == [2]
    assert list(swallowed(parse("try: f()\nexcept BaseException:\n    undo()\n    raise"))) == []
    assert list(swallowed(parse("try: f()\nexcept Exception as bug:\n    waiter.set_exception(bug)"))) == []
    assert list(swallowed(parse("try: f()\nexcept OSError: pass"))) == []
