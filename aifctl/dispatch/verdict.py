"""From the outcomes of a run to its coverage and its exit code (cli.md, "Exit codes")."""

from __future__ import annotations

from collections.abc import Mapping

from aifctl.core.exit_codes import ExitCode, first_that_applies
from aifctl.core.outcome import ANSWERED, NOT_STARTED, Outcome
from aifctl.core.report import Coverage

#: The node never got the command. All others were asked: what timed out or was lost had begun there.
_NOT_ASKED = NOT_STARTED | {Outcome.CANCELLED, Outcome.SKIPPED}


def coverage_of(counts: Mapping[Outcome, int], *, not_reached: int, skipped: int) -> Coverage:
    """Return how many of the nodes that were meant have answered; skipped ones (off, repair) don't count."""
    answered = sum(count for outcome, count in counts.items() if outcome in ANSWERED)
    asked = sum(count for outcome, count in counts.items() if outcome is not Outcome.SKIPPED)
    return Coverage(asked=asked + not_reached, answered=answered, skipped=skipped + counts.get(Outcome.SKIPPED, 0))


def exit_of(counts: Mapping[Outcome, int], coverage: Coverage, *, stopped: ExitCode, min_coverage: float) -> ExitCode:
    """Return the first exit code that applies."""
    applying = [stopped]
    if counts.get(Outcome.UNKNOWN):
        applying.append(ExitCode.BUG)
    if coverage.asked and not any(count for outcome, count in counts.items() if outcome not in _NOT_ASKED):
        applying.append(ExitCode.NONE_ASKED)
    # Compared as counts: 6249/6250 must not pass for 100 % by rounding.
    if coverage.answered < min_coverage * coverage.asked:
        applying.append(ExitCode.COVERAGE)
    if counts.get(Outcome.EXIT) or counts.get(Outcome.SIGNALLED):
        applying.append(ExitCode.FINDINGS)
    return first_that_applies(*applying)
