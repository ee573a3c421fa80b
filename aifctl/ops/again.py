"""runs retry and resume: an earlier run's deed, made again of what its journal keeps, for the nodes that are left."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from aifctl.core.errors import RefusedError
from aifctl.core.report import RUN, Head, Report
from aifctl.dispatch.again import fan_again, nodes_again
from aifctl.dispatch.asked import Consent, Fan
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
#: Does what a run was for on these of its nodes: for verbs of another room.
GoOn = Callable[[RunRecord, tuple[str, ...], Fan, Toolbox, Sink], Report]

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


def resume(
    asked: AgainAsked, tools: Toolbox, sink: Sink, *, others: Mapping[str, GoOn] = MappingProxyType({})
) -> Report:
    """Do the rest of a run, each node once; where nothing is left, say so. `others`: verb → who goes on with it."""
    again = _Again(asked, tools, sink, others)
    report = resume_run(asked.run, tools.state, again, again=asked.again)
    if not again.dispatched:
        sink.open(Head(kind=RUN, facts={"run": report.summary["run"]}))
    return report


def retry(
    asked: AgainAsked, tools: Toolbox, sink: Sink, *, others: Mapping[str, GoOn] = MappingProxyType({})
) -> Report:
    """Do a run again on the nodes that stand at some outcomes; `others` as for `resume`."""
    return retry_run(asked.run, tools.state, _Again(asked, tools, sink, others), outcomes=asked.outcomes)


class _Again:
    """Dispatches what an earlier run was for on some of its nodes; satisfies ops.runs.continuing.Dispatch."""

    def __init__(self, asked: AgainAsked, tools: Toolbox, sink: Sink, others: Mapping[str, GoOn]) -> None:
        self._asked, self._tools, self._sink, self._others = asked, tools, sink, others
        self.dispatched = False

    def __call__(self, record: RunRecord, names: tuple[str, ...]) -> Report:
        self.dispatched = True
        tools = self._tools.with_given(record.head.get("given", {}))
        fan = fan_again(record, self._asked.consent, self._asked.argv)
        go_on = self._others.get(record.summary.verb)
        if go_on is not None:
            return go_on(record, names, fan, tools, self._sink)
        facts = record.head["work"]
        make = _DEEDS.get(record.summary.verb)
        if make is None:
            raise RefusedError(f"run {record.run_id} was a {record.summary.verb}, which can't be continued")
        with contextlib.ExitStack() as opened:
            more: dict[str, Any] = {"dry_run": fan.consent.dry_run} if make is push_deed else {}
            if facts.get("stdin"):
                more["stdin"] = opened.enter_context(_spooled(record))
            order = Order(deed=make(facts, tools, **more), nodes=nodes_again(record, names, tools), fan=fan)
            return carry_out(order, tools, self._sink)


def _spooled(record: RunRecord) -> BinaryIO:
    path = record.folder / _SPOOL
    try:
        whole = not path.stat().st_mode & stat.S_IWUSR
        if whole:
            return Path(path).open("rb")
    except OSError as problem:
        raise RefusedError(f"the input of run {record.run_id} is gone ({problem.strerror}): start it anew") from problem
    raise RefusedError(f"the input of run {record.run_id} had not come to its end when it broke off: start it anew")
