"""Asking many nodes which host keys they show; nobody logs in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aifctl.core.errors import NodeError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.tracebacks import bug_error
from aifctl.dispatch.signals import obeyed
from aifctl.fanout.halt import Halt
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.toolbox import Toolbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What one node showed; `error` says why nothing."""

    endpoint: Endpoint
    keys: tuple[str, ...] = ()
    error: NodeError | None = None


async def scan_all(endpoints: Sequence[Endpoint], tools: Toolbox) -> tuple[list[Scanned], ExitCode]:
    """Ask every node, some at a time; a signal ends it early, and what was not asked by then is cancelled."""
    found: dict[str, Scanned] = {}
    halt = Halt()
    transport = tools.open_transport()
    slots = asyncio.Semaphore(tools.settings.value("dial_width"))
    progress = tools.progress

    async def one(endpoint: Endpoint) -> None:
        async with slots:
            progress.tell("node_started", node=endpoint.name)
            try:
                found[endpoint.name] = Scanned(endpoint=endpoint, keys=tuple(await transport.scan(endpoint)))
                outcome = Outcome.OK
            except NodeError as problem:
                found[endpoint.name], outcome = Scanned(endpoint=endpoint, error=problem), problem.outcome
            except Exception as bug:  # noqa: BLE001  a bug is this node's row, its traceback kept; the scan goes on
                outcome = Outcome.UNKNOWN
                found[endpoint.name] = Scanned(
                    endpoint=endpoint, error=NodeError(outcome, str(bug_error(bug, tools.state)))
                )
            progress.tell("node_finished", node=endpoint.name, outcome=outcome)

    async def everybody() -> None:
        async with asyncio.TaskGroup() as group:
            for endpoint in endpoints:
                group.create_task(one(endpoint))

    progress.tell("run_started", run="", total=len(endpoints))
    with obeyed(halt):
        work = asyncio.ensure_future(everybody())
        halt.listen(lambda: _cancel(work))
        try:
            await asyncio.wait([work])
            if not work.cancelled():
                work.result()
        finally:
            halt.listen(None)
            await transport.close()
            progress.tell("run_finished", run="")
    never = NodeError(Outcome.CANCELLED, "not asked: the scan was ended early")
    ordered = [found.get(each.name) or Scanned(endpoint=each, error=never) for each in endpoints]
    return ordered, halt.asked or ExitCode.OK


def _cancel(work: asyncio.Future[None]) -> None:
    work.cancel()
