"""A node whose sshd_config names no sftp subsystem."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind

FAULT = FaultKind(name="no-sftp", about="offers no SFTP", refuses_sftp=True)
