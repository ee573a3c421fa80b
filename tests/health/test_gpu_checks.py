"""The checks of GPUs: nothing on a healthy node, and on a sick one exactly what is wrong; thresholds to the step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Case
from aifctl.diagnosis.finding import Action, Result
from aifctl.diagnosis.gpu import NvLink
from aifctl.diagnosis.judging import judge
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.peers import Spread
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.recognising import reading_of_text
from aifctl.fleet.profile import Expectation
from tests.health.gpu_cases import HEALTHY, NA, eight, found, gpu_checks, judged, profile, reading

ONE = "gpu:0000:1b:00.0"


def links(*down: int, rate: float = 26.562, count: int = 18) -> tuple[NvLink, ...]:
    return tuple(NvLink(index=at, active=at not in down, rate_gbytes_s=rate) for at in range(count))


def test_a_healthy_node_has_no_finding_and_every_check_that_can_has_judged_it() -> None:
    verdict = judged(reading(eight()), by=profile())
    assert verdict.findings == ()
    neutral = {"driver-version", "retired-pages", "gpu-identity"}  # no allow-list, no such pages, no serials listed
    assert set(verdict.judged) == {check.name for check in gpu_checks()} - neutral


#: What is changed of the first GPU → check, code, result, action.
SICK: dict[str, tuple[dict[str, Any], tuple[str, str, str, str]]] = {
    "lost": ({"lost": True}, ("gpu-lost", "lost", "fault", "reboot")),
    "requires reset": ({"requires_reset": True}, ("gpu-lost", "requires-reset", "fault", "reset")),
    "inforom": ({"inforom_valid": False}, ("inforom-valid", "corrupt", "fault", "rma")),
    "persistence": ({"persistence_mode": False}, ("persistence-mode", "mode", "watch", "fix")),
    "ecc off": ({"ecc_current": False, "ecc_pending": False}, ("ecc-mode", "current", "degraded", "reboot")),
    "ecc to be off": ({"ecc_pending": False}, ("ecc-mode", "pending", "watch", "reboot")),
    "mig": ({"mig_current": True, "mig_pending": True}, ("mig-mode", "current", "degraded", "fix")),
    "mig to be on": ({"mig_pending": True}, ("mig-mode", "pending", "watch", "watch")),
    "power limit": ({"power_limit_w": 500.0}, ("power-limit", "limit", "degraded", "fix")),
    "sm clock": ({"sm_clock_max_mhz": 1410}, ("gpu-clocks", "sm", "degraded", "fix")),
    "memory clock": ({"memory_clock_max_mhz": 1593}, ("gpu-clocks", "memory", "degraded", "fix")),
    "application clock": ({"application_sm_clock_mhz": 1979}, ("gpu-clocks", "application", "degraded", "fix")),
    "compute mode": ({"compute_mode": "Prohibited"}, ("compute-mode", "mode", "degraded", "fix")),
    "gsp": ({"gsp_firmware_version": "580.95.05"}, ("gpu-firmware-agrees", "gsp", "watch", "watch")),
    "dram": ({"dram_uncorrected_volatile_count": 1}, ("dram-ecc", "uncorrected", "watch", "app")),
    "sram": ({"sram_uncorrected_volatile_count": 1}, ("sram-ecc", "volatile", "fault", "reset")),
    "sram threshold": (
        {"sram_uncorrected_volatile_count": 3, "sram_threshold_exceeded": True},
        ("sram-ecc", "threshold", "fault", "rma"),
    ),
    "sram of an old driver": (
        {"sram_threshold_exceeded": Absent.NOT_SUPPORTED, "sram_uncorrected_aggregate_count": 5},
        ("sram-ecc", "aggregate", "fault", "rma"),
    ),
    "sram of a long life": ({"sram_uncorrected_aggregate_count": 5}, ("sram-ecc", "aggregate", "watch", "watch")),
    "remap pending": ({"remap_pending": True}, ("row-remap-pending", "pending", "degraded", "reset")),
    "remap failure": ({"remap_failure": True}, ("row-remap-failure", "failure", "fault", "rma")),
    "remapped rows": ({"remap_uncorrected_count": 513}, ("row-remap-banks", "rows", "fault", "rma")),
    "banks": ({"remap_banks": {"max": 2559, "none": 1}}, ("row-remap-banks", "banks", "watch", "watch")),
    "channel": ({"channel_repair_pending": True}, ("memory-repair", "channel", "degraded", "reset")),
    "tpc": ({"tpc_repair_pending": True}, ("memory-repair", "tpc", "degraded", "reset")),
    "unrepairable": ({"unrepairable_memory": True}, ("memory-repair", "unrepairable", "fault", "rma")),
    "pages pending": ({"retired_pending": True}, ("retired-pages", "pending", "degraded", "reboot")),
    "pages": (
        {"retired_pending": False, "retired_single_bit_count": 60, "retired_double_bit_count": 4},
        ("retired-pages", "count", "fault", "rma"),
    ),
    "driver says reset": ({"recovery_action": "gpu-reset"}, ("recovery-action", "gpu-reset", "fault", "reset")),
    "driver says reboot": ({"recovery_action": "node-reboot"}, ("recovery-action", "node-reboot", "fault", "reboot")),
    "driver says p2p": ({"recovery_action": "drain-p2p"}, ("recovery-action", "drain-p2p", "fault", "drain")),
    "driver says both": ({"recovery_action": "drain-and-reset"}, ("recovery-action", "drain-and-reset", "fault", "reset")),
    "driver says more": ({"recovery_action": "7"}, ("recovery-action", "other", "fault", "drain")),
    "power brake": ({"throttle_reasons": 0x89}, ("throttle", "power-brake", "fault", "drain")),
    "hw thermal": ({"throttle_reasons": 0x48}, ("throttle", "hw-thermal", "fault", "drain")),
    "hw slowdown": ({"throttle_reasons": 0x8}, ("throttle", "hw-slowdown", "fault", "drain")),
    "sw thermal": ({"throttle_reasons": 0x20}, ("throttle", "sw-thermal", "watch", "watch")),
    "hot": ({"margin_c": 0}, ("gpu-temperature", "near", "watch", "watch")),
    "too hot": ({"margin_c": -2}, ("gpu-temperature", "slowdown", "fault", "drain")),
    "too hot in degrees": (
        {"margin_c": NA, "temperature_c": 93, "slowdown_temperature_c": 93},
        ("gpu-temperature", "slowdown", "fault", "drain"),
    ),
    "hot memory": ({"memory_temperature_c": 95}, ("gpu-temperature", "memory", "watch", "watch")),
    "no power": ({"power_w": 0.0}, ("gpu-power", "none", "watch", "watch")),
    "one link": ({"nvlinks": links(7)}, ("nvlink-state", "down", "fault", "reset")),
    "all links": ({"nvlinks": links(*range(18))}, ("nvlink-state", "all-down", "fault", "reset")),
    "slow links": ({"nvlinks": links(rate=13.281)}, ("nvlink-state", "slow", "degraded", "reset")),
    "fabric waits": ({"fabric_state": "in-progress"}, ("fabric-state", "in-progress", "fault", "reboot")),
    "fabric never": ({"fabric_state": "not-started"}, ("fabric-state", "not-started", "fault", "reboot")),
    "fabric failed": ({"fabric_status": "unknown"}, ("fabric-state", "failed", "fault", "reboot")),
    "fabric ill": ({"fabric_health": "unhealthy"}, ("fabric-state", "health", "fault", "drain")),
    "fabric narrow": ({"fabric_health": "limited-capacity"}, ("fabric-state", "health", "degraded", "drain")),
    "vbios": ({"vbios_version": "96.00.30.00.01"}, ("gpu-firmware-agrees", "vbios", "watch", "watch")),
    "inforom image": ({"inforom_image_version": "G520.0200.00.04"}, ("gpu-firmware-agrees", "inforom", "watch", "watch")),
    "pcie width": ({"pcie_width": 8}, ("gpu-pcie-link", "width", "fault", "cable")),
}  # fmt: skip


@pytest.mark.parametrize("name", SICK)
def test_one_thing_wrong_is_one_finding(name: str) -> None:
    changed, expected = SICK[name]
    findings = judged(reading(eight(**changed)), by=profile()).findings
    told = [(one.check, one.code, one.result.value, one.action.value) for one in findings]
    assert (told, {one.subject for one in findings}) == ([expected], {ONE})
    assert findings[0].identity == "165000001"
    assert findings[0].source


#: What is changed to a value that is just good enough.
EDGES: dict[str, dict[str, Any]] = {
    "margin": {"margin_c": 1},
    "memory": {"memory_temperature_c": 94},
    "rows": {"remap_uncorrected_count": 512},
    "aggregate": {"sram_threshold_exceeded": Absent.NOT_SUPPORTED, "sram_uncorrected_aggregate_count": 4},
    "pages": {"retired_pending": False, "retired_single_bit_count": 60, "retired_double_bit_count": 3},
    "power": {"power_w": 20.0},
    "limit": {"power_limit_w": 699.5},
    "degrees": {"margin_c": NA, "temperature_c": 92, "slowdown_temperature_c": 93},
    "rate": {"nvlinks": links(rate=26.2)},
    "reasons": {"throttle_reasons": 0x5},
    "known serial": {"serial": "165000001"},
}


@pytest.mark.parametrize("name", EDGES)
def test_what_is_just_good_enough_is_good(name: str) -> None:
    assert found(reading(eight(**EDGES[name]))) == set()


def grown(counter: str, by: Any, *, after_s: float = 600.0, boot_id: str | None = None) -> tuple[Reading, Reading]:
    before = reading(eight())
    value = getattr(HEALTHY, counter)
    now = {**value, **by} if isinstance(value, dict) else value + by
    later = reading(eight(**{counter: now}), at_s=1000.0 + after_s)
    return before, later if boot_id is None else replace(later, boot_id=boot_id)


@pytest.mark.parametrize(
    ("counter", "by", "expected"),
    [
        ("pcie_replay_count", 311, ("pcie-replays", "rate", "fault")),
        ("pcie_errors", {"fatal": 1}, ("pcie-errors", "fatal", "fault")),
        ("pcie_errors", {"bad_tlp": 1}, ("pcie-errors", "bad_tlp", "fault")),
        ("pcie_errors", {"nonfatal": 1}, ("pcie-errors", "nonfatal", "watch")),
        ("pcie_errors", {"lcrc": 2}, ("pcie-errors", "lcrc", "watch")),
        ("nvlink_recovery_count", 1, ("nvlink-errors", "recovery", "watch")),
        ("nvlink_replay_count", 1, ("nvlink-errors", "replay", "watch")),
        ("nvlink_crc_count", 1, ("nvlink-errors", "crc", "watch")),
    ],
)
def test_counters_are_judged_by_their_growth(counter: str, by: Any, expected: tuple[str, str, str]) -> None:
    assert found(*grown(counter, by)) == {(ONE, *expected)}
    assert found(*grown(counter, by, boot_id="another")) == set()


def test_growth_that_healthy_links_have_is_none() -> None:
    assert found(*grown("pcie_replay_count", 310)) == set()
    assert found(*grown("pcie_errors", {"correctable": 99})) == set()


def test_high_counters_of_long_ago_are_healthy() -> None:
    assert found(reading(eight(pcie_replay_count=174, nvlink_replay_count=12, pcie_errors={"fatal": 2}))) == set()


def test_a_gpu_that_the_driver_misses_is_missing_and_one_left_alone_is_told() -> None:
    assert found(reading(eight()[:7])) == {("node", "gpu-count", "missing", "fault")}
    assert found(reading(eight()[:7], excluded_count=1)) == {("node", "gpu-count", "excluded", "degraded")}


def test_a_listing_that_ends_too_early_is_unknown_and_no_missing_gpu() -> None:
    assert found(reading(eight()[:5], told_count=8)) == {("node", "gpu-count", "unknown", "unknown")}


def test_links_that_nobody_told_of_are_unknown() -> None:
    assert found(reading(eight(nvlinks=links(count=17)))) == {(ONE, "nvlink-state", "unknown", "unknown")}
    assert found(reading(eight(nvlinks=links(3, count=17)))) == {
        (ONE, "nvlink-state", "unknown", "unknown"),
        (ONE, "nvlink-state", "down", "fault"),
    }


def test_a_driver_is_compared_with_those_that_a_site_has_approved() -> None:
    site = replace(
        profile(),
        expectations={
            **profile().expectations,
            "gpu.driver_versions": Expectation(value=["550.127.08"], source="the site"),
        },
    )
    assert found(reading(eight()), by=site) == {("node", "driver-version", "not-approved", "degraded")}
    assert found(reading(eight(), driver_version="550.127.08"), by=site) == set()
    assert found(reading(eight(), driver_version=Absent.MISSING), by=site) == {
        ("node", "driver-version", "unknown", "unknown")
    }


def test_a_board_that_the_inventory_does_not_know_is_told() -> None:
    listed = {f"serial.gpu{at}": f"16500000{at + 1}" for at in range(8)}
    assert found(reading(eight()), inventory=listed) == set()
    assert found(reading(eight(serial="177")), inventory=listed) == {(ONE, "gpu-identity", "unknown-serial", "watch")}


@pytest.mark.parametrize(
    ("code", "action"), [("driver-hung", "reboot"), ("library-mismatch", "reboot"), ("no-driver", "reboot")]
)
def test_a_driver_that_does_not_answer_is_evidence(code: str, action: str) -> None:
    end = SectionEnd(status=SectionStatus.TIMEOUT, code=code, message="said nothing for 10 s")
    (finding,) = judged(Reading(node="n1", ends={SectionName.GPU: end}), by=profile()).findings
    assert (finding.check, finding.code, finding.result, finding.action) == (
        "driver-answers",
        code,
        Result.FAULT,
        Action(action),
    )


@pytest.mark.parametrize("code", ["denied", "garbled", "killed", "failed", ""])
def test_a_gpu_section_that_could_not_be_read_is_unknown(code: str) -> None:
    end = SectionEnd(status=SectionStatus.ERROR, code=code, message="so it is")
    (finding,) = judged(Reading(node="n1", ends={SectionName.GPU: end}), by=profile()).findings
    assert (finding.check, finding.code, finding.result) == ("section-read", "gpu", Result.UNKNOWN)


def test_ignorance_does_not_say_that_the_driver_answers_again() -> None:
    garbled = SectionEnd(status=SectionStatus.ERROR, code="garbled", message="cut")
    assert "driver-answers" not in judged(Reading(node="n1", ends={SectionName.GPU: garbled}), by=profile()).judged
    assert "driver-answers" in judged(reading(eight()), by=profile()).judged


def test_all_links_of_all_gpus_are_the_fabric_managers_and_those_of_one_are_its_own() -> None:
    dark = links(*range(18))
    (alone,) = judged(reading(eight(nvlinks=dark)), by=profile()).findings
    everywhere = judged(reading([replace(gpu, nvlinks=dark) for gpu in eight()]), by=profile()).findings
    assert (alone.action, "fabricmanager" in alone.message) == (Action.RESET, False)
    assert {(one.code, one.action, "fabricmanager" in one.message) for one in everywhere} == {
        ("all-down", Action.REBOOT, True)
    }
    assert len(everywhere) == 8


def test_evidence_is_judged_on_hardware_that_nobody_knows_and_such_a_node_is_never_ok() -> None:
    sick = judged(reading(eight(remap_failure=True, lost=False, sram_uncorrected_volatile_count=1)))
    told = {(one.check, one.result) for one in sick.findings}
    assert {("row-remap-failure", Result.FAULT), ("sram-ecc", Result.FAULT)} <= told
    assert judged(reading(eight())).result is Result.UNKNOWN


def held_back(counter: str, share: float, reasons: int = 0x1, over_s: float = 900.0) -> tuple[Reading, Reading]:
    """Two looks between which a counter of held-back time ran for a share of it."""
    ran_us = getattr(HEALTHY, counter) + round(share * over_s * 1e6)
    return reading(eight()), reading(eight(throttle_reasons=reasons, **{counter: ran_us}), at_s=1000.0 + over_s)


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        (held_back("hw_power_brake_us", 0.5), {("power-brake", "fault")}),
        (held_back("hw_power_brake_us", 0.49), {("power-brake", "watch")}),
        (held_back("hw_thermal_us", 0.5), {("hw-thermal", "fault")}),
        (held_back("hw_thermal_us", 0.001, reasons=0x48), {("hw-thermal", "fault")}),
        (held_back("sw_thermal_us", 0.11), {("sw-thermal", "watch")}),
        (held_back("sw_thermal_us", 0.1), set()),
        (held_back("sw_power_cap_us", 1.0, over_s=3600.0), {("sw-power-cap", "watch")}),
        (held_back("sw_power_cap_us", 0.9, over_s=3600.0), set()),
        (held_back("sw_power_cap_us", 1.0, over_s=60.0), set()),
    ],
)
def test_time_held_back_between_looks_is_judged_by_its_share(
    looks: tuple[Reading, Reading], expected: set[tuple[str, str]]
) -> None:
    assert found(*looks) == {(ONE, "throttle", code, result) for code, result in expected}


def test_hours_at_the_power_cap_and_a_brake_of_long_ago_are_healthy() -> None:
    assert found(reading(eight(sw_power_cap_us=7_015_662_857, hw_power_brake_us=10**12))) == set()
    looks = (*held_back("hw_power_brake_us", 0.9), reading(eight(hw_power_brake_us=810_000_000), at_s=2800.0))
    assert found(*looks) == set()


def test_what_is_held_back_now_is_a_fault_if_it_lasts_and_at_once_if_it_was_for_long() -> None:
    (first,) = judged(reading(eight(throttle_reasons=0x80)), by=profile()).findings
    (long,) = judged(*held_back("hw_power_brake_us", 0.5, reasons=0x80), by=profile()).findings
    assert (first.lasting_s, long.lasting_s) == (300.0, 0.0)
    assert (first.key, long.key) == ((*first.key[:2], "power-brake"), first.key)


@pytest.mark.parametrize(
    ("count", "peers", "expected"),
    [
        (1001, Spread(count=400, p50=0.0, p99=12.0), {"outlier"}),
        (1000, Spread(count=400, p50=0.0, p99=12.0), set()),
        (2002, Spread(count=400, p50=1.0, p99=900.0, deviation=200.0), {"outlier"}),
        (2001, Spread(count=400, p50=1.0, p99=900.0, deviation=200.0), set()),
        (10**9, Spread(count=29, p50=0.0, p99=0.0), set()),
        (10**9, None, set()),
    ],
)
def test_corrected_errors_are_compared_with_peers_alone(count: int, peers: Spread | None, expected: set[str]) -> None:
    look = reading(eight(dram_corrected_volatile_count=count - 1, sram_corrected_volatile_count=1))
    known = {"ecc-corrected": peers} if peers else {}
    case = Case(reading=look, profile=profile(), memory=Memory(), peers=known)
    findings = judge(case, gpu_checks()).findings
    assert {(one.check, one.code, one.result) for one in findings} == {
        ("ecc-corrected", code, Result.WATCH) for code in expected
    }


def test_numbers_that_peers_are_compared_by_are_those_of_each_gpu_that_tells_them() -> None:
    look = reading(eight(dram_corrected_volatile_count=7, temperature_c=Absent.MISSING, power_w=NA))
    measured = {check.name: check.measure(look) for check in gpu_checks() if check.measure}
    assert set(measured) == {"ecc-corrected", "gpu-power", "gpu-temperature"}
    assert measured["ecc-corrected"][ONE] == 7.0
    assert len(measured["gpu-temperature"]) == len(measured["gpu-power"]) == 7
    assert measured["gpu-power"]["gpu:0000:2b:00.0"] == HEALTHY.power_w


def test_a_list_of_gpus_is_counted_and_one_gpus_links_are_not() -> None:
    lines = [
        f"GPU {at}: NVIDIA H100 80GB HBM3 (UUID: GPU-{at}0000000-0000-0000-0000-000000000000)\n" for at in range(8)
    ]
    missing = {("node", "gpu-count", "missing", "fault")}
    assert found(reading_of_text("".join(lines).encode())) == set()
    assert found(reading_of_text("".join(lines[:3] + lines[4:]).encode())) == missing
    links = "".join(f"\t Link {at}: 26.562 GB/s\n" for at in range(18))
    assert found(reading_of_text((lines[3] + links).encode())) == set()
