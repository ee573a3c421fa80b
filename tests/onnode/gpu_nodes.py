"""GPUs of simulated nodes in every state, and the trees of sysfs and proc that go with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from aifctl.onnode.probe.sections import gpu
from aifctl.sim.hardware.gpus import GpuHardware

Change = Callable[[GpuHardware], object]

NEW_DRIVER, OLD_DRIVER = "590.48.01", "535.161.08"


def _exclude_and_lose(node: GpuHardware) -> None:
    node.exclude(3)
    node.lose(3)


def _change_modes(node: GpuHardware) -> None:
    node.forget_persistence()
    node.turn_ecc_off(0)
    node.turn_mig_on(1)


#: Name → the driver, and what is done to a healthy node.
STATES: dict[str, tuple[str, Change]] = {
    "healthy on R590": (NEW_DRIVER, lambda _: None),
    "healthy on R580": ("580.105.08", lambda _: None),
    "healthy on R550": ("550.127.08", lambda _: None),
    "healthy on R535": (OLD_DRIVER, lambda _: None),
    "one lost": (NEW_DRIVER, lambda node: node.lose(2)),
    "two lost": (NEW_DRIVER, lambda node: node.lose(2, 5)),
    "all lost": (OLD_DRIVER, lambda node: node.lose()),
    "one lost while it is read": (NEW_DRIVER, lambda node: node.lose_while_read(7)),
    "one removed": (NEW_DRIVER, lambda node: node.remove(0)),
    "one excluded": (NEW_DRIVER, lambda node: node.exclude(3)),
    "one excluded and one lost": (NEW_DRIVER, _exclude_and_lose),
    "reset required": (NEW_DRIVER, lambda node: node.require_reset(1)),
    "SRAM errors": (NEW_DRIVER, lambda node: node.count_sram_errors(5, 4, exceeded=True)),
    "SRAM errors on R535": (OLD_DRIVER, lambda node: node.count_sram_errors(5, 4)),
    "DRAM errors": (NEW_DRIVER, lambda node: node.count_dram_errors(2, 6)),
    "remapping pending": (OLD_DRIVER, lambda node: node.pend_remap(6)),
    "remapping failed": (NEW_DRIVER, lambda node: node.fail_remap(6)),
    "InfoROM corrupt": (NEW_DRIVER, lambda node: node.corrupt_inforom(0)),
    "three links down": (NEW_DRIVER, lambda node: node.cut_links(3, 1)),
    "no fabric manager": (NEW_DRIVER, lambda node: node.stop_fabric_manager()),
    "fabric in progress": (OLD_DRIVER, lambda node: node.delay_fabric()),
    "fabric failed": ("550.127.08", lambda node: node.fail_fabric(2)),
    "PCIe downtrained": (NEW_DRIVER, lambda node: node.downtrain_pcie(3, width=8)),
    "power brake": (NEW_DRIVER, lambda node: node.brake()),
    "hot": (NEW_DRIVER, lambda node: node.heat(0, margin_c=-3)),
    "power limited": (NEW_DRIVER, lambda node: node.limit_power(500, 5)),
    "VBIOS skewed": (NEW_DRIVER, lambda node: node.skew_vbios(0)),
    "modes": (NEW_DRIVER, _change_modes),
    "a process": (NEW_DRIVER, lambda node: node.leave_process(4711, 2)),
    "no permission": (NEW_DRIVER, lambda node: node.errors.update(nvmlDeviceGetSramEccErrorStatus=4)),
    "no count": (NEW_DRIVER, lambda node: node.errors.update(nvmlDeviceGetCount=999)),
    "driver not loaded": (NEW_DRIVER, lambda node: node.unload_driver()),
    "library mismatch": (NEW_DRIVER, lambda node: node.mismatch_library()),
}


def node_in(state: str) -> GpuHardware:
    """Return a node in one of the states."""
    driver_version, change = STATES[state]
    node = GpuHardware.healthy(driver_version=driver_version)
    change(node)
    return node


def plant_devices(root: Path, addresses: Iterable[str], *, vendor: str = "0x10de", kind: str = "0x030200") -> Path:
    """Write what sysfs tells of PCI devices."""
    for address in addresses:
        device = root / "sys/bus/pci/devices" / address
        device.mkdir(parents=True)
        (device / "vendor").write_text(f"{vendor}\n")
        (device / "class").write_text(f"{kind}\n")
    return root


def plant_node(root: Path, node: GpuHardware) -> Path:
    """Write the tree of a node: its GPUs, an NVSwitch and a network card beside them, its processes' names."""
    plant_devices(root, node.addresses())
    plant_devices(root, ["0000:07:00.0"], kind="0x068000")
    plant_devices(root, ["0000:18:00.0"], vendor="0x15b3", kind="0x020700")
    for pid in {process.pid for board in node.boards for process in board.processes}:
        (root / "proc" / str(pid)).mkdir(parents=True)
        (root / "proc" / str(pid) / "comm").write_text("python3\n")
    return root


def read(node: GpuHardware, root: Path, beat: Callable[..., None] | None = None) -> Any:
    """Return what the section reads of a node."""
    return gpu.read(str(root), {"nvml": node.nvml()}, beat)
