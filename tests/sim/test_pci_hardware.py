"""The PCI tree beneath a simulated node's probe: a healthy node's, and every fault in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aifctl.onnode.probe.nvidia_devices import pci_addresses
from aifctl.onnode.probe.sections import pci as section
from aifctl.sim.hardware.gpus import GpuHardware
from aifctl.sim.hardware.pci import PciHardware, write_pci
from aifctl.sim.hardware.pci_config import config_space
from aifctl.sim.probing.pci_devices import devices_of

Change = Callable[[PciHardware], object]
FIRST, ABOVE, UPPER, ROOT = "0000:1b:00.0", "0000:17:02.0", "0000:16:00.0", "0000:15:01.0"


def read(hardware: PciHardware, root: Path) -> Any:
    write_pci(root, hardware)
    return devices_of(section.read(str(root), {})["devices"])


def test_a_healthy_node_is_made_of_what_a_dgx_h100_is(tmp_path: Path) -> None:
    devices = read(PciHardware.healthy(), tmp_path)
    assert Counter(device["class"] for device in devices.values()) == {
        "0x030200": 8,
        "0x068000": 4,
        "0x020700": 8,
        "0x020000": 2,
        "0x010802": 8,
        "0x060400": 48,
    }
    assert {devices[gpu]["speed"] for gpu in devices if devices[gpu]["class"] == "0x030200"} == {"32.0 GT/s PCIe"}
    assert [devices[place]["up"] for place in (FIRST, ABOVE, UPPER, ROOT)] == [ABOVE, UPPER, ROOT, ""]


def test_its_gpus_are_where_nvml_says_they_are(tmp_path: Path) -> None:
    write_pci(tmp_path, PciHardware.healthy())
    assert pci_addresses(str(tmp_path)) == GpuHardware.healthy().addresses()


def _changes(before: Any, after: Any) -> set[tuple[str, str]]:
    """Return which field of which device is other."""
    return {
        (address, name)
        for address in before
        for name in before[address]
        if after.get(address, {}).get(name) != before[address][name]
    }


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        (lambda it: it.downtrain_gpu(0, generation=3), {(FIRST, "speed"), (ABOVE, "speed")}),
        (lambda it: it.downtrain_gpu(0, width=8), {(FIRST, "width"), (ABOVE, "width")}),
        (lambda it: it.downtrain_switch(0, generation=4), {(UPPER, "speed"), (ROOT, "speed")}),
        (lambda it: it.downtrain_switch(0, width=8), {(UPPER, "width"), (ROOT, "width")}),
        (lambda it: it.lose_gpu(0), {(FIRST, name) for name in ("speed", "width", "head")}),
        (lambda it: it.count_errors(FIRST, by=3), {(FIRST, "fatal")}),
        (lambda it: it.turn_acs_on([ABOVE]), {(ABOVE, "acs")}),
        (lambda it: it.unbind(FIRST), {(FIRST, "driver")}),
    ],
)
def test_a_fault_changes_what_it_says_and_nothing_else(
    fault: Change, changed: set[tuple[str, str]], tmp_path: Path
) -> None:
    hardware = PciHardware.healthy()
    before = read(hardware, tmp_path / "before")
    fault(hardware)
    assert _changes(before, read(hardware, tmp_path / "after")) == changed


def test_a_gpu_that_is_gone_from_the_bus_is_not_listed(tmp_path: Path) -> None:
    hardware = PciHardware.healthy()
    hardware.remove_gpu(0)
    devices = read(hardware, tmp_path)
    assert FIRST not in devices
    assert ABOVE not in devices  # a bridge above nothing of interest
    assert ROOT in devices


def test_errors_are_written_as_the_kernel_writes_them(tmp_path: Path) -> None:
    hardware = PciHardware.healthy()
    hardware.count_errors(FIRST, severity="correctable", by=7)
    write_pci(tmp_path, hardware)
    lines = (tmp_path / "sys/bus/pci/devices" / FIRST / "aer_dev_correctable").read_text().splitlines()
    assert lines[0] == "RxErr 7"
    assert lines[-1] == "TOTAL_ERR_COR 7"


def test_who_is_not_root_sees_the_head_of_the_configuration_space() -> None:
    bridge = ("8086", "352a", "060400", "pcieport")
    assert len(config_space(bridge, acs=True, gone=False, as_root=True)) == 4096
    assert len(config_space(bridge, acs=True, gone=False, as_root=False)) == 64
    assert set(config_space(bridge, acs=True, gone=True, as_root=True)) == {0xFF}
