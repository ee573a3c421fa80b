"""What faults change in a node's services as systemctl tells them."""

from __future__ import annotations

from typing import Any


def fail(units: dict[str, Any], unit: str) -> None:
    """Let a service be failed: where it is asked for, and in the list of those that are."""
    blocks = units["show"].split("\n\n")
    units["show"] = "\n\n".join(
        block.replace("ActiveState=active", "ActiveState=failed") if f"Id={unit}\n" in block else block
        for block in blocks
    )
    units["failed"] += f"{unit} loaded failed failed {unit}\n"
