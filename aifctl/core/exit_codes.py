"""The exit codes of the command contract, and which one wins when several apply."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Listed as the contract lists them: the first that applies, top down."""

    BUG = 70
    SETUP = 6
    USAGE = 2
    REFUSED = 5
    BUSY = 75
    BACKEND = 69
    DEADLINE = 124
    SIGINT = 130
    SIGTERM = 143
    SIGHUP = 129
    NONE_ASKED = 4
    COVERAGE = 3
    FINDINGS = 1
    OK = 0


_RANK = {code: rank for rank, code in enumerate(ExitCode)}


def first_that_applies(*codes: ExitCode) -> ExitCode:
    """Return the code that stands highest in the contract's table; OK when there is none."""
    return min(codes, key=_RANK.__getitem__, default=ExitCode.OK)
