"""A TCP port for a fleet."""

from __future__ import annotations

import socket


def free_port(address: str) -> int:
    """Return a port that nobody listens on at one address; on the fleet's others that is likely, and tried."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
