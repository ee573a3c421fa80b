"""Which version of the schema a database has, for whoever opens it, light or not."""

from __future__ import annotations

from aifctl.core.errors import SetupError
from aifctl.store.damage import NewerStoreError
from aifctl.store.migrations.steps import STEPS

VERSION = len(STEPS)

SELECT_VERSION = "SELECT version FROM schema_version"
#: Both ask whether there is a store at all.
HAS_VERSION = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'",
    "postgresql": "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_version'",
}


def refuse_newer(version: int, known: int, shown: str) -> None:
    """Raise NewerStoreError for a schema that this aifctl does not know."""
    if version > known:
        raise NewerStoreError(
            f"the store {shown} was written by a newer aifctl (schema {version}, this one knows {known}); update this "
            "one, or name another store with --state"
        )


def refuse_older(version: int, shown: str) -> None:
    """Raise SetupError for a schema that only a writer brings up to date."""
    if version < VERSION:
        raise SetupError(
            f"the store {shown} has an older schema ({version} of {VERSION}); the next `aifctl sweep` or `aifctl "
            "reconcile` migrates it"
        )
