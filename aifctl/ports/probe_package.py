"""The probe as it travels: what runs on a node, and what brings it there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePackage:
    """One build of the probe.

    Attributes:
        data: the zipapp.
        sha256: of `data`, hex; nodes keep it under this name.
        launcher: Python text that finds a kept probe, or asks for this one, and runs it; see aifctl.onnode.launch.
    """

    data: bytes
    sha256: str
    launcher: str
