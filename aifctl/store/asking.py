"""Questions in the SQL that both databases share, asked through whatever driver is at hand: SQLAlchemy's, or the bare one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

#: SQL with `?` for parameters → rows.
Fetch = Callable[[str, Sequence[Any]], list[Sequence[Any]]]

#: More names than this are not asked for by name: all rows are read, and the others dropped.
_MOST_NAMES = 400


class Asker:
    """What all readers share."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    def _ask_of(
        self,
        sql: str,
        names: Collection[str] | None,
        conditions: Sequence[tuple[str, Any]] = (),
        *,
        column: str = "n.name",
        order: str = "",
        limit: int | None = None,
    ) -> list[Sequence[Any]]:
        """Ask for rows of these nodes, the node's name being the first column, and of whom each condition is true."""
        few = names is not None and len(names) <= _MOST_NAMES
        wheres = [condition for condition, _ in conditions]
        values = [value for condition, value in conditions if "?" in condition]
        if names is not None and few:
            wheres.append(f"{column} IN ({', '.join('?' * len(names)) or 'NULL'})")
            values += sorted(names)
        if wheres:
            sql = f"{sql} WHERE {' AND '.join(f'({where})' for where in wheres)}"
        sql = f"{sql} ORDER BY {order}" if order else sql
        if limit is not None and (few or names is None):
            return self._fetch(f"{sql} LIMIT ?", [*values, limit])
        rows = self._fetch(sql, values)
        if names is not None and not few:
            wanted = frozenset(names)
            rows = [row for row in rows if row[0] in wanted][:limit]
        return rows


def for_psycopg(sql: str) -> str:
    """Return SQL with psycopg's mark for parameters."""
    return sql.replace("?", "%s")
