"""The PCI tree of a simulated node beneath the probe, a function for each way in which it goes bad, and its sysfs tree.

As on a DGX H100: eight switches below the processors, each with a GPU, an HCA and an NVMe disk; a switch with the four
NVSwitches; two root ports with an adapter each for storage and management.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aifctl.sim.hardware.fabric import hca_addresses, other_addresses
from aifctl.sim.hardware.pci_config import config_space
from aifctl.sim.hardware.trees import link, write_files
from aifctl.sim.node.parts import GPU_BUSES

_SPEEDS = {1: "2.5 GT/s PCIe", 2: "5.0 GT/s PCIe", 3: "8.0 GT/s PCIe", 4: "16.0 GT/s PCIe", 5: "32.0 GT/s PCIe"}

#: Vendor, device, class, driver.
_GPU = ("10de", "2330", "030200", "nvidia")
_NVSWITCH = ("10de", "22a3", "068000", "nvidia-nvswitch")
_HCA = ("15b3", "1021", "020700", "mlx5_core")
_ETHERNET = ("15b3", "1021", "020000", "mlx5_core")
_DISK = ("144d", "a824", "010802", "nvme")
_ROOT_PORT = ("8086", "352a", "060400", "pcieport")
_SWITCH = ("1000", "c030", "060400", "pcieport")

#: The kinds of error that the kernel lists before the total; others are 0 as well.
_AER_KINDS = {"fatal": ("DLP", "SDES", "TLP"), "nonfatal": ("DLP", "SDES", "TLP"), "correctable": ("RxErr", "BadTLP")}
_AER_TOTALS = {"fatal": "TOTAL_ERR_FATAL", "nonfatal": "TOTAL_ERR_NONFATAL", "correctable": "TOTAL_ERR_COR"}


@dataclass(slots=True)
class Device:
    """One device.

    Attributes:
        above: the address of the bridge above it; "" below the processor.
        generation, width, generation_max, width_max: of its link.
        acs: source validation at a bridge. gone: it answers nobody (rev ff). aer: errors since boot, by severity.
    """

    address: str
    kind: tuple[str, str, str, str]
    above: str = ""
    numa: int = 0
    generation: int = 5
    width: int = 16
    generation_max: int = 5
    width_max: int = 16
    acs: bool = False
    gone: bool = False
    aer: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_AER_TOTALS, 0))


@dataclass(slots=True)
class PciHardware:
    """The devices of one node, by address. Faults are by a GPU's position, 0 to 7, or by address.

    Attributes:
        as_root: whether who reads the files is root: others see 64 bytes of each configuration space.
    """

    devices: dict[str, Device]
    as_root: bool = True

    @classmethod
    def healthy(cls) -> PciHardware:
        found = [device for at in range(len(GPU_BUSES)) for device in _switch(at)]
        found += [*_nvswitches(), *(device for at in range(len(other_addresses())) for device in _other(at))]
        return cls({device.address: device for device in sorted(found, key=lambda one: one.address)})

    def gpus(self) -> list[Device]:
        return [device for device in self.devices.values() if device.kind == _GPU]

    def bridge_above_gpu(self, at: int) -> Device:
        return self.devices[self.gpus()[at].above]

    def downtrain_gpu(self, at: int, *, generation: int = 5, width: int = 16) -> None:
        """A GPU's link has trained to less: both of its ends tell."""
        for device in (self.gpus()[at], self.bridge_above_gpu(at)):
            device.generation, device.width = generation, width

    def downtrain_switch(self, at: int, *, generation: int = 5, width: int = 16) -> None:
        """The link between a GPU's switch and the processor has trained to less; the GPU's own has not."""
        upstream = self.devices[self.bridge_above_gpu(at).above]
        for device in (upstream, self.devices[upstream.above]):
            device.generation, device.width = generation, width

    def remove(self, address: str) -> None:
        """A device is gone from the bus, listed no more."""
        del self.devices[address]

    def remove_gpu(self, at: int) -> None:
        self.remove(self.gpus()[at].address)

    def lose(self, address: str) -> None:
        """A device is listed still, and answers nobody (rev ff)."""
        self.devices[address].gone = True

    def lose_gpu(self, at: int) -> None:
        self.lose(self.gpus()[at].address)

    def count_errors(self, address: str, *, severity: str = "fatal", by: int = 1) -> None:
        """The kernel has counted errors: fatal, nonfatal, correctable."""
        self.devices[address].aer[severity] += by

    def turn_acs_on(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            self.devices[address].acs = True

    def unbind(self, address: str) -> None:
        """No driver has taken a device."""
        self.devices[address].kind = (*self.devices[address].kind[:3], "")


def write_pci(root: Path, hardware: PciHardware) -> None:
    """Write /sys/bus/pci/devices below `root`, which must not have one yet."""
    listed = root / "sys/bus/pci/devices"
    listed.mkdir(parents=True)
    for device in hardware.devices.values():
        folder = root / "sys/devices" / _path(device, hardware.devices)
        _write_device(root, folder, device, as_root=hardware.as_root)
        link(listed / device.address, folder)


def _path(device: Device, devices: dict[str, Device]) -> str:
    """Return pci0000:15/0000:15:01.0/0000:16:00.0/...: each bridge above is a folder."""
    parts = [device.address]
    while device.above:
        device = devices.get(device.above, Device(device.above, _SWITCH))
        parts.insert(0, device.address)
    return "/".join((f"pci{parts[0].rpartition(':')[0]}", *parts))


def _write_device(root: Path, folder: Path, device: Device, *, as_root: bool) -> None:
    vendor, model, kind, driver = device.kind
    files: dict[str, str | bytes] = {
        "vendor": f"0x{vendor}",
        "device": f"0x{model}",
        "class": f"0x{kind}",
        "numa_node": str(device.numa),
        "current_link_speed": "Unknown" if device.gone else _SPEEDS[device.generation],
        "current_link_width": "63" if device.gone else str(device.width),
        "max_link_speed": _SPEEDS[device.generation_max],
        "max_link_width": str(device.width_max),
        "config": config_space(device.kind, acs=device.acs, gone=device.gone, as_root=as_root),
    }
    for severity, total in _AER_TOTALS.items():
        count = device.aer[severity]
        kinds = [f"{name} {count if at == 0 else 0}" for at, name in enumerate(_AER_KINDS[severity])]
        files[f"aer_dev_{severity}"] = "\n".join([*kinds, f"{total} {count}"])
    write_files(folder, files)
    if driver:
        link(folder / "driver", root / "sys/bus/pci/drivers" / driver)


def _switch(at: int) -> Iterator[Device]:
    """One of the eight: root port, the switch's upper port, three lower ones, and what hangs below them."""
    gpu, hca = int(GPU_BUSES[at], 16), int(hca_addresses()[at][5:7], 16)
    numa = at // 4
    root, upper = f"0000:{hca - 3:02x}:01.0", f"0000:{hca - 2:02x}:00.0"
    lower = [f"0000:{hca - 1:02x}:{slot:02x}.0" for slot in range(3)]
    yield Device(root, _ROOT_PORT, "", numa)
    yield Device(upper, _SWITCH, root, numa)
    yield Device(lower[0], _SWITCH, upper, numa)
    yield Device(lower[1], _SWITCH, upper, numa, generation=4, width=4, width_max=4)
    yield Device(lower[2], _SWITCH, upper, numa)
    yield Device(hca_addresses()[at], _HCA, lower[0], numa)
    yield Device(f"0000:{hca + 1:02x}:00.0", _DISK, lower[1], numa, 4, 4, 4, 4)
    yield Device(f"0000:{gpu:02x}:00.0", _GPU, lower[2], numa)


def _nvswitches() -> Iterator[Device]:
    """ACS is on at their bridges, as it may be: no HCA is there."""
    yield Device("0000:00:03.0", _ROOT_PORT, "", 0, 4, 2, 4, 16)
    yield Device("0000:05:00.0", _SWITCH, "0000:00:03.0", 0, 4, 2, 4, 2)
    for slot in range(4):
        lower = f"0000:06:{slot:02x}.0"
        yield Device(lower, _SWITCH, "0000:05:00.0", 0, 4, 2, 4, 2, acs=True)
        yield Device(f"0000:{slot + 7:02x}:00.0", _NVSWITCH, lower, 0, 4, 2, 4, 2)


def _other(at: int) -> Iterator[Device]:
    address = other_addresses()[at]
    root = f"0000:{int(address[5:7], 16) - 1:02x}:01.0"
    yield Device(root, _ROOT_PORT, "", at)
    yield Device(address, _ETHERNET, root, at)
