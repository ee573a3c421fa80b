"""The steps in their order; the schema's version is how many of them a database has been through."""

from __future__ import annotations

from collections.abc import Sequence

from aifctl.store.migrations import v0001

#: One step is statements in the SQL that SQLite and PostgreSQL share, with {blob}, {real} and {big} for types.
STEPS: tuple[Sequence[str], ...] = (v0001.STATEMENTS,)

#: The types where the two differ.
TYPES = {
    "sqlite": {"blob": "BLOB", "real": "REAL", "big": "INTEGER"},
    "postgresql": {"blob": "BYTEA", "real": "DOUBLE PRECISION", "big": "BIGINT"},
}
