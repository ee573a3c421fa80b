"""GPUs as parts with firmware."""

from __future__ import annotations

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.component import Part
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.gpu_parts import gpu_parts
from aifctl.diagnosis.reading import Reading


def test_a_gpu_is_a_part_by_its_address_and_serial_also_where_it_tells_no_version() -> None:
    gpus = (
        Gpu(pci_address="0000:1b:00.0", serial="165", board_part_number="692-2G520", vbios_version="96.00.A5.00.01"),
        Gpu(pci_address="0000:43:00.0", vbios_version=Absent.LOST),
        Gpu(index=3, vbios_version="96.00.A5.00.01"),
    )
    assert list(gpu_parts(Reading(gpu=GpuSection(source="nvml", gpus=gpus)), "vbios_version")) == [
        Part(subject="gpu:0000:1b:00.0", kind="692-2G520", running="96.00.A5.00.01", identity="165"),
        Part(subject="gpu:0000:43:00.0", running=Absent.LOST),
        Part(subject="gpu:#3", running="96.00.A5.00.01"),
    ]
    assert list(gpu_parts(Reading(), "vbios_version")) == []
