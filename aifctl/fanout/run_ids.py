"""Names of runs: they sort by time, and may be shortened, counted from the end, or called `latest`."""

from __future__ import annotations

import random
import re
from pathlib import Path

from aifctl.core.errors import SetupError, UsageError
from aifctl.core.state_dir import StateDir
from aifctl.ports.clock import Clock

RUNS = "runs"

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"\d{8}-\d{6}-[0-9a-z]{4}")
_MOST_NAMED = 5
_TRIES = 100


def new_run_id(clock: Clock, source: random.Random) -> str:
    """Return e.g. 20261124-003512-x7k2: UTC to the second, two characters of milliseconds, two of chance."""
    now = clock.now()
    high, low = divmod(now.microsecond // 1000, len(_ALPHABET))
    chance = "".join(source.choice(_ALPHABET) for _ in range(2))
    return f"{now:%Y%m%d-%H%M%S}-{_ALPHABET[high]}{_ALPHABET[low]}{chance}"


def claim_run(state: StateDir, clock: Clock, source: random.Random) -> str:
    """Return a run id that nobody else has; its folder is made, and that is what makes it ours."""
    for _ in range(_TRIES):
        run_id = new_run_id(clock, source)
        try:
            state.claim(RUNS, run_id)
        except FileExistsError:
            continue
        except OSError as problem:
            raise SetupError(
                f"a run's folder can't be made in {state.path / RUNS}: {problem.strerror}; "
                "free it up or name another with --state-dir"
            ) from problem
        return run_id
    raise SetupError(f"{_TRIES} run ids in a row were taken in {state.path / RUNS}; is the clock standing still?")


def run_folder(state: StateDir, run_id: str) -> Path:
    """Return where a run lies, whether it exists or not."""
    return state.path / RUNS / run_id


def run_ids(state: StateDir) -> list[str]:
    """Return the ids of all runs, oldest first; none where there is no state directory yet."""
    try:
        names = [entry.name for entry in (state.path / RUNS).iterdir()]
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise SetupError(f"the runs in {state.path / RUNS} can't be listed: {problem.strerror}") from problem
    return sorted(name for name in names if _SHAPE.fullmatch(name))


def resolve_run(state: StateDir, reference: str) -> str:
    """Turn `latest`, -1 (the latest), -2 (the one before), an id, its beginning or its last four characters into an id.

    UsageError where there is none, or several.
    """
    known = run_ids(state)
    if not known:
        raise UsageError(f"there are no runs in {state.path / RUNS} yet")
    if reference == "latest":
        return known[-1]
    if re.fullmatch(r"[-~]\d+", reference):  # ~2 is -2 where that would be taken for an option
        counted = reference.replace("~", "-")
        return _counted(known, int(counted), counted)
    if reference in known:
        return reference
    found = [run_id for run_id in known if reference and (run_id.startswith(reference) or run_id[-4:] == reference)]
    if len(found) != 1:
        raise UsageError(_no_single_run(reference, found, known))
    return found[0]


def _counted(known: list[str], place: int, reference: str) -> str:
    if not -len(known) <= place < 0:
        raise UsageError(f"there is no run {reference}: {len(known)} are kept, -1 is the latest, {known[-1]}")
    return known[place]


def _no_single_run(reference: str, found: list[str], known: list[str]) -> str:
    if not found:
        return f"there is no run {reference!r}; the latest is {known[-1]}, `aifctl runs list` shows all"
    shown = ", ".join(found[-_MOST_NAMED:])
    return f"{reference!r} is the beginning of {len(found)} runs, the latest of them {shown}; write more of it"
