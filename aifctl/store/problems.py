"""What the two databases' own errors mean to us, in one table. Imports neither of their libraries."""

from __future__ import annotations

from aifctl.core.errors import AifctlError, SetupError
from aifctl.store.damage import DamagedDatabaseError, UnavailableError

#: Primary result codes, sqlite.org/rescode.html.
_SQLITE_AWAY = {
    5: "it is locked by another process",
    6: "it is locked by another process",
    8: "it may not be written",
    10: "its disk gives I/O errors",
    13: "its disk is full",
    14: "it can't be opened",
    15: "its locks don't work",
    23: "it may not be opened",
}
_SQLITE_DAMAGED = frozenset({11, 26})
#: Classes (two letters) and codes of PostgreSQL's Appendix A: connection, resources, not now, operator, system, retry.
_POSTGRESQL_AWAY = ("08", "53", "55P03", "55006", "57", "58", "40", "25006")
_POSTGRESQL_DAMAGED = ("XX001", "XX002")
_POSTGRESQL_SETUP = ("28", "3D000", "42501", "3F000")


def translated(problem: BaseException, shown: str) -> AifctlError | None:
    """Return what a database's error means; None for what is a bug of ours. `shown` names the database."""
    original = getattr(problem, "orig", None) or problem
    code = getattr(original, "sqlite_errorcode", None)
    if code is not None:
        return _sqlite(code & 0xFF, original, shown)
    module = type(original).__module__.partition(".")[0]
    return _postgresql(original, shown) if module == "psycopg" else None


def _sqlite(code: int, problem: BaseException, shown: str) -> AifctlError | None:
    if code in _SQLITE_DAMAGED:
        return damaged(shown, problem)
    if code in _SQLITE_AWAY:
        return UnavailableError(f"the store {shown} does not take it: {_SQLITE_AWAY[code]} ({problem})")
    return None


def _postgresql(problem: BaseException, shown: str) -> AifctlError | None:
    state = getattr(problem, "sqlstate", None)
    said = " ".join(str(problem).split())
    if state is None:
        away = type(problem).__name__ in {"OperationalError", "InterfaceError", "ConnectionTimeout", "PipelineAborted"}
        return UnavailableError(f"the store {shown} does not answer: {said}") if away else None
    if state.startswith(_POSTGRESQL_DAMAGED):
        return damaged(shown, problem)
    if state.startswith(_POSTGRESQL_SETUP):
        return SetupError(f"the store {shown} can't be used: {said}")
    if state.startswith(_POSTGRESQL_AWAY):
        return UnavailableError(f"the store {shown} does not take it: {said}")
    return None


def damaged(shown: str, problem: object) -> DamagedDatabaseError:
    """Say that a database is damaged, and the way out."""
    return DamagedDatabaseError(
        f"the store {shown} is damaged ({problem}); `aifctl store rebuild` makes it anew from its log"
    )
