"""What can be wrong with a node beyond its connection; faults change it, commands show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Condition:
    """The part of a node's state that a fault's `settle` may change and its `lift` puts back.

    Attributes:
        disk_full: writes fail with ENOSPC.
        sudo_password: asked for by sudo; None lets everybody in.
    """

    disk_full: bool = False
    sudo_password: str | None = None
