"""What kind of PCI device one is, and which bridges stand above it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aifctl.diagnosis.alike import OfSame
from aifctl.diagnosis.pci import PciDevice, PciSection

_NVIDIA, _MELLANOX = "10de:", "15b3:"
# A value that is absent is a word (`Absent` is a string), and none of its words begins like a number or an address: so
# that it need not be asked for each time, on every one of a hundred devices.
#: PCI classes (https://pci-ids.ucw.cz/read/PD): displays, network, NVMe, bridges; an NVSwitch is a bridge of no known kind.
_DISPLAY, _NETWORK, _NVME, _BRIDGE, _NVSWITCH = "03", "02", "0108", "0604", "0680"
#: Deeper trees than this don't exist; circles do, in what a broken node answers.
_DEEPEST = 16


def is_gpu(device: PciDevice) -> bool:
    return device.pci_class.startswith(_DISPLAY) and device.device_id.startswith(_NVIDIA)


def gpus_on_bus(section: PciSection) -> Sequence[PciDevice]:
    return _GPUS.made(section, _gpus)


def is_hca(device: PciDevice) -> bool:
    return device.pci_class.startswith(_NETWORK) and device.device_id.startswith(_MELLANOX)


def is_bridge(device: PciDevice) -> bool:
    return device.pci_class.startswith(_BRIDGE)


def kind_of(device: PciDevice) -> str:
    """Return what a person calls it."""
    if is_gpu(device):
        return "GPU"
    if is_hca(device):
        return "HCA"
    if device.pci_class.startswith(_NVSWITCH) and device.device_id.startswith(_NVIDIA):
        return "NVSwitch"
    if device.pci_class.startswith(_NVME):
        return "NVMe disk"
    return "bridge" if is_bridge(device) else "device"


def device_subject(device: PciDevice) -> str:
    """Return what a finding about it is about: a GPU by its address is the same GPU that NVML tells of."""
    return f"gpu:{device.address}" if is_gpu(device) else device.subject


#: By section, which nodes that are built alike share (sysfs_pci).
_GPUS: OfSame[Sequence[PciDevice]] = OfSame()


def _gpus(section: PciSection) -> Sequence[PciDevice]:
    return tuple(device for device in section.devices if is_gpu(device))


def by_address(section: PciSection) -> dict[str, PciDevice]:
    return {device.address: device for device in section.devices}


def bridges_above(device: PciDevice, devices: Mapping[str, PciDevice]) -> Iterator[PciDevice]:
    """Yield the bridges from the nearest to the root, as far as they were read."""
    above = devices.get(device.upstream)
    for _ in range(_DEEPEST):
        if above is None:
            return
        yield above
        above = devices.get(above.upstream)
