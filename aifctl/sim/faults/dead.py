"""A node that answers nothing: no SYN gets a reply, as behind a dead switch port."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind, Listening

FAULT = FaultKind(name="dead", about="answers no packet; dialling it ends by timeout", listening=Listening.FULL)
