"""What can be wrong with the store, beyond what the port's errors say."""

from __future__ import annotations

from aifctl.core.errors import BackendError, SetupError


class DamagedLogError(SetupError):
    """Part of the log is not what was written."""


class DamagedDatabaseError(SetupError):
    """The database can't be read; the log can."""


class NewerStoreError(SetupError):
    """A newer aifctl has written it."""


class UnavailableError(BackendError):
    """The database does not take it now: locked, full, not answering. Nothing has happened."""


class LogError(SetupError):
    """The log can't be written: nothing was applied, what was acknowledged before stands."""
