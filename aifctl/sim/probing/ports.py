"""What faults change in a fabric port as the probe tells it: texts, as they stand in the kernel's files."""

from __future__ import annotations

from typing import Any


def put_down(port: dict[str, Any], physical: str) -> None:
    """Put the link down; the rate that a port without a link tells is the slowest there is."""
    port.update(state="1: DOWN", phys=physical, lid="0x0", rate="10 Gb/sec (4X SDR)")


def count(port: dict[str, Any], counter: str, by: int) -> None:
    """Let a counter grow."""
    port["c"][counter] = str(int(port["c"][counter]) + by)
