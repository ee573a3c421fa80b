"""What was read of the PCI tree: devices that matter (GPUs, NVSwitches, HCAs, NVMe) and the bridges above them."""

from __future__ import annotations

from dataclasses import dataclass, field

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import MOVES

MISSING = Absent.MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class PciDevice:
    """One device.

    Attributes:
        address: `0000:1b:00.0`. upstream: the bridge above it, "" at the root.
        device_id: `10de:2330`; `10de:` where the vendor alone was told.
        pci_class: six hex digits, `030200` a 3D controller, `060400` a bridge.
        link_speed_gt_s, link_speed_max_gt_s: 32 is gen5. link_width, link_width_max: lanes.
        acs_source_validation: ACSCtl SrcValid+.
        revision_ff: reads as all ones, as a device does that has fallen off the bus (`rev ff`).
        aer_*_count: since boot, from sysfs.
    """

    address: str
    device_id: str | Absent = MISSING
    pci_class: str | Absent = MISSING
    driver: str | Absent = MISSING
    upstream: str | Absent = MISSING
    numa_node: int | Absent = MISSING
    link_speed_gt_s: float | Absent = field(default=MISSING, metadata=MOVES)
    link_speed_max_gt_s: float | Absent = MISSING
    link_width: int | Absent = field(default=MISSING, metadata=MOVES)
    link_width_max: int | Absent = MISSING
    acs_source_validation: bool | Absent = MISSING
    revision_ff: bool | Absent = MISSING
    aer_fatal_count: int | Absent = field(default=MISSING, metadata=MOVES)
    aer_nonfatal_count: int | Absent = field(default=MISSING, metadata=MOVES)
    aer_correctable_count: int | Absent = field(default=MISSING, metadata=MOVES)

    @property
    def subject(self) -> str:
        """What a finding about this device is about."""
        return f"pci:{self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PciSection:
    """Devices in order of address. `complete` is False where the text ends in the middle of one."""

    source: str
    devices: tuple[PciDevice, ...] = ()
    complete: bool = True
