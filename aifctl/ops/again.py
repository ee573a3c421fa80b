"""runs retry and resume: an earlier run's deed, made again of what its journal keeps, for the nodes that are left."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from aifctl.core.errors import RefusedError
from aifctl.core.report import RUN, Head, Report
from aifctl.dispatch.again import nodes_again, pace_again
from aifctl.dispatch.asked import Chosen, Consent, Fan, Keep
from aifctl.dispatch.deed import Deed, Order
from aifctl.fanout.runs import RunRecord
from aifctl.ops.copy import pull_deed, push_deed
from aifctl.ops.reported import carry_out
from aifctl.ops.run import run_deed, script_deed
from aifctl.ops.runs.continuing import resume_run, retry_run
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

_DEEDS: Mapping[str, Callable[..., Deed]] = {
    "run": run_deed,
    "script": script_deed,
    "push": push_deed,
    "pull": pull_deed,
}
#: The fan-out makes the spooled input read-only when it holds all of it.
_SPOOL = "stdin"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainAsked:
    """Which run; `outcomes` is for retry, `again` for resume, both as they were typed."""

    run: str
    consent: Consent
    outcomes: str | None = None
    again: str | None = None
    argv: tuple[str, ...] = ()


def resume(asked: AgainAsked, tools: Toolbox, sink: Sink) -> Report:
    """Do the rest of a run, each node once; where nothing is left, say so."""
    again = _Again(asked, tools, sink)
    report = resume_run(asked.run, tools.state, again, again=asked.again)
    if not again.dispatched:
        sink.open(Head(kind=RUN, facts={"run": report.summary["run"]}))
    return report


def retry(asked: AgainAsked, tools: Toolbox, sink: Sink) -> Report:
    """Do a run again on the nodes that stand at some outcomes."""
    return retry_run(asked.run, tools.state, _Again(asked, tools, sink), outcomes=asked.outcomes)


class _Again:
    """Dispatches what an earlier run was for on some of its nodes; satisfies ops.runs.continuing.Dispatch."""

    def __init__(self, asked: AgainAsked, tools: Toolbox, sink: Sink) -> None:
        self._asked, self._tools, self._sink = asked, tools, sink
        self.dispatched = False

    def __call__(self, record: RunRecord, names: tuple[str, ...]) -> Report:
        self.dispatched = True
        tools = self._tools.with_given(record.head.get("given", {}))
        facts = record.head["work"]
        make = _DEEDS.get(record.summary.verb)
        if make is None:
            raise RefusedError(f"run {record.run_id} was a {record.summary.verb}, which can't be continued")
        fan = self._fan(record)
        with contextlib.ExitStack() as opened:
            more: dict[str, Any] = {"dry_run": fan.consent.dry_run} if make is push_deed else {}
            if facts.get("stdin"):
                more["stdin"] = opened.enter_context(_spooled(record))
            order = Order(deed=make(facts, tools, **more), nodes=nodes_again(record, names, tools), fan=fan)
            return carry_out(order, tools, self._sink)

    def _fan(self, record: RunRecord) -> Fan:
        return Fan(
            chosen=Chosen(selector=None),
            pace=pace_again(record.head.get("pace", {})),
            keep=Keep(outdir=record.head.get("outdir")),
            # What was only looked at is only looked at again: to do it, it is given anew.
            consent=replace(self._asked.consent, dry_run=self._asked.consent.dry_run or "dry_run" in record.head),
            argv=self._asked.argv,
            resumed_from=record.run_id,
        )


def _spooled(record: RunRecord) -> BinaryIO:
    path = record.folder / _SPOOL
    try:
        whole = not path.stat().st_mode & stat.S_IWUSR
        if whole:
            return Path(path).open("rb")
    except OSError as problem:
        raise RefusedError(f"the input of run {record.run_id} is gone ({problem.strerror}): start it anew") from problem
    raise RefusedError(f"the input of run {record.run_id} had not come to its end when it broke off: start it anew")
