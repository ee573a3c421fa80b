"""The work of `node reset-gpu`: one command, unless another run holds the node."""

from __future__ import annotations

from dataclasses import dataclass

from aifctl.custody.claims import refuse_held
from aifctl.fanout.exec_work import ExecWork
from aifctl.fleet.endpoint import Endpoint
from aifctl.health.last_line import last_line
from aifctl.ports.transport import Command, Ended, Link
from aifctl.ports.work import Desk, NodeResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetWork:
    """Run a command that holds the node while it runs (custody.claims)."""

    command: Command

    async def perform(self, endpoint: Endpoint, link: Link, desk: Desk) -> NodeResult:
        """Run it to its end; NodeError skipped where another holds the node."""
        result = await ExecWork(command=self.command).perform(endpoint, link, desk)
        refuse_held(Ended(rc=result.rc), last_line(result.stderr.inline or b""))
        return result
