"""Speeds of PCIe links, and when a slow one is a GPU that saves power."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.absent import Absent, CannotTellError
from aifctl.diagnosis.alike import OfSame
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.pci import PciDevice, PciSection
from aifctl.diagnosis.pci_tree import bridges_above, by_address, device_subject, gpus_on_bus
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.subjects import NODE

#: GT/s of each generation, PCI Express Base Specification 6.0.
SPEED_OF = {1: 2.5, 2: 5.0, 3: 8.0, 4: 16.0, 5: 32.0, 6: 64.0}

GpuPath = tuple[PciDevice, ...]
#: GT/s and lanes.
Link = tuple[float | Absent, int | Absent]
#: By section, which nodes that are built alike share (sysfs_pci).
_PATHS: OfSame[Sequence[tuple[str, GpuPath]]] = OfSame()
_LINKS: OfSame[frozenset[Link]] = OfSame()


def pci_section(reading: Reading) -> Iterator[tuple[str, PciSection]]:
    """All devices as one subject, the node."""
    if reading.pci is None:
        raise CannotTellError("PCI devices", "not read")
    yield NODE, reading.pci


def gpu_paths(reading: Reading) -> Sequence[tuple[str, GpuPath]]:
    """Each GPU on the bus, with the bridges above it, nearest first."""
    if reading.pci is None:
        raise CannotTellError("PCI devices", "not read")
    return _PATHS.made(reading.pci, _paths)


def gpu_links(reading: Reading) -> frozenset[Link]:
    """What all GPUs on the bus and the bridges above them tell of their links, each kind of link once."""
    if reading.pci is None:
        raise CannotTellError("PCI devices", "not read")
    return _LINKS.made(reading.pci, _links)


def _paths(section: PciSection) -> Sequence[tuple[str, GpuPath]]:
    devices = by_address(section)
    return tuple((device_subject(gpu), (gpu, *bridges_above(gpu, devices))) for gpu in gpus_on_bus(section))


def _links(section: PciSection) -> frozenset[Link]:
    return frozenset((one.link_speed_gt_s, one.link_width) for _, path in _paths(section) for one in path)


def saves_power(gpu: Gpu | None, idle_state: int) -> bool | None:
    """Whether a GPU is in a state in which it slows its link down (P8 and beyond); None where it does not say."""
    state = gpu.performance_state if gpu is not None else None
    if not isinstance(state, str) or not state[1:].isdecimal():
        return None
    return int(state[1:]) >= idle_state


def gpu_at(reading: Reading, address: str) -> Gpu | None:
    """Return the GPU of the GPU section that is at an address."""
    return next((gpu for gpu in (reading.gpu.gpus if reading.gpu else ()) if gpu.pci_address == address), None)


def shown_speed(speed_gt_s: float) -> str:
    """Return "gen5 (32 GT/s)"."""
    generation = next((one for one, speed in SPEED_OF.items() if speed == speed_gt_s), None)
    return f"gen{generation} ({speed_gt_s:g} GT/s)" if generation else f"{speed_gt_s:g} GT/s"
