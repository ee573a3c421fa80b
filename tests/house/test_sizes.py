"""Files and functions stay small enough to be read at one go."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.source import Source, parse, sources

MAX_FILE_LINES = {"aifctl": 300, "tests": 450}
MAX_FUNCTION_LINES = 40

#: Path → why it may be longer. Empty is best.
LONG_FILES: dict[str, str] = {}


def long_functions(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = sum(_lines(step) for step in node.body if not _is_docstring(step))
            if lines > MAX_FUNCTION_LINES:
                yield f"{source.path}:{node.lineno}: {node.name} has {lines} lines"


def long_files() -> dict[str, int]:
    """Return the files that are too long, with their lines."""
    found: dict[str, int] = {}
    for top, most in MAX_FILE_LINES.items():
        lines = {source.path: len(source.text.splitlines()) for source in sources(top)}
        found |= {path: count for path, count in lines.items() if count > most}
    return found


def _lines(step: ast.stmt) -> int:
    """Return the lines of a step, those of functions within it left out: they are counted as their own."""
    inner = [node for node in ast.walk(step) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    covered = {line for node in inner for line in range(_first_line(node), (node.end_lineno or 0) + 1)}
    return len(set(range(_first_line(step), (step.end_lineno or 0) + 1)) - covered)


def _first_line(step: ast.stmt) -> int:
    decorators = step.decorator_list if isinstance(step, ast.FunctionDef | ast.AsyncFunctionDef) else []
    return min([step.lineno, *(decorator.lineno for decorator in decorators)])


def _is_docstring(step: ast.stmt) -> bool:
    return isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant) and isinstance(step.value.value, str)


def test_files_are_short() -> None:
    assert {path: lines for path, lines in long_files().items() if path not in LONG_FILES} == {}


def test_no_exception_outlives_its_file() -> None:
    assert set(LONG_FILES) <= set(long_files())


def test_functions_are_short() -> None:
    assert [line for source in sources("aifctl", "tests") for line in long_functions(source)] == []


def test_a_long_function_is_seen_and_its_signature_and_docstring_do_not_count() -> None:
    steps = "\n".join(f"    x{i} = {i}" for i in range(MAX_FUNCTION_LINES))
    docstring = '    """' + "\n".join("    line" for _ in range(20)) + '"""\n'
    assert list(long_functions(parse(f"def short():\n{docstring}{steps}"))) == []
    assert len(list(long_functions(parse(f"async def long():\n{steps}\n    last = 1")))) == 1
    inner = steps.replace("    x", "        x")
    assert list(long_functions(parse(f"def outer():\n    y = 1\n    def inner():\n{inner}\n    return inner"))) == []
