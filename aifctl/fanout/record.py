"""The seam to a run's journal: what the fan-out tells it, and in which order."""

from __future__ import annotations

from typing import Protocol

from aifctl.fanout.plan import Tally
from aifctl.ports.work import NodeResult


class Journal(Protocol):
    """Every method may raise SetupError where the disk is full: the fan-out then starts nothing more."""

    def start(self, node: str) -> None:
        """Write that a command is about to be sent to a node."""

    async def durable(self) -> None:
        """Return once all that was written so far is on the disk; one sync for all who ask in one turn of the loop."""

    def end(self, result: NodeResult) -> None:
        """Write what became of a node."""

    def stop(self, reason: str) -> None:
        """Write why no more nodes are started."""

    def seal(self, tally: Tally) -> None:
        """Write how the run ended; nothing may follow."""
