"""A node on which a service has failed."""

from __future__ import annotations

from aifctl.sim.fault_shapes import failed_service

FAULT = failed_service(
    "service-dead", about="a service has failed: nvidia-persistenced", unit="nvidia-persistenced.service"
)
