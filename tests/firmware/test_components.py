"""The drawer of components: what each finds in a reading."""

from __future__ import annotations

import pytest

import aifctl.firmware.components
from aifctl.core.drawers import names_in, read_drawer
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.component import Component, Part, Plane
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.host import Disk, Host
from aifctl.diagnosis.port import Port, PortSection
from aifctl.diagnosis.reading import Reading

COMPONENTS: dict[str, Component] = {one.name: one for one in read_drawer(aifctl.firmware.components, "COMPONENT")}

READING = Reading(
    gpu=GpuSection(
        source="nvml",
        driver_version="580.105.08",
        gpus=(
            Gpu(
                pci_address="0000:1b:00.0",
                serial="165",
                board_part_number="692-2G520-0200-000",
                vbios_version="96.00.A5.00.01",
                inforom_image_version="G520.0200.00.05",
                gsp_firmware_version="580.105.08",
            ),
            Gpu(pci_address="0000:43:00.0", lost=True, vbios_version=Absent.LOST),
        ),
    ),
    port=PortSection(
        source="sysfs",
        ports=(
            Port(device="mlx5_0", psid="MT_0000000838", firmware_version="28.41.1000"),
            Port(device="mlx5_1", number=1, psid=Absent.DENIED, hca_type="MT4129", firmware_version="28.41.1000"),
            Port(device="mlx5_1", number=2, psid=Absent.DENIED, hca_type="MT4129", firmware_version="28.41.1000"),
        ),
    ),
    host=Host(
        bios_version="1.1.3",
        bmc_version="23.11",
        kernel_version="5.15.0-1068-nvidia",
        fabric_manager_version="580.105.08",
        ofed_version=Absent.MISSING,
        disks=(
            Disk(name="nvme0", model="SAMSUNG MZQL2 ", serial="S6", firmware_version="GDC5602Q"),
            Disk(name="sda", model="PERC", firmware_version="5.1"),
        ),
    ),
)


def found(name: str, reading: Reading = READING) -> list[tuple[str, str, str | Absent]]:
    component = COMPONENTS[name]
    assert component.parts
    return [(part.subject, part.kind, part.running) for part in component.parts(reading)]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "gpu-vbios",
            [
                ("gpu:0000:1b:00.0", "692-2G520-0200-000", "96.00.A5.00.01"),
                ("gpu:0000:43:00.0", "", Absent.LOST),
            ],
        ),
        (
            "gpu-inforom",
            [
                ("gpu:0000:1b:00.0", "692-2G520-0200-000", "G520.0200.00.05"),
                ("gpu:0000:43:00.0", "", Absent.MISSING),
            ],
        ),
        (
            "gpu-gsp",
            [("gpu:0000:1b:00.0", "692-2G520-0200-000", "580.105.08"), ("gpu:0000:43:00.0", "", Absent.MISSING)],
        ),
        ("gpu-driver", [("node", "", "580.105.08")]),
        ("hca", [("hca:mlx5_0", "MT_0000000838", "28.41.1000"), ("hca:mlx5_1", "MT4129", "28.41.1000")]),
        ("bios", [("node", "", "1.1.3")]),
        ("bmc", [("node", "", "23.11")]),
        ("kernel", [("node", "", "5.15.0-1068-nvidia")]),
        ("fabric-manager", [("node", "", "580.105.08")]),
        ("ofed", [("node", "", Absent.MISSING)]),
        ("nvme", [("disk:nvme0", "SAMSUNG MZQL2", "GDC5602Q")]),
    ],
)
def test_a_component_finds_its_parts(name: str, parts: list[tuple[str, str, str | Absent]]) -> None:
    assert found(name) == parts


def test_what_was_not_read_has_no_parts() -> None:
    for component in COMPONENTS.values():
        if component.parts:
            assert list(component.parts(Reading())) == [], component.name


def test_parts_bear_the_serial_of_what_they_are() -> None:
    gpus: list[Part] = list((COMPONENTS["gpu-vbios"].parts or (lambda _: ()))(READING))
    disks = list((COMPONENTS["nvme"].parts or (lambda _: ()))(READING))
    assert [part.identity for part in [*gpus, *disks]] == ["165", "", "S6"]


def test_each_file_is_one_component_of_its_name_that_some_plane_can_see() -> None:
    assert [name.replace("_", "-") for name in names_in(aifctl.firmware.components)] == list(COMPONENTS)
    for component in COMPONENTS.values():
        assert component.planes, f"{component.name} can be seen by nobody"
        assert (Plane.IN_BAND in component.planes) == (component.section is not None)
        assert component.about.endswith(".")
        assert component.detail
