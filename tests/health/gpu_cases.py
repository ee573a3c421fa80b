"""One healthy H100 in every field that it tells, and what the checks of GPUs find in what a test makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu, GpuSection, NvLink
from aifctl.diagnosis.judging import Verdict, judge
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.remembering import remember
from aifctl.fleet.profile import Profile
from aifctl.wiring.expecting import all_checks, read_all_profiles

BOOT = "0b1e5c4e-0000-4000-8000-000000000003"
OK = SectionEnd(status=SectionStatus.OK)
NA = Absent.NOT_AVAILABLE

HEALTHY = Gpu(
    pci_address="0000:1b:00.0", index=0, name="NVIDIA H100 80GB HBM3", uuid="GPU-1", serial="165000001",
    device_id="10de:2330", board_part_number="692-2G520-0200-000", module_id=4, vbios_version="96.00.89.00.01",
    inforom_image_version="G520.0200.00.05", inforom_valid=True, gsp_firmware_version="580.105.08",
    persistence_mode=True, ecc_current=True, ecc_pending=True, mig_current=False, mig_pending=False,
    compute_mode="Default", memory_total_bytes=85 << 30, memory_used_bytes=0, sram_corrected_volatile_count=0,
    sram_uncorrected_volatile_count=0, dram_corrected_volatile_count=0, dram_uncorrected_volatile_count=0,
    sram_corrected_aggregate_count=0, sram_uncorrected_aggregate_count=0, dram_corrected_aggregate_count=0,
    dram_uncorrected_aggregate_count=0, sram_threshold_exceeded=False, remap_corrected_count=0,
    remap_uncorrected_count=0, remap_pending=False, remap_failure=False,
    remap_banks={"max": 2560, "high": 0, "partial": 0, "low": 0, "none": 0}, retired_single_bit_count=NA,
    retired_double_bit_count=NA, retired_pending=NA, channel_repair_pending=False, tpc_repair_pending=False,
    unrepairable_memory=NA, recovery_action="none", throttle_reasons=0x1, sw_power_cap_us=7_015_000_000,
    sw_thermal_us=0, hw_thermal_us=0, hw_power_brake_us=0, performance_state="P0", sm_clock_mhz=345,
    memory_clock_mhz=2619, sm_clock_max_mhz=1980, memory_clock_max_mhz=2619, application_sm_clock_mhz=1980,
    temperature_c=29, memory_temperature_c=38, margin_c=58, limit_shutdown_c=-8, limit_slowdown_c=-2,
    limit_max_operating_c=0, slowdown_temperature_c=NA, shutdown_temperature_c=NA, power_w=69.1, power_limit_w=700.0,
    power_limit_default_w=700.0, utilization_pct=0, memory_utilization_pct=0, pcie_generation=5,
    pcie_generation_max=5, pcie_width=16, pcie_width_max=16, pcie_replay_count=106,
    pcie_errors={"fatal": 0, "nonfatal": 0, "bad_tlp": 0, "lcrc": 0, "correctable": 3},
    nvlinks=tuple(NvLink(index=at, active=True, rate_gbytes_s=26.562) for at in range(18)),
    nvlink_replay_count=0, nvlink_recovery_count=0, nvlink_crc_count=0, fabric_state="completed",
    fabric_status="success", fabric_cluster_uuid=NA, fabric_health=NA, processes=(),
)  # fmt: skip

Found = tuple[str, str, str, str]


@cache
def gpu_checks() -> tuple[Check, ...]:
    return tuple(check for check in all_checks() if check.section is SectionName.GPU)


@cache
def profile(name: str = "h100-sxm5") -> Profile:
    return read_all_profiles(None, all_checks()).named(name)


def eight(**first: Any) -> tuple[Gpu, ...]:
    """Return a node's GPUs, the first of them changed."""
    others = [
        replace(HEALTHY, pci_address=f"0000:{0x1B + 0x10 * at:02x}:00.0", serial=f"16500000{at + 1}", index=at)
        for at in range(8)
    ]
    return (replace(others[0], **first), *others[1:])


def reading(gpus: Sequence[Gpu], *, at_s: float = 1000.0, boot_id: str = BOOT, **section: Any) -> Reading:
    told: dict[str, Any] = {
        "source": "nvml",
        "driver_version": "580.105.08",
        "told_count": len(gpus),
        "excluded_count": 0,
    }
    return Reading(
        node="n1", at_s=at_s, boot_id=boot_id, ends={SectionName.GPU: OK},
        gpu=GpuSection(gpus=tuple(gpus), **{**told, **section}),
    )  # fmt: skip


def judged(
    *looks: Reading,
    by: Profile | None = None,
    checks: Sequence[Check] = (),
    inventory: Mapping[str, str] | None = None,
) -> Verdict:
    """Judge the last of some looks at a node, by what was remembered of those before it."""
    memory = Memory()
    for look in looks:
        memory = remember(memory, look)
    case = Case(reading=looks[-1], profile=by, memory=memory, inventory=inventory or {})
    return judge(case, checks or gpu_checks())


def found(*looks: Reading, by: Profile | None = None, inventory: Mapping[str, str] | None = None) -> set[Found]:
    """Return (subject, check, code, result) by an H100's profile, or another."""
    return {short(one) for one in judged(*looks, by=by or profile(), inventory=inventory).findings}


def short(finding: Finding) -> Found:
    return finding.subject, finding.check, finding.code, finding.result.value
