"""Argv in, exit code out: the only place that ends the process or catches AifctlError."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from aifctl.core.errors import AifctlError, StoppedError
from aifctl.core.exit_codes import ExitCode

if TYPE_CHECKING:
    from aifctl.cli.invocation import Invocation

_STOPS = {signal.SIGINT: ExitCode.SIGINT, signal.SIGTERM: ExitCode.SIGTERM, signal.SIGHUP: ExitCode.SIGHUP}

#: A monitoring plugin ends with nothing above 3, not even here.
_NAGIOS, _NAGIOS_UNKNOWN = frozenset({"nagios", "-onagios", "--output=nagios"}), 3


def console(*, stopped: bool = False) -> NoReturn:
    """Run as the `aifctl` command; `stopped` before it was loaded, only say so."""
    # A run makes few cycles and lives for seconds: looking for garbage less often saves 8 % of its CPU for 10 MB.
    gc.set_threshold(20_000, 20, 50)
    code = main(sys.argv[1:], stopped=stopped)
    # Interpreter shutdown of asyncio, asyncssh and 6,250 results costs 0.1 s; everything that must be on disk is there.
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, AttributeError):  # nobody reads any more, or the stream was closed before we began
        pass
    os._exit(code)


def main(argv: Sequence[str], *, stopped: bool = False) -> int:
    """Run one command line and return its exit code; never raises."""
    try:
        return _stop_early(argv, StoppedError(ExitCode.SIGINT)) if stopped else _run(argv)
    except Exception:  # noqa: BLE001  not even telling has worked; Python's own exit code would mean findings
        import traceback  # noqa: PLC0415  only here

        with contextlib.suppress(OSError):
            traceback.print_exc()
        return _NAGIOS_UNKNOWN if _NAGIOS & set(argv) else ExitCode.BUG


def _run(argv: Sequence[str]) -> int:
    if argv[:1] == ["__complete"]:
        from aifctl.cli.complete import complete  # noqa: PLC0415  answers before Typer is imported

        return complete(argv[1:])
    try:
        _hear_signals()
        invocation = _parse(argv)
    except StoppedError as stop:  # while modules were still loading
        return _stop_early(argv, stop)
    try:
        return invocation.run()
    except AifctlError as error:
        return invocation.fail(error)
    except (BrokenPipeError, SystemExit):  # `--help | head`: nobody reads any more (rich then exits), which is no error
        return ExitCode.OK
    except Exception as bug:  # noqa: BLE001  the outermost boundary: kept in a file, exit 70
        return invocation.bug(bug)


def _parse(argv: Sequence[str]) -> Invocation:
    from aifctl.cli.invocation import Invocation  # noqa: PLC0415  signals are heard before anything is loaded

    return Invocation.parse(argv)


def _stop_early(argv: Sequence[str], stop: StoppedError) -> int:
    """Tell a stop in the format that was asked for; nothing cuts off the tenth of a second that the rest takes to load."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
    return _parse(argv).fail(stop)


def _hear_signals() -> None:
    """Turn what ends a process into an error of ours, so that lock, text file and report end in order.

    What is ignored (nohup, a shell's `&`) stays ignored. While a run goes on its own loop listens instead.
    """
    for number in _STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stopped)
    if sys.unraisablehook is sys.__unraisablehook__:  # a test runner's own stays
        sys.unraisablehook = _not_lost


def _not_lost(lost: sys.UnraisableHookArgs) -> None:
    """Raise a stop again that came while Python was in a destructor or a weak reference's callback, where errors end."""
    stop = lost.exc_value
    if not isinstance(stop, StoppedError):
        sys.__unraisablehook__(lost)
        return
    # Not from here: what this hook raises is dropped as well. Half a millisecond later Python is somewhere else.
    signal.signal(signal.SIGALRM, functools.partial(_raise, stop.exit_code))
    signal.setitimer(signal.ITIMER_REAL, 0.0005)


def _raise(code: ExitCode, _number: int, _frame: object) -> NoReturn:
    raise StoppedError(code)


def _stopped(number: int, _frame: object) -> NoReturn:
    raise StoppedError(_STOPS[signal.Signals(number)])
