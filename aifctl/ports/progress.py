"""What a run tells while it goes on; events are a name and facts, never prose."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Takes events such as ("node_finished", node="n1", outcome="ok"); whoever shows them decides how."""

    def tell(self, event: str, **facts: object) -> None:
        """Record one event; must be cheap and never raise."""
