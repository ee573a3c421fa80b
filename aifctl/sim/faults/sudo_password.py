"""A node on which sudo asks for a password."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.node.condition import Condition

#: Made up; it opens nothing but simulated nodes.
_PASSWORD = "simulated"  # noqa: S105  it guards a simulation, and people who try it out must know it


def _ask(condition: Condition, _value: float) -> None:
    condition.sudo_password = _PASSWORD


def _stop_asking(condition: Condition, _value: float) -> None:
    condition.sudo_password = None


FAULT = FaultKind(
    name="sudo-password", about=f"sudo asks for a password ({_PASSWORD!r})", settle=_ask, lift=_stop_asking
)
