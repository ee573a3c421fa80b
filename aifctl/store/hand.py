"""What those who apply records work with: one transaction, and the few questions that all of them ask."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from aifctl.store.tables import EVENTS, NODES, SWEEPS

Row = Mapping[str, Any]


class Hand:
    """One transaction; gone with it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._sweeps: dict[str, int] = {}

    def upsert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT that may say ON CONFLICT; both databases spell it alike."""
        return sqlite.insert(table) if self._is_sqlite else postgresql.insert(table)

    def add(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            self.connection.execute(insert(table), rows)

    def node_ids(self, names: Collection[str]) -> dict[str, int]:
        """Return nodes' numbers; a name that is new gets the next."""
        wanted = sorted(set(names))
        found: dict[str, int] = {}
        for start in range(0, len(wanted), _MOST_VARIABLES):
            some = wanted[start : start + _MOST_VARIABLES]
            rows = self.connection.execute(select(NODES.c.name, NODES.c.id).where(NODES.c.name.in_(some)))
            found.update((row.name, row.id) for row in rows)
        new = [name for name in wanted if name not in found]
        if new:
            first = self.next_id(NODES.c.id)
            numbered = {name: first + index for index, name in enumerate(new)}
            self.add(NODES, [{"id": number, "name": name} for name, number in numbered.items()])
            found.update(numbered)
        return found

    def sweep_number(self, sweep: str) -> int:
        """Return a sweep's number; one that is not known was begun where the log is damaged, and begins here."""
        if sweep not in self._sweeps:
            number = self.connection.execute(select(SWEEPS.c.number).where(SWEEPS.c.id == sweep)).scalar()
            self._sweeps[sweep] = int(number) if number is not None else self._begin(sweep)
        return self._sweeps[sweep]

    def known_sweeps(self, sweeps: Collection[str]) -> set[str]:
        """Return those of some sweeps that are not forgotten."""
        return set(self.connection.execute(select(SWEEPS.c.id).where(SWEEPS.c.id.in_(sorted(sweeps)))).scalars())

    def next_id(self, column: Column[Any]) -> int:
        """Return one more than the highest: unlike a sequence's, the same each time the log is applied."""
        return int(self.connection.execute(select(func.coalesce(func.max(column), 0))).scalar_one()) + 1

    def tell(self, events: Iterable[Row]) -> None:
        """Add lines to the time line: at, kind, text, and where they matter node and facts."""
        usual = {"node": "", "facts": {}}
        told = [{**usual, **event} for event in events]
        if told:
            first = self.next_id(EVENTS.c.id)
            self.add(
                EVENTS, [{**one, "id": first + index, "facts": to_json(one["facts"])} for index, one in enumerate(told)]
            )

    def _begin(self, sweep: str) -> int:
        number = self.next_id(SWEEPS.c.number)
        row = {"number": number, "id": sweep, "started_at": 0.0, "selector": "", "asked": 0, "answered": 0}
        self.add(SWEEPS, [{**row, "probe": "", "facts": "{}"}])
        return number


#: Names in one IN: SQLite takes 32,766 variables, and a statement of thousands is slow to compile.
_MOST_VARIABLES = 500

_LEVEL = 6


def to_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)


def deflated(text: str | None, *, base: bytes = b"") -> bytes | None:
    """Return text as the database keeps it; with a base, which it resembles, as what differs: it takes that to read it back."""
    if text is None:
        return None
    deflate = zlib.compressobj(_LEVEL, zdict=base) if base else zlib.compressobj(_LEVEL)
    return deflate.compress(text.encode("ascii")) + deflate.flush()
