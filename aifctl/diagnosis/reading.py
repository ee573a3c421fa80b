"""All that one look at one node has told, whoever looked: the probe over SSH, or a file that somebody sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.pci import PciSection
from aifctl.diagnosis.port import PortSection


class SectionName(StrEnum):
    """The parts of a reading."""

    GPU = "gpu"
    PORT = "port"
    PCI = "pci"
    KERNEL = "kernel"
    HOST = "host"


class SectionStatus(StrEnum):
    """How reading a section went; `na`: the node has no such thing (no HCA, no GPU driver by design)."""

    OK = "ok"
    NA = "na"
    ERROR = "error"
    TIMEOUT = "timeout"
    ABSENT = "absent"  # nobody tried: a triage of one file has one section


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionEnd:
    """How one section ended; `code` tells apart what a check can act on: driver-hung, library-mismatch, no-driver,
    library-missing, denied, killed, garbled; `message` is for people.
    """

    status: SectionStatus
    code: str = ""
    message: str = ""
    took_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at one node. A section that is None has not been read; `ends` says why.

    Attributes:
        node: the inventory's name; "" in triage.
        at_s: when it was read, seconds since the epoch, by the control host's clock.
        node_clock_s: what the node's own clock said then; None where it was not asked.
        boot_id: "" where it was not told.
        probe: version of the probe, or the kind of file.
    """

    node: str = ""
    at_s: float = 0.0
    node_clock_s: float | None = None
    boot_id: str = ""
    probe: str = ""
    ends: Mapping[SectionName, SectionEnd] = field(default_factory=dict)
    gpu: GpuSection | None = None
    port: PortSection | None = None
    pci: PciSection | None = None
    kernel: KernelSection | None = None
    host: Host | None = None

    def end(self, section: SectionName) -> SectionEnd:
        """Return how a section ended; `absent` where nobody tried."""
        return self.ends.get(section, _NOBODY_TRIED)


_NOBODY_TRIED = SectionEnd(status=SectionStatus.ABSENT)
