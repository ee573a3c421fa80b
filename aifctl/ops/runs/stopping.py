"""runs stop: ends a run from another terminal, as its own first Ctrl-C would."""

from __future__ import annotations

import os
import select
import signal
from collections import Counter
from typing import Protocol

from aifctl.core.errors import RefusedError
from aifctl.core.process import ProcessIdentity
from aifctl.core.report import Head, Report
from aifctl.fanout.run_summary import RunState, RunSummary
from aifctl.fanout.runs import read_run
from aifctl.ops.runs.listing import RUNS, run_item
from aifctl.ops.runs.showing import notes_on
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

# A run ends its remote commands first: TERM, two seconds of grace, KILL.
_PATIENCE_S = 10.0


class Processes(Protocol):
    """What stopping needs of the operating system."""

    def stop(self, process: ProcessIdentity) -> bool:
        """Send SIGTERM to exactly this process; False where it has ended already; PermissionError."""

    def wait_end(self, process: ProcessIdentity, timeout_s: float) -> bool:
        """Wait for it to end; False where it has not after that time."""


class LocalProcesses:
    """Processes of this control host, held by file descriptor so that a pid used again is never hit."""

    def stop(self, process: ProcessIdentity) -> bool:
        descriptor = _open(process)
        if descriptor is None:
            return False
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        except ProcessLookupError:
            return False
        finally:
            os.close(descriptor)
        return True

    def wait_end(self, process: ProcessIdentity, timeout_s: float) -> bool:
        descriptor = _open(process)
        if descriptor is None:
            return True
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            return bool(poll.poll(timeout_s * 1000))
        finally:
            os.close(descriptor)


def stop_run(
    reference: str, tools: Toolbox, sink: Sink, *, processes: Processes | None = None, patience_s: float = _PATIENCE_S
) -> Report:
    """Send SIGTERM to the process that writes the run, wait a while, and report where the run stands then."""
    record = read_run(tools.state, reference)
    notes = (
        _stop(record.summary, processes or LocalProcesses(), patience_s)
        if record.state is RunState.RUNNING
        else (f"run {record.run_id} was not running any more",)
    )
    sink.open(Head(kind=RUNS, facts={"run": record.run_id}))
    sink.item(run_item(tools.state, record.run_id))
    after = read_run(tools.state, record.run_id)
    counts = dict(Counter(after.outcomes.values()))
    return Report(
        notes=(*notes, *notes_on(after)),
        summary={"run": after.run_id, "state": after.state.value, "counts": counts},
        complete=after.state is not RunState.RUNNING,
    )


def _stop(run: RunSummary, processes: Processes, patience_s: float) -> tuple[str, ...]:
    process = run.writer
    if process is None:
        raise RefusedError(f"the journal of run {run.run_id} does not say which process writes it; end it by hand")
    if not process.is_local():
        raise RefusedError(
            f"run {run.run_id} belongs to pid {process.pid} on {process.control_host}: stop it there, with "
            f"`aifctl runs stop {run.run_id}`"
        )
    try:
        sent = processes.stop(process)
    except PermissionError as problem:
        who = run.facts.get("who") or "somebody else"
        raise RefusedError(
            f"run {run.run_id} belongs to {who} (pid {process.pid}); they, or root, can stop it"
        ) from problem
    if not sent:
        raise RefusedError(
            f"run {run.run_id} is locked by a process that is not the pid {process.pid} it names: in another "
            "container or pid namespace; stop it there"
        )
    ended = processes.wait_end(process, patience_s)
    told = f"SIGTERM was sent to pid {process.pid}"
    if ended:
        return (f"{told}, and it has ended",)
    return (f"{told}; it is still ending its remote commands after {patience_s:g} s",)


def _open(process: ProcessIdentity) -> int | None:
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    if process.is_alive():  # checked while the descriptor is held: from here on it is that process or none
        return descriptor
    os.close(descriptor)
    return None
