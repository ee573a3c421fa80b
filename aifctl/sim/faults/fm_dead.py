"""A node whose fabric manager has died: all per-GPU values stay as they were."""

from __future__ import annotations

from aifctl.sim.fault_shapes import failed_service

FAULT = failed_service(
    "fm-dead",
    about="the fabric manager's service has failed; the GPUs tell nothing of it",
    unit="nvidia-fabricmanager.service",
)
