"""Asking many nodes for their host keys, and being told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ops.scanning import scan_all
from tests.fakes.fleet import FakeTransport, endpoints
from tests.fakes.toolbox import toolbox


class Interrupted(FakeTransport):
    """The second scan never ends: somebody sends a signal meanwhile."""

    async def scan(self, endpoint: Endpoint) -> Sequence[str]:
        if endpoint.name == "n2":
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        return await super().scan(endpoint)


def test_a_signal_ends_the_scan_and_what_was_not_asked_is_said(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, transport=Interrupted())
    tools.settings = tools.settings.with_flags({"dial_width": "1"})
    before = signal.getsignal(signal.SIGTERM)
    scanned, stopped = asyncio.run(scan_all(endpoints(3), tools))
    assert stopped is ExitCode.SIGTERM
    assert [one.endpoint.name for one in scanned] == ["n1", "n2", "n3"]
    assert [one.error and one.error.outcome for one in scanned] == [None, Outcome.CANCELLED, Outcome.CANCELLED]
    assert tools.transport.closed
    assert signal.getsignal(signal.SIGTERM) is before
    assert tools.progress.events[-1][0] == "run_finished"


class Broken(FakeTransport):
    """The second scan meets a bug of ours."""

    async def scan(self, endpoint: Endpoint) -> Sequence[str]:
        if endpoint.name == "n2":
            raise ZeroDivisionError("a bug in scanning")
        return await super().scan(endpoint)


def test_a_bug_is_one_nodes_row_its_traceback_kept_and_the_others_are_scanned(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, transport=Broken())
    scanned, stopped = asyncio.run(scan_all(endpoints(3), tools))
    assert stopped is ExitCode.OK
    assert [one.error and one.error.outcome for one in scanned] == [None, Outcome.UNKNOWN, None]
    assert "a bug in scanning" in str(scanned[1].error)
    (kept,) = (tools.state.path / "bugs").iterdir()
    assert "ZeroDivisionError" in kept.read_text()
