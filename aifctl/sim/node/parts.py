"""What a node is made of: eight GPUs and eight fabric ports, their numbers following from the seed and the name."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from aifctl.sim.layout import GPUS, RAILS
from aifctl.sim.node.machine import Machine

#: As on a DGX H100: which PCI bus each GPU sits on, and which HCA is next to it.
GPU_BUSES = ("1B", "43", "52", "61", "9D", "C3", "D1", "DF")
HCAS = ("mlx5_0", "mlx5_3", "mlx5_4", "mlx5_5", "mlx5_6", "mlx5_9", "mlx5_10", "mlx5_11")
GPU_NAME = "NVIDIA H100 80GB HBM3"
GPU_MEMORY_MIB, GPU_POWER_LIMIT_W = 81559, 700
VBIOS = "96.00.A5.00.01"
HCA_FIRMWARE = "28.39.2048"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU as it is now."""

    index: int
    uuid: str
    serial: str
    bus: str
    temperature_c: int
    memory_temperature_c: int
    power_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FabricPort:
    """One rail's port. `guid` is written as the kernel writes it: 0000:0000:0000:0000."""

    rail: int
    hca: str
    guid: str
    lid: int


def gpus(machine: Machine) -> list[Gpu]:
    return [_gpu(machine, index) for index in range(GPUS)]


def rails(machine: Machine) -> list[FabricPort]:
    return [_rail(machine, rail) for rail in range(RAILS)]


def gpu_serial(machine: Machine, index: int) -> str:
    """Return a 13-digit number, as H100 boards bear."""
    return f"16{machine.random(f'gpu serial {index}').randrange(10**11):011d}"


def chassis_serial(machine: Machine) -> str:
    return machine.place.serial


def guid_with_colons(digits: str) -> str:
    """Write a GUID of 16 digits as the kernel does."""
    return ":".join((digits[:4], digits[4:8], digits[8:12], digits[12:]))


def _gpu(machine: Machine, index: int) -> Gpu:
    random = machine.random(f"gpu now {index}")
    temperature = random.randint(31, 44)
    return Gpu(
        index=index, uuid=f"GPU-{uuid.UUID(bytes=machine.derived(f'gpu {index}')[:16], version=4)}",
        serial=gpu_serial(machine, index), bus=f"00000000:{GPU_BUSES[index]}:00.0", temperature_c=temperature,
        memory_temperature_c=temperature + random.randint(6, 12), power_w=round(random.uniform(68.0, 118.0), 2),
    )  # fmt: skip


def _rail(machine: Machine, rail: int) -> FabricPort:
    digits = "a088c2" + machine.derived(f"guid {rail}")[:5].hex()
    return FabricPort(
        rail=rail, hca=HCAS[rail], guid=guid_with_colons(digits), lid=machine.place.index * RAILS + rail + 1
    )
