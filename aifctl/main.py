"""Argv in, exit code out: the only place that ends the process or catches AifctlError."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from aifctl.core.errors import AifctlError
from aifctl.core.exit_codes import ExitCode


def console() -> None:
    """Run as the `aifctl` command."""
    code = main(sys.argv[1:])
    # Interpreter shutdown of asyncio, asyncssh and 6,250 results costs 0.1 s; everything that must be on disk is there.
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(code)


def main(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code; never raises."""
    if argv[:1] == ["__complete"]:
        from aifctl.cli.complete import complete  # noqa: PLC0415  answers before Typer is imported

        return complete(argv[1:])
    from aifctl.cli.invocation import Invocation  # noqa: PLC0415

    invocation = Invocation.parse(argv)
    try:
        return invocation.run()
    except AifctlError as error:
        return invocation.fail(error)
    except KeyboardInterrupt:
        return ExitCode.SIGINT
    except BrokenPipeError:
        return _reader_left()
    except Exception as bug:  # noqa: BLE001  the outermost boundary: kept in a file, exit 70
        return invocation.bug(bug)


def _reader_left() -> int:
    """`| head` is not an error: stdout goes nowhere from here on, quietly."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.OK


