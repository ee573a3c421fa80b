"""A node that does not know our key."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind

FAULT = FaultKind(name="auth-refused", about="lets no key in", refuses_keys=True)
