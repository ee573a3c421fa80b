"""What cron asked for, around a verb: jitter, lock, text file, heartbeat, whatever way the verb ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from aifctl.core.errors import AifctlError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Report
from aifctl.custody.lock import Lock, Skipped, parse_lock, take_lock
from aifctl.custody.secret_source import read_secret
from aifctl.diagnosis.fleet_health import FleetHealth
from aifctl.diagnosis.fleet_metrics import fleet_metrics
from aifctl.dispatch.asked import Fan, Timetable
from aifctl.dispatch.cron import COVERED, Attempt, check_textfile, jitter_s, send_heartbeat, write_textfile
from aifctl.ports.toolbox import Toolbox


def on_time(verb: str, fan: Fan, tools: Toolbox, body: Callable[[], Report]) -> Report:
    """Call `body` as the timetable wants it, and write down how it ended."""
    table = fan.timetable
    textfile = check_textfile(table.textfile) if table.textfile else None
    ledger = _Ledger(
        name=_job_name(table, verb), verb=verb, textfile=textfile, tools=tools, since_s=tools.clock.monotonic_s()
    )
    try:
        heartbeat = read_secret(table.heartbeat, what="the heartbeat URL") if table.heartbeat else None
        report = _in_turn(verb, fan, tools, body)
    except AifctlError as error:
        ledger.write(error.exit_code)
        raise
    except BaseException:
        ledger.write(ExitCode.BUG)
        raise
    if isinstance(report, Skipped):
        return ledger.skipped(report)
    ledger.write(report.exit, report)
    if heartbeat is not None and report.exit in COVERED:
        problem = send_heartbeat(heartbeat)
        report = replace(report, notes=(*report.notes, problem)) if problem else report
    return report


def _in_turn(verb: str, fan: Fan, tools: Toolbox, body: Callable[[], Report]) -> Report | Skipped:
    """Wait out the jitter, take the lock, call `body`."""
    table = fan.timetable
    request = parse_lock(table.lock) if table.lock else None
    if table.jitter_s:
        time.sleep(jitter_s(table.jitter_s, request.name if request else verb))
    if request is None:
        return body()
    if fan.pace.deadline_s is None:
        raise UsageError("--lock needs --deadline: without one a hung run would hold the lock for ever")
    lock = take_lock(tools.state, request, deadline_s=fan.pace.deadline_s, command=verb, clock=tools.clock)
    return lock if isinstance(lock, Skipped) else _locked(lock, body)


def _job_name(table: Timetable, verb: str) -> str:
    """Return what tells this cron job apart, also where its lock is written wrongly."""
    return table.lock.partition(":")[0] or verb


def _locked(lock: Lock, body: Callable[[], Report]) -> Report:
    with lock:
        return body()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ledger:
    """Writes each end of a verb to the text file, where one was asked for."""

    name: str
    verb: str
    textfile: Path | None
    tools: Toolbox
    since_s: float

    def write(self, code: ExitCode, report: Report | None = None) -> None:
        if self.textfile is None:
            return
        attempt = replace(self._attempt(code), looked=True)
        if report is not None:
            counts = report.summary.get("counts") or {}
            more = tuple(fleet_metrics(report.view)) if isinstance(report.view, FleetHealth) else ()
            attempt = replace(attempt, coverage=report.coverage, counts=counts, more=more)
        write_textfile(self.textfile, attempt)

    def skipped(self, skipped: Skipped) -> Report:
        """Tell that somebody else is at it: an attempt, but no success, because nothing was looked at."""
        if self.textfile is not None:
            write_textfile(self.textfile, replace(self._attempt(ExitCode.OK), looked=False))
        return Report(notes=(skipped.message,), summary={"skipped": True}, complete=False)

    def _attempt(self, code: ExitCode) -> Attempt:
        duration_s = self.tools.clock.monotonic_s() - self.since_s
        at: datetime = self.tools.clock.now()
        return Attempt(name=self.name, verb=self.verb, at=at, duration_s=duration_s, exit=code)
