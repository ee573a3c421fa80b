"""A node that was installed anew: its host key is not the one that known_hosts holds."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind

FAULT = FaultKind(name="wrong-host-key", about="shows a host key that nobody knows", foreign_host_key=True)
