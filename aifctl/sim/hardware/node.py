"""All that lies beneath the probe on one simulated node, and the fake root that it is written to."""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path
from typing import Any

from aifctl.sim.hardware.fabric import FabricHardware, hca_addresses, write_fabric
from aifctl.sim.hardware.gpus import GpuHardware
from aifctl.sim.hardware.host import HostHardware, write_host
from aifctl.sim.hardware.kernel_log import KernelLog, write_kernel_log
from aifctl.sim.hardware.noise import move_counters, move_gpus
from aifctl.sim.hardware.pci import PciHardware, write_pci
from aifctl.sim.hardware.trees import write_files
from aifctl.sim.node.machine import DRIVER, Machine
from aifctl.sim.node.parts import gpus, rails


class NodeHardware:
    """One node at one look. Its parts are made when somebody asks for them.

    Attributes:
        fault_age: how many looks have seen the fault that is being made, this one included.
        hostname, boot_id: as the kernel tells them.
    """

    def __init__(self, machine: Machine, look: int = 0) -> None:
        self.fault_age = 1
        self.hostname, self.boot_id = machine.name, machine.boot_id
        self._machine, self._look = machine, look

    @cached_property
    def gpus(self) -> GpuHardware:
        made = GpuHardware.of(gpus(self._machine), self._machine.random("gpu counters"), DRIVER)
        move_gpus(made, self._look, self._machine.random(f"gpu noise {self._look}"))
        return made

    @cached_property
    def fabric(self) -> FabricHardware:
        made = FabricHardware.of(rails(self._machine), self._machine.random("port counters"))
        move_counters(made, self._look)
        return made

    @cached_property
    def pci(self) -> PciHardware:
        return PciHardware.healthy()

    @cached_property
    def host(self) -> HostHardware:
        return HostHardware.healthy(
            hostname=self.hostname,
            boot_id=self.boot_id,
            serial=self._machine.place.serial,
            uptime_s=round(self._machine.uptime_s, 2),
        )

    @cached_property
    def kernel(self) -> KernelLog:
        """The boot's lines and what has been said since; the same lines serve all nodes, and no fault changes them."""
        return KernelLog([*healthy_log().lines, *self._machine.kernel_said])

    @property
    def booted_s(self) -> int:
        """When it booted, in whole seconds since the epoch."""
        return int(self._machine.now_s() - self._machine.uptime_s)

    def write(self, root: Path) -> None:
        """Write the trees of sysfs and proc below `root`, which must have none of them yet."""
        write_fabric(root, self.fabric)
        write_pci(root, self.pci)
        write_host(root, self.host)
        write_kernel_log(root, self.kernel)
        write_files(root / "proc", {"stat": f"cpu  0 0 0 0\nbtime {self.booted_s}"})
        write_files(root / "proc/sys/kernel", {"hostname": self.hostname, "random/boot_id": self.boot_id})

    def arguments(self) -> dict[str, Any]:
        """Return what the probe is handed beside its own arguments to read this node and not this machine."""
        return {"nvml": self.gpus.nvml()}


@cache
def healthy_log() -> KernelLog:
    """Return what the kernel says as a node boots; nobody may add to it."""
    pci = PciHardware.healthy()
    switches = [one.address for one in pci.devices.values() if one.kind[:2] == ("10de", "22a3")]
    return KernelLog.healthy([one.address for one in pci.gpus()], switches, hca_addresses(), DRIVER)
