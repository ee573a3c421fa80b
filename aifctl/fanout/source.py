"""Where a fan-out's nodes come from: the one seam that resume, retry, waves, budgets and shards are wrapped around."""

from __future__ import annotations

from typing import Protocol

from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.work import NodeResult


class Source(Protocol):
    """Where nodes come from, one at a time. Sources wrap sources."""

    async def next(self) -> Endpoint | None:
        """Return the next node, waiting for it where need be; None at the end. Never asked twice at a time."""

    def told(self, result: NodeResult) -> NodeResult | None:
        """Take what became of a node; None where that is not the last word because the node will come again."""
