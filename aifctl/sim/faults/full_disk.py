"""A node without room on its disk."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.node.condition import Condition


def _fill(condition: Condition, _value: float) -> None:
    condition.disk_full = True


def _clear(condition: Condition, _value: float) -> None:
    condition.disk_full = False


FAULT = FaultKind(name="full-disk", about="nothing can be written", settle=_fill, lift=_clear)
