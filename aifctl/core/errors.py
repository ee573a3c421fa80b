"""Every error that ends a command, as a tree; each class carries its exit code.

AifctlError
├ UsageError 2     NodeSetSyntaxError, UnknownNodeError, EmptySelectionError
├ SetupError 6     InventoryError and ProfilesError (all mistakes at once), SettingsError
├ RefusedError 5   a guard said no; the message names the flag or person that lifts it
├ BusyError 75     lease, lock, allocated
├ BackendError 69  store, Slurm, BMC not answering
├ StoppedError     a signal: 130, 143, 129
└ NodeError        one node's outcome; never leaves the fan-out, becomes a row

A message is one sentence: what, where, what next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aifctl.core.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aifctl.core.outcome import Outcome


class AifctlError(Exception):
    """A failure with a sentence for the operator and an exit code for the script."""

    exit_code: ExitCode = ExitCode.BUG


class UsageError(AifctlError):
    """The command line asks for something that cannot be understood or does not exist."""

    exit_code = ExitCode.USAGE


class SelectorError(UsageError):
    """What is wrong at one place of a selector.

    Attributes:
        text: the selector as typed.
        column: 0-based offset of the first character that does not fit.
    """

    def __init__(self, reason: str, *, text: str, column: int) -> None:
        super().__init__(at_column(reason, text=text, column=column))
        self.reason, self.text, self.column = reason, text, column


class NodeSetSyntaxError(SelectorError):
    """A selector that does not parse."""


class UnknownGroupError(SelectorError):
    """A group, rack, leaf and so on that the inventory does not hold."""


class UnknownNodeError(UsageError):
    """Names that the inventory does not hold: all of them, each with its nearest."""

    def __init__(self, message: str, *, unknown: Sequence[str], nearest: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.unknown, self.nearest = tuple(unknown), tuple(nearest)


class EmptySelectionError(UsageError):
    """The selector is well-formed and selects nothing tonight."""


class SetupError(AifctlError):
    """Something on this control host is wrong: inventory, settings, own keys, state directory."""

    exit_code = ExitCode.SETUP


class SettingsError(SetupError):
    """A settings file or an environment variable holds what it must not."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mistake:
    """One mistake in one place of an inventory; `line` is 1-based, 0 where the file as a whole is meant."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class InventoryError(SetupError):
    """All the mistakes of an inventory at once, each with file and line."""

    holder = "the inventory has"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        super().__init__("\n".join([f"{self.holder} {count} mistake{'s' * (count != 1)}", *map(str, self.mistakes)]))


class ProfilesError(InventoryError):
    """All the mistakes of the profiles at once, each with file and line."""

    holder = "the profiles have"


class BaselinesError(InventoryError):
    """All the mistakes of the firmware baselines at once, each with file and line."""

    holder = "the baselines have"


class RefusedError(AifctlError):
    """A guard refused; the message says which flag or person lifts it."""

    exit_code = ExitCode.REFUSED


class BusyError(AifctlError):
    """Somebody else holds it: by whom, since when."""

    exit_code = ExitCode.BUSY


class BackendError(AifctlError):
    """A backend (store, Slurm, BMC) does not answer, or what was wanted is only queued."""

    exit_code = ExitCode.BACKEND


class StoppedError(AifctlError):
    """A signal came while no run was going on; its exit code says which."""

    def __init__(self, code: ExitCode) -> None:
        super().__init__(f"stopped by {code.name}")
        self.exit_code = code


class NodeError(AifctlError):
    """Why one node gave no result. It never leaves the fan-out: it becomes that node's row."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome, self.message = outcome, message


def at_column(reason: str, *, text: str, column: int) -> str:
    """Return the sentence with the place it is about."""
    return f"{reason}, at column {column + 1} of {excerpt(text, around=column)!r}"


def excerpt(text: str, *, around: int = 0, most: int = 160) -> str:
    """Return a text, or of a long one (half a fleet folds to 100 KB) what is near a column."""
    start = max(0, min(around - most // 2, len(text) - most))
    return ("…" if start else "") + text[start : start + most] + ("…" if start + most < len(text) else "")
