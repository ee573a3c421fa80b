"""What a run tells while it goes on; events are a name and facts, never prose."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Takes events; whoever shows them decides how, and passes over those it doesn't know.

    A fan-out tells `run_started` (run, total), `node_started` (node: it was taken and is in flight), `node_finished`
    (node, outcome) and `run_finished`.
    """

    def tell(self, event: str, **facts: object) -> None:
        """Record one event; must be cheap and never raise."""
