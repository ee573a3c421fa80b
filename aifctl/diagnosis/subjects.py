"""The subjects that checks judge, by section: (subject as findings name it, the thing itself)."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import CannotTellError, known, told
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.host import Disk, Filesystem, Host
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.pci import PciDevice
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.reading import Reading

NODE = "node"


def gpu_subject(gpu: Gpu) -> str:
    """Return what a finding about this GPU is about."""
    return f"gpu:{gpu.pci_address}" if gpu.pci_address else f"gpu:#{known(gpu.index, -1)}"


def gpus(reading: Reading) -> Iterator[tuple[str, Gpu]]:
    """Each GPU that answers; a lost one is the business of the check that says so."""
    for gpu in _gpu_section(reading).gpus:
        if not gpu.lost:
            yield gpu_subject(gpu), gpu


def gpu_section(reading: Reading) -> Iterator[tuple[str, GpuSection]]:
    """All GPUs as one subject, the node."""
    yield NODE, _gpu_section(reading)


def ports(reading: Reading) -> Iterator[tuple[str, Port]]:
    """Each fabric port."""
    if reading.port is None:
        raise CannotTellError("ports", "not read")
    for port in reading.port.ports:
        yield port.subject, port


def devices(reading: Reading) -> Iterator[tuple[str, PciDevice]]:
    """Each PCI device that was read."""
    if reading.pci is None:
        raise CannotTellError("PCI devices", "not read")
    for device in reading.pci.devices:
        yield device.subject, device


def kernel(reading: Reading) -> Iterator[tuple[str, KernelSection]]:
    """The kernel's log as one subject, the node; what it finds names its own subjects."""
    if reading.kernel is None:
        raise CannotTellError("kernel log", "not read")
    yield NODE, reading.kernel


def host(reading: Reading) -> Iterator[tuple[str, Host]]:
    """The node itself."""
    yield NODE, _host(reading)


def filesystems(reading: Reading) -> Iterator[tuple[str, Filesystem]]:
    """Each mounted file system."""
    for filesystem in told(_host(reading).filesystems, "file systems"):
        yield filesystem.subject, filesystem


def disks(reading: Reading) -> Iterator[tuple[str, Disk]]:
    """Each disk."""
    for disk in told(_host(reading).disks, "disks"):
        yield disk.subject, disk


def _gpu_section(reading: Reading) -> GpuSection:
    if reading.gpu is None:
        raise CannotTellError("GPUs", "not read")
    return reading.gpu


def _host(reading: Reading) -> Host:
    if reading.host is None:
        raise CannotTellError("host", "not read")
    return reading.host
