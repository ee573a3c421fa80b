"""The HCAs beneath a simulated node's probe: a healthy node's tree, and every fault in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from aifctl.onnode.probe.sections import port as section
from aifctl.sim.hardware.fabric import FabricHardware, hca_addresses, other_addresses, write_fabric
from aifctl.sim.hardware.pci import PciHardware
from aifctl.sim.node.parts import HCAS, FabricPort

Change = Callable[[FabricHardware], object]
Place = tuple[str, ...]


def read(hardware: FabricHardware, root: Path) -> Any:
    write_fabric(root, hardware)
    return section.read(str(root), {})["devices"]


def differences(before: Any, after: Any, path: Place = ()) -> dict[Place, Any]:
    """Return what is other, by path, with what it has become."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return {} if before == after else {path: after}
    found: dict[Place, Any] = {}
    for name in {*before, *after}:
        found |= differences(before.get(name), after.get(name), (*path, name))
    return found


def test_a_healthy_node_has_eight_fabric_ports_and_two_others(tmp_path: Path) -> None:
    devices = read(FabricHardware.healthy(), tmp_path)
    assert [name for name in devices if devices[name]["ports"]["1"]["layer"] == "InfiniBand"] == sorted(HCAS)
    others = [device for device in devices.values() if device["ports"]["1"]["layer"] == "Ethernet"]
    assert [other["ports"]["1"]["state"] for other in others] == ["4: ACTIVE"] * 2
    assert len({device["guid"] for device in devices.values()}) == 10
    assert {device["ports"]["1"]["c"]["symbol_error"] for device in devices.values()} == {"0"}


def test_it_is_of_the_nodes_own_ports() -> None:
    ports = [
        FabricPort(rail=at, hca=name, guid=f"a088:c200:0000:{at:04x}", lid=100 + at) for at, name in enumerate(HCAS)
    ]
    hardware = FabricHardware.of(ports, Random(1))  # noqa: S311  no secret
    assert [(hca.name, hca.guid, hca.lid) for hca in hardware.rails] == [
        (port.hca, port.guid.replace(":", ""), port.lid) for port in ports
    ]
    assert [hca.address for hca in hardware.rails] == hca_addresses()


def test_the_same_seed_makes_the_same_node() -> None:
    assert FabricHardware.healthy(seed=3) == FabricHardware.healthy(seed=3)
    assert FabricHardware.healthy(seed=3) != FabricHardware.healthy(seed=4)


def test_its_addresses_are_those_of_hcas_on_the_pci_bus() -> None:
    devices = PciHardware.healthy().devices
    for address in (*hca_addresses(), *other_addresses()):
        assert devices[address].kind[0] == "15b3"


_PORT = ("mlx5_3", "ports", "1")
FAULTS: list[tuple[Change, dict[Place, Any]]] = [
    (
        lambda it: it.take_down(1),
        {
            (*_PORT, "state"): "1: DOWN",
            (*_PORT, "phys"): "2: Polling",
            (*_PORT, "rate"): "10 Gb/sec (4X SDR)",
            (*_PORT, "lid"): "0x0",
            (*_PORT, "c", "link_downed"): "1",
        },
    ),
    (
        lambda it: it.take_down(1, physical="disabled"),
        {
            (*_PORT, "state"): "1: DOWN",
            (*_PORT, "phys"): "3: Disabled",
            (*_PORT, "rate"): "10 Gb/sec (4X SDR)",
            (*_PORT, "lid"): "0x0",
            (*_PORT, "c", "link_downed"): "1",
        },
    ),
    (lambda it: it.train_to(200, 1), {(*_PORT, "rate"): "200 Gb/sec (4X HDR)"}),
    (
        lambda it: it.set_ethernet(1),
        {(*_PORT, "layer"): "Ethernet", (*_PORT, "lid"): "0x0", (*_PORT, "sm"): "0x0"},
    ),
    (lambda it: it.flap(3, 1), {(*_PORT, "c", "link_downed"): "3"}),
    (lambda it: it.count("symbol_error", 500, 1), {(*_PORT, "c", "symbol_error"): "500"}),
    (lambda it: it.count("link_error_recovery", 7, 1), {(*_PORT, "c", "link_error_recovery"): "7"}),
    (lambda it: it.remove(1), {("mlx5_3",): None}),
    (lambda it: it.skew_firmware(1, version="28.36.1010"), {("mlx5_3", "fw"): "28.36.1010"}),
    (lambda it: it.lose_subnet_manager(1), {(*_PORT, "sm"): "0x0"}),
    (
        lambda it: it.stop_before_active(1),
        {(*_PORT, "state"): "2: INIT", (*_PORT, "lid"): "0x0", (*_PORT, "sm"): "0x0"},
    ),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS)
def test_a_fault_changes_what_it_says_and_nothing_else(
    fault: Change, expected: dict[Place, Any], tmp_path: Path
) -> None:
    before = read(FabricHardware.healthy(), tmp_path / "before")
    hardware = FabricHardware.healthy()
    fault(hardware)
    assert differences(before, read(hardware, tmp_path / "after")) == expected


def test_no_rail_named_means_all_of_them() -> None:
    hardware = FabricHardware.healthy()
    hardware.train_to(200)
    assert [hca.rate for hca in hardware.rails] == [200] * 8
