"""Errors that end a command, as facts for JSON and as lines for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aifctl.core.errors import (
    AifctlError,
    InventoryError,
    Mistake,
    SelectorError,
    UnknownNodeError,
)
from aifctl.core.printable import printable, printable_line
from aifctl.core.report import Head, Kind, Report
from aifctl.output.format import Format, Page, whole_text

#: What a report is called that failed before anybody knew its kind.
ERROR = Kind(name="Error", columns=(), about="A command that failed before it had anything to say.")


#: Characters shown on each side of the place: with both, the caret stays under it on a terminal of 80 columns.
_NEAR = 36


def error_facts(error: AifctlError) -> tuple[Mapping[str, Any], ...]:
    """Return one object per mistake: code, error (its class), message, and what points at the place.

    A syntax error and an unknown group have `text` and `column` (1-based), an unknown node `unknown` and `nearest`, a mistake in the
    inventory `file` and `line` (null where the file as a whole is meant).
    """
    facts = {"code": int(error.exit_code), "error": type(error).__name__}
    if isinstance(error, InventoryError):
        return tuple(facts | _mistake(mistake) for mistake in error.mistakes)
    more: dict[str, Any] = {}
    if isinstance(error, SelectorError):
        more = {"text": error.text, "column": error.column + 1}
    if isinstance(error, UnknownNodeError):
        more = {"unknown": list(error.unknown), "nearest": list(error.nearest)}
    return (facts | {"message": str(error)} | more,)


def describe_error(error: AifctlError) -> str:
    """Return the lines for stderr; where a place in a selector is meant, with a caret under it."""
    lines = [f"aifctl: {printable(str(error))}"]
    if isinstance(error, SelectorError):
        start = max(0, error.column - _NEAR)
        before = printable_line(error.text[start : error.column])
        rest = printable_line(error.text[error.column : error.column + _NEAR])
        lines += [f"  {before}{rest}", f"  {' ' * len(before)}^"]
    return "\n".join(lines) + "\n"


def render_error(error: AifctlError, chosen: Format | None, *, page: Page, kind: Kind = ERROR) -> tuple[str, int]:
    """Return what stdout gets where a command failed before there was a sink, and what the process ends with.

    The text is empty for formats without errors.
    """
    report = Report(exit=error.exit_code, errors=error_facts(error), complete=False)
    if chosen is None:
        return "", report.code
    if not chosen.holds_errors:
        return "", chosen.code(report)
    return "".join(whole_text(chosen.make(page), Head(kind=kind), (), report)), chosen.code(report)


def _mistake(mistake: Mistake) -> dict[str, Any]:
    return {"message": mistake.message, "file": mistake.file, "line": mistake.line or None}
