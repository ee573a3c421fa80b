"""Each number that the checks of GPUs ask a profile for, moved by one step: what was just good enough is not any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Case
from aifctl.diagnosis.judging import judge
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.peers import Spread
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.recurring import NEEDS
from aifctl.diagnosis.remembering import remember
from aifctl.fleet.profile import Expectation, Profile
from tests.health.gpu_cases import HEALTHY, NA, eight, gpu_checks, profile, reading

_MINUTE_US, _DAY_S = 60_000_000, 86_400.0


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Looks at a node that lie at the edge of a number; what is found by it, and by one that is a step beyond.

    Attributes:
        step: the number a step beyond.
        at, beyond: (check, code, result).
    """

    looks: tuple[Reading, ...]
    step: Any
    at: frozenset[tuple[str, str, str]] = frozenset()
    beyond: frozenset[tuple[str, str, str]] = frozenset()
    peers: Mapping[str, Spread] = field(default_factory=dict)


def one(**changed: Any) -> tuple[Reading, ...]:
    return (reading(eight(**changed)),)


def then(after_s: float, **changed: Any) -> tuple[Reading, ...]:
    return (reading(eight()), reading(eight(**changed), at_s=1000.0 + after_s))


def finds(check: str, code: str, result: str) -> frozenset[tuple[str, str, str]]:
    return frozenset({(check, code, result)})


def later(looks: tuple[Reading, ...], after_s: float) -> tuple[Reading, ...]:
    """Add a look at which nothing has grown since the last."""
    return (*looks, replace(looks[-1], at_s=looks[-1].at_s + after_s))


_PEERS = {"ecc-corrected": Spread(count=400, p50=0.0, p99=9.0, deviation=200.0)}
_ALIKE = {"ecc-corrected": Spread(count=400, p50=0.0, p99=9.0)}
_OLD_DRIVER = {"sram_threshold_exceeded": Absent.NOT_SUPPORTED}
_BURST = (
    *then(540.0),
    reading(eight(pcie_replay_count=HEALTHY.pcie_replay_count + 310), at_s=1600.0),  # type: ignore[operator]  # it is told
)
_ERRORS = {"fatal": 1, "nonfatal": 0, "bad_tlp": 0, "lcrc": 0, "correctable": 3}
_SLOW_AT_IDLE = {"pcie_generation": 1, "performance_state": "P8"}

EDGES: dict[str, Edge] = {
    "gpu.count": Edge(looks=one(), step=9, beyond=finds("gpu-count", "missing", "fault")),
    "gpu.pcie_generation": Edge(looks=one(), step=6, beyond=finds("gpu-pcie-link", "speed", "fault")),
    "gpu.pcie_width": Edge(looks=one(), step=17, beyond=finds("gpu-pcie-link", "width", "fault")),
    "gpu.pcie_idle_state": Edge(
        looks=one(**_SLOW_AT_IDLE), step=9, beyond=finds("gpu-pcie-link", "speed", "fault")
    ),
    "gpu.pcie_replays_per_min": Edge(looks=_BURST, step=30, beyond=finds("pcie-replays", "rate", "fault")),
    "gpu.pcie_replay_window_s": Edge(looks=_BURST, step=599, beyond=finds("pcie-replays", "rate", "fault")),
    "gpu.power_limit_w": Edge(looks=one(), step=701.1, beyond=finds("power-limit", "limit", "degraded")),
    "gpu.power_least_w": Edge(looks=one(power_w=20.0), step=20.1, beyond=finds("gpu-power", "none", "watch")),
    "gpu.sm_clock_max_mhz": Edge(looks=one(), step=1981, beyond=finds("gpu-clocks", "sm", "degraded")),
    "gpu.memory_clock_max_mhz": Edge(looks=one(), step=2620, beyond=finds("gpu-clocks", "memory", "degraded")),
    "gpu.application_sm_clock_mhz": Edge(
        looks=one(), step=1981, beyond=finds("gpu-clocks", "application", "degraded")
    ),
    "gpu.ecc_corrected_deviations_count": Edge(
        looks=one(dram_corrected_volatile_count=2000), peers=_PEERS, step=9.9,
        beyond=finds("ecc-corrected", "outlier", "watch"),
    ),
    "gpu.ecc_corrected_least_count": Edge(
        looks=one(dram_corrected_volatile_count=1000), peers=_ALIKE, step=999,
        beyond=finds("ecc-corrected", "outlier", "watch"),
    ),
    "gpu.sram_uncorrected_most_count": Edge(
        looks=one(sram_uncorrected_aggregate_count=4, **_OLD_DRIVER), step=3,
        beyond=finds("sram-ecc", "aggregate", "fault"),
    ),
    "gpu.remapped_rows_most_count": Edge(
        looks=one(remap_uncorrected_count=512), step=511, beyond=finds("row-remap-banks", "rows", "fault")
    ),
    "gpu.retired_pages_most_count": Edge(
        looks=one(retired_pending=False, retired_single_bit_count=63), step=62,
        beyond=finds("retired-pages", "count", "fault"),
    ),
    "gpu.margin_slowdown_c": Edge(
        looks=one(margin_c=-1, limit_slowdown_c=NA), step=-1,
        at=finds("gpu-temperature", "near", "watch"), beyond=finds("gpu-temperature", "slowdown", "fault"),
    ),
    "gpu.margin_watch_c": Edge(looks=one(margin_c=1), step=1, beyond=finds("gpu-temperature", "near", "watch")),
    "gpu.memory_temperature_most_c": Edge(
        looks=one(memory_temperature_c=94), step=94, beyond=finds("gpu-temperature", "memory", "watch")
    ),
    "gpu.throttle_share_pct": Edge(
        looks=then(900.0, hw_thermal_us=450_000_000), step=50.1,
        at=finds("throttle", "hw-thermal", "fault"), beyond=finds("throttle", "hw-thermal", "watch"),
    ),
    "gpu.sw_thermal_share_pct": Edge(
        looks=then(900.0, sw_thermal_us=90_000_000), step=9.9, beyond=finds("throttle", "sw-thermal", "watch")
    ),
    "gpu.sw_power_cap_share_pct": Edge(  # 58 minutes of 60, one of which may be the rounding
        looks=then(3600.0, sw_power_cap_us=7_015_000_000 + 58 * _MINUTE_US), step=94.9,
        beyond=finds("throttle", "sw-power-cap", "watch"),
    ),
    "gpu.nvlink_count": Edge(looks=one(), step=19, beyond=finds("nvlink-state", "unknown", "unknown")),
    "gpu.nvlink_rate_gbytes_s": Edge(looks=one(), step=27.07, beyond=finds("nvlink-state", "slow", "degraded")),
    "gpu.nvlink_error_window_s": Edge(
        looks=later(then(600.0, nvlink_replay_count=1), _DAY_S - 1.0), step=_DAY_S - 1.0,
        at=finds("nvlink-errors", "replay", "watch"),
    ),
    "pci.aer_window_s": Edge(
        looks=later(then(600.0, pcie_errors=_ERRORS), _DAY_S - 1.0), step=_DAY_S - 1.0,
        at=finds("pcie-errors", "fatal", "fault"),
    ),
}  # fmt: skip
#: What it decides is when a finding counts, which is for whoever judges over time.
OVER_TIME = "gpu.throttle_lasting_s"
#: As are these, which tests/diagnosis/test_recurring.py tries.
OVER_BOOTS = {need.key for need in NEEDS}


def by(key: str, value: Any) -> Profile:
    usual = profile()
    return replace(usual, expectations={**usual.expectations, key: Expectation(value=value, source="this test")})


def found(edge: Edge, expected: Profile) -> frozenset[tuple[str, str, str]]:
    memory = Memory()
    for look in edge.looks:
        memory = remember(memory, look)
    case = Case(reading=edge.looks[-1], profile=expected, memory=memory, peers=edge.peers)
    return frozenset((it.check, it.code, it.result.value) for it in judge(case, gpu_checks()).findings)


@pytest.mark.parametrize("key", EDGES)
def test_a_number_moved_by_one_step_changes_what_is_found(key: str) -> None:
    edge = EDGES[key]
    assert found(edge, profile()) == edge.at
    assert found(edge, by(key, edge.step)) == edge.beyond


def test_how_long_it_must_last_is_told_with_the_finding() -> None:
    case = Case(reading=one(throttle_reasons=0x80)[0], profile=by(OVER_TIME, 301), memory=Memory())
    assert [it.lasting_s for it in judge(case, gpu_checks()).findings] == [301.0]


def test_every_number_that_they_ask_for_is_tried() -> None:
    asked = {one.key for check in gpu_checks() for one in check.needs if one.type in {int, float}}
    assert asked == set(EDGES) | {OVER_TIME} | OVER_BOOTS
