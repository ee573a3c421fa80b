"""Settings → Toolbox: the only place that names adapters and opens drawers, and it imports both late."""

from __future__ import annotations

import contextlib
import os
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING

from aifctl.core.errors import AifctlError, SetupError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Head, ReaderGoneError, Report
from aifctl.core.settings import read_settings
from aifctl.core.shown import Shown
from aifctl.core.tracebacks import bug_error
from aifctl.wiring.drawers import all_formats, format_named, format_names, report_kinds
from aifctl.wiring.tools import Tools, open_screen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aifctl.output.sink import ReportSink
    from aifctl.ports.sink import Sink
    from aifctl.ports.toolbox import Toolbox

    Verb = Callable[[Toolbox, Sink], Report]

__all__ = [
    "exit_in",
    "note_end",
    "output_formats",
    "perform",
    "quiet_tools",
    "report_kinds",
    "tell_error",
    "write_schema",
    "write_version",
]


def perform(verb: Verb, shown: Shown, *, flags: Mapping[str, str | None], lenient: bool = False) -> int:
    """Run one verb with the world it needs, write its report, and return the exit code.

    `flags` are settings that the command line names; None where it does not. A `lenient` verb tells itself what is wrong
    with a settings file, which is the end of every other.
    """
    _check_folder()
    tools = Tools(read_settings(os.environ, lenient=lenient).with_flags(flags), shown)
    sink = tools.sink()
    try:
        report = verb(tools, sink)
        tools.progress.close()
        sink.close(report)
    except AifctlError as error:
        return _failed(tools, sink, error)
    except Exception as bug:  # noqa: BLE001  so that even then stdout holds one whole report; kept in a file, exit 70
        return _failed(tools, sink, bug_error(bug, tools.state))
    return int(ExitCode.OK if sink.exit is None else sink.exit)


def _check_folder() -> None:
    """Raise SetupError where the current folder has been removed: no relative path means anything then."""
    try:
        os.getcwd()  # noqa: PTH109  Path.cwd() would be the same call and a value that nobody wants
    except OSError as problem:
        raise SetupError(f"the current folder is gone ({problem.strerror}); cd to one that exists") from problem


def tell_error(error: AifctlError, format_name: str) -> int:
    """Tell an error that came before there was a toolbox, and return what the process ends with.

    On stderr, and on stdout too where the format holds errors.
    """
    from aifctl.output.errors import render_error

    screen = open_screen(Shown())
    formats = {format_name: format_named(format_name)} if format_name in format_names() else {}
    text, code = render_error(error, formats.get(format_name), page=screen.page(None))
    with contextlib.suppress(ReaderGoneError):
        screen.stdout.write(text)
        screen.stdout.flush()
    screen.tell(error)
    return code


def exit_in(format_name: str, code: ExitCode) -> int:
    """Return what the process ends with where there is nothing to tell but a code."""
    return format_named(format_name).code(Report(exit=code)) if format_name in format_names() else code


def note_end(textfile: str, *, verb: str, name: str, code: ExitCode) -> None:
    """Write the text file of a command that ended before its verb was called."""
    from aifctl.core.system_clock import SystemClock
    from aifctl.dispatch.cron import Attempt, check_textfile, write_textfile

    attempt = Attempt(name=name, verb=verb, at=SystemClock().now(), duration_s=0.0, exit=code)
    try:
        write_textfile(check_textfile(textfile), attempt)
    except AifctlError as error:
        open_screen(Shown()).tell(error)


def obey_locale() -> None:
    """Let help be ASCII where the locale is, which Python takes for UTF-8 (PEP 538)."""
    from aifctl.output.terminal import TerminalFacts, environ_as_given

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and TerminalFacts.detect(stream, environ_as_given()).encoding == "ascii":
            stream.reconfigure(encoding="ascii", errors="backslashreplace")


def quiet_tools(flags: Mapping[str, str]) -> Tools:
    """Return tools that say nothing, for completion: with a warm cache their fleet loads no heavy library."""
    return Tools(read_settings(os.environ).with_flags(flags), Shown(quiet=True))


def write_version() -> int:
    """Print which aifctl this is."""
    from aifctl import __version__

    screen = open_screen(Shown())
    screen.stdout.write(f"aifctl {__version__}\n")
    screen.stdout.flush()
    return ExitCode.OK


def write_schema(name: str | None, shown: Shown) -> int:
    """Report the JSON Schema of one kind of report, or the kinds there are."""
    import json

    from aifctl.fleet.nearest import nearest
    from aifctl.ops.texts import tell_text
    from aifctl.output.schema import REPORT_KIND, schema

    kinds = report_kinds()
    if name is not None and name not in kinds:
        near = nearest(name, kinds)
        advice = f"did you mean {near}?" if near else f"there are {', '.join(kinds)}"
        raise UsageError(f"there is no kind of report {name!r}; {advice}")

    def verb(_: Toolbox, sink: Sink) -> Report:
        if name is not None:
            return tell_text(sink, json.dumps(schema(kinds[name]), indent=2) + "\n", file=f"{name}.json")
        sink.open(Head(kind=REPORT_KIND))
        for kind in kinds.values():
            sink.item({"kind": kind.name, "about": kind.about})
        return Report(summary={"kinds_count": len(kinds)})

    return perform(verb, shown, flags={})


def output_formats() -> list[tuple[str, str]]:
    """Return what -o knows: (name, what it is), by name."""
    return sorted((one.name, one.about) for one in all_formats().values())


def _failed(tools: Tools, sink: ReportSink, error: AifctlError) -> int:
    tools.progress.close()
    with contextlib.suppress(AifctlError):  # stdout can't be written; stderr still says what was wrong
        sink.fail(error)
    tools.tell(error)
    return sink.code_of(error)
