"""What doctor says of one thing it has looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from aifctl.core.errors import AifctlError
from aifctl.ports.toolbox import Toolbox


class Status(StrEnum):
    """How it stands: `warn` is worth knowing, `fail` is wrong and has to be mended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Attributes:
        found: what was found, whether good or bad.
        source: which rule, variable, file or flag led there; empty where there is no choice.
        advice: what to do; empty where there is nothing to do.
    """

    what: str
    status: Status = Status.OK
    found: str = ""
    source: str = ""
    advice: str = ""


Check = Callable[[Toolbox], Iterable[Row]]


def look(what: str, check: Check, tools: Toolbox) -> list[Row]:
    """Return a check's rows; what hinders it from looking is a row as well, and never ends the others."""
    try:
        return list(check(tools))
    except AifctlError as problem:
        found, _, more = str(problem).partition("\n")
        return [Row(what=what, status=Status.FAIL, found=found, advice=" ".join(more.split())[:200])]
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        return [Row(what=what, status=Status.FAIL, found=f"{where}{problem.strerror or problem}")]
