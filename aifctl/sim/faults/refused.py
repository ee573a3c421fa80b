"""A node that is up and runs no SSH server."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind, Listening

FAULT = FaultKind(name="refused", about="nobody listens; dialling it is refused", listening=Listening.CLOSED)
