"""Parts of a simulated node beside its GPUs: file systems, disks, processes that wait."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Mount:
    """One file system: what is used of it, in hundredths; hung: its server does not answer."""

    kind: str
    source: str
    size_bytes: int
    used: float = 0.2
    inodes_used: float = 0.05
    read_only: bool = False
    hung: bool = False
    inodes_count: int = 10**8


@dataclass(slots=True)
class NvmeDisk:
    """One disk; `spare`, `threshold`, `used` in percent, `warning` the bits of critical_warning."""

    serial: str
    size_bytes: int
    model: str = "SAMSUNG MZWLO3T8HCLS-00A07"
    firmware: str = "OPPA4B5Q"
    state: str = "live"
    spare: int = 100
    threshold: int = 10
    used: int = 2
    warning: int = 0
    media_errors: int = 0
    kelvin: int = 308


@dataclass(slots=True)
class StuckOne:
    """A process that waits: state D or Z, since so many seconds."""

    name: str
    state: str
    since_s: float
    wait: str
    parent: int = 1
