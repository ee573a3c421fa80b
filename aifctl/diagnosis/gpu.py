"""What was read of the GPUs of one node, whichever tool said it: NVML, `nvidia-smi -q -x`, `-q`, `nvlink -s`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aifctl.diagnosis.absent import Absent

MISSING = Absent.MISSING

#: Marks a field that changes from one look to the next: stored with every sweep, where all others are kept once.
MOVES: Mapping[str, Any] = {"moves": True}
#: Marks a fact that tells one thing from all others like it: nothing that is made of the other facts depends on it.
OWN: Mapping[str, Any] = {"own": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class NvLink:
    """One NVLink of a GPU.

    Attributes:
        active: trained and up.
        rate_gbytes_s: what `nvlink -s` prints; 26.562 on a healthy H100.
        remote: PCI address of the other side (an NVSwitch), where told.
    """

    index: int
    active: bool | Absent = MISSING
    rate_gbytes_s: float | Absent = MISSING
    remote: str | Absent = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuProcess:
    """A compute process on a GPU."""

    pid: int
    name: str = ""
    memory_bytes: int | Absent = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU. Its identity is its PCI address and its serial, never its index, which shifts when another is lost.

    Attributes:
        pci_address: `0000:1b:00.0`: lower case, four digits of domain; "" where not even that was told.
        lost: NVML says GPU_IS_LOST for its handle or for its fields; the rest is absent then.
        requires_reset: NVML says RESET_REQUIRED.
        device_id: `10de:2330`.
        recovery_action: none, gpu-reset, node-reboot, drain-p2p, drain-and-reset, or the number as text where it is
            none of these. The driver's own verdict, NVML field 230, from R565 on.
        throttle_reasons: the clocks event (throttle) reasons bit mask as NVML has it: 0x1 idle, 0x4 SW power cap, 0x8 HW
            slowdown, 0x20 SW thermal, 0x40 HW thermal, 0x80 HW power brake.
        margin_c: distance to the slowdown limit (T.Limit), where the driver tells margins; `limit_*_c` are the margins
            at which something happens (-8 shutdown, -2 slowdown, 0 maximum operating on H100).
        slowdown_temperature_c, shutdown_temperature_c: absolute limits, on older drivers.
        performance_state: "P0" to "P15".
        pcie_errors: error counters of the link by name (NVML fields 173-183): fatal, nonfatal, correctable, bad_tlp, …
        nvlink_*_count: sums over all links.
        fabric_state: completed, in-progress, not-started, not-supported. fabric_status: "success" or the error's name.
        sram_threshold_exceeded: NVIDIA's own verdict on SRAM errors: replace.
        remap_banks: histogram of row-remap availability: max, high, partial, low, none → banks.
    """

    pci_address: str = ""
    index: int | Absent = MISSING
    lost: bool = False
    requires_reset: bool = False
    name: str | Absent = MISSING
    uuid: str | Absent = field(default=MISSING, metadata=OWN)
    serial: str | Absent = field(default=MISSING, metadata=OWN)
    device_id: str | Absent = MISSING
    board_part_number: str | Absent = MISSING
    module_id: int | Absent = MISSING
    # firmware
    vbios_version: str | Absent = MISSING
    inforom_image_version: str | Absent = MISSING
    inforom_valid: bool | Absent = MISSING
    gsp_firmware_version: str | Absent = MISSING
    # modes
    persistence_mode: bool | Absent = MISSING
    ecc_current: bool | Absent = MISSING
    ecc_pending: bool | Absent = MISSING
    mig_current: bool | Absent = MISSING
    mig_pending: bool | Absent = MISSING
    compute_mode: str | Absent = MISSING
    memory_total_bytes: int | Absent = MISSING
    memory_used_bytes: int | Absent = field(default=MISSING, metadata=MOVES)
    # errors of memory
    sram_corrected_volatile_count: int | Absent = field(default=MISSING, metadata=MOVES)
    sram_uncorrected_volatile_count: int | Absent = field(default=MISSING, metadata=MOVES)
    dram_corrected_volatile_count: int | Absent = field(default=MISSING, metadata=MOVES)
    dram_uncorrected_volatile_count: int | Absent = field(default=MISSING, metadata=MOVES)
    sram_corrected_aggregate_count: int | Absent = field(default=MISSING, metadata=MOVES)
    sram_uncorrected_aggregate_count: int | Absent = field(default=MISSING, metadata=MOVES)
    dram_corrected_aggregate_count: int | Absent = field(default=MISSING, metadata=MOVES)
    dram_uncorrected_aggregate_count: int | Absent = field(default=MISSING, metadata=MOVES)
    sram_threshold_exceeded: bool | Absent = MISSING
    remap_corrected_count: int | Absent = MISSING
    remap_uncorrected_count: int | Absent = MISSING
    remap_pending: bool | Absent = MISSING
    remap_failure: bool | Absent = MISSING
    remap_banks: Mapping[str, int] | Absent = MISSING
    retired_single_bit_count: int | Absent = MISSING
    retired_double_bit_count: int | Absent = MISSING
    retired_pending: bool | Absent = MISSING
    channel_repair_pending: bool | Absent = MISSING
    tpc_repair_pending: bool | Absent = MISSING
    unrepairable_memory: bool | Absent = MISSING
    recovery_action: str | Absent = MISSING
    # clocks, power, heat
    throttle_reasons: int | Absent = field(default=MISSING, metadata=MOVES)
    sw_power_cap_us: int | Absent = field(default=MISSING, metadata=MOVES)
    sw_thermal_us: int | Absent = field(default=MISSING, metadata=MOVES)
    hw_thermal_us: int | Absent = field(default=MISSING, metadata=MOVES)
    hw_power_brake_us: int | Absent = field(default=MISSING, metadata=MOVES)
    performance_state: str | Absent = field(default=MISSING, metadata=MOVES)
    sm_clock_mhz: int | Absent = field(default=MISSING, metadata=MOVES)
    memory_clock_mhz: int | Absent = field(default=MISSING, metadata=MOVES)
    sm_clock_max_mhz: int | Absent = MISSING
    memory_clock_max_mhz: int | Absent = MISSING
    application_sm_clock_mhz: int | Absent = MISSING
    temperature_c: int | Absent = field(default=MISSING, metadata=MOVES)
    memory_temperature_c: int | Absent = field(default=MISSING, metadata=MOVES)
    margin_c: int | Absent = field(default=MISSING, metadata=MOVES)
    limit_shutdown_c: int | Absent = MISSING
    limit_slowdown_c: int | Absent = MISSING
    limit_max_operating_c: int | Absent = MISSING
    slowdown_temperature_c: int | Absent = MISSING
    shutdown_temperature_c: int | Absent = MISSING
    power_w: float | Absent = field(default=MISSING, metadata=MOVES)
    power_limit_w: float | Absent = MISSING
    power_limit_default_w: float | Absent = MISSING
    utilization_pct: int | Absent = field(default=MISSING, metadata=MOVES)
    memory_utilization_pct: int | Absent = field(default=MISSING, metadata=MOVES)
    # links
    pcie_generation: int | Absent = field(default=MISSING, metadata=MOVES)
    pcie_generation_max: int | Absent = MISSING
    pcie_width: int | Absent = field(default=MISSING, metadata=MOVES)
    pcie_width_max: int | Absent = MISSING
    pcie_replay_count: int | Absent = field(default=MISSING, metadata=MOVES)
    pcie_errors: Mapping[str, int] | Absent = field(default=MISSING, metadata=MOVES)
    nvlinks: tuple[NvLink, ...] | Absent = MISSING
    nvlink_replay_count: int | Absent = field(default=MISSING, metadata=MOVES)
    nvlink_recovery_count: int | Absent = field(default=MISSING, metadata=MOVES)
    nvlink_crc_count: int | Absent = field(default=MISSING, metadata=MOVES)
    fabric_state: str | Absent = MISSING
    fabric_status: str | Absent = MISSING
    fabric_cluster_uuid: str | Absent = MISSING
    fabric_health: str | Absent = MISSING
    processes: tuple[GpuProcess, ...] | Absent = field(default=MISSING, metadata=MOVES)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSection:
    """The GPUs of a node.

    Attributes:
        source: nvml, nvidia-smi-xml, nvidia-smi-text, nvlink-s, … whoever said it.
        told_count: how many GPUs the tool says there are; fewer readings than that mean a cut text.
        excluded_count: GPUs that the driver was told to leave alone (nvmlDeviceGetExcludedDeviceCount).
        gpus: in order of PCI address.
    """

    source: str
    driver_version: str | Absent = MISSING
    cuda_version: str | Absent = MISSING
    told_count: int | Absent = MISSING
    excluded_count: int | Absent = MISSING
    gpus: tuple[Gpu, ...] = ()


def gpu_order(gpu: Gpu) -> tuple[bool, str, int]:
    """Order by address; those without one last, by index."""
    return not gpu.pci_address, gpu.pci_address, gpu.index if isinstance(gpu.index, int) else -1
