"""Every field of a GPU, absent for every reason: N/A makes nobody sick, and what was not told makes nobody healthy."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache

import pytest

from aifctl.diagnosis.absent import NEUTRAL, Absent
from aifctl.diagnosis.finding import RANK, Result
from aifctl.diagnosis.gpu import MISSING, Gpu, NvLink
from aifctl.diagnosis.judging import Verdict
from aifctl.fleet.profile import Expectation, Profile
from tests.health.gpu_cases import HEALTHY, eight, judged, profile, reading
from tests.health.test_gpu_checks import SICK

#: A majority against the first, where they have to agree.
_GPUS = 3
FIELDS = tuple(field.name for field in fields(Gpu) if field.default is MISSING)

#: What no check needs: they stand in tickets, explain others, or are compared among peers.
NEEDED_BY_NONE = frozenset(
    {
        "index", "name", "uuid", "device_id", "board_part_number", "module_id", "serial",
        "memory_total_bytes", "memory_used_bytes", "utilization_pct", "memory_utilization_pct", "sm_clock_mhz",
        "memory_clock_mhz", "performance_state", "temperature_c", "limit_shutdown_c", "limit_slowdown_c",
        "limit_max_operating_c", "slowdown_temperature_c", "shutdown_temperature_c", "power_limit_default_w",
        "pcie_generation_max", "pcie_width_max", "remap_corrected_count", "fabric_cluster_uuid", "processes",


         "sram_corrected_aggregate_count", "dram_corrected_aggregate_count",
        "dram_uncorrected_aggregate_count",
    }
)  # fmt: skip
#: An H100 has none of these, and that they are not told is no news.
NOT_ON_H100 = frozenset({"retired_single_bit_count", "retired_double_bit_count"})

SICK_RESULTS = {Result.DEGRADED, Result.FAULT}


@cache
def few_gpus() -> Profile:
    """Return an H100's profile for three GPUs, enough to outvote one: a third of the time for thousands of readings."""
    usual = profile()
    return replace(
        usual, expectations={**usual.expectations, "gpu.count": Expectation(value=_GPUS, source="this test")}
    )


def verdict_of(**first: object) -> Verdict:
    return judged(reading(eight(**first)[:_GPUS]), by=few_gpus())


def results(**first: object) -> set[Result]:
    return {one.result for one in verdict_of(**first).findings}


@pytest.mark.parametrize("why", sorted(NEUTRAL))
def test_what_a_gpu_does_not_have_makes_it_no_worse_than_watched(why: Absent) -> None:
    assert {name for name in FIELDS if not results(**{name: why}) <= {Result.WATCH}} == set()


@pytest.mark.parametrize("why", [Absent.MISSING, Absent.DENIED])
def test_what_was_not_told_is_unknown_unless_no_check_needs_it(why: Absent) -> None:
    told = {name: results(**{name: why}) for name in FIELDS}
    assert {name for name, those in told.items() if not those} == NEEDED_BY_NONE | NOT_ON_H100
    assert {result for those in told.values() for result in those} == {Result.UNKNOWN}


@pytest.mark.parametrize("why", [Absent.ERROR, Absent.TIMEOUT, Absent.LOST, Absent.REQUIRES_RESET])
def test_a_refusal_is_never_ok_and_no_fault_by_itself(why: Absent) -> None:
    told = {name: results(**{name: why}) for name in FIELDS}
    assert {name for name, those in told.items() if not those} == set()
    assert {result for those in told.values() for result in those} == {Result.WATCH, Result.UNKNOWN}


@pytest.mark.parametrize("why", [Absent.MISSING, Absent.LOST])
@pytest.mark.parametrize("case", SICK)
def test_a_sick_gpu_gets_no_healthier_by_what_is_not_told(case: str, why: Absent) -> None:
    changed, (check, code, result, _) = SICK[case]
    for name in FIELDS:
        verdict = verdict_of(**{**changed, name: why})
        told = {(one.check, one.code) for one in verdict.findings}
        if name not in changed:
            assert (check, code) in told or (check, "unknown") in told, name
        assert RANK[verdict.result] >= min(RANK[Result(result)], RANK[Result.UNKNOWN]) or name in changed, name


@pytest.mark.parametrize("case", SICK)
def test_a_sick_gpu_of_which_that_very_field_is_missing_is_not_ok(case: str) -> None:
    changed, _ = SICK[case]
    for name in set(changed) & set(FIELDS) - NEEDED_BY_NONE - NOT_ON_H100:
        assert results(**{**changed, name: MISSING}) & {Result.UNKNOWN, *SICK_RESULTS}, name


@pytest.mark.parametrize("why", sorted(NEUTRAL))
def test_a_gpu_that_says_that_it_has_nothing_at_all_is_unknown(why: Absent) -> None:
    assert results(**dict.fromkeys(FIELDS, why)) == {Result.UNKNOWN}
    every = ("temperature_c", "power_w", "memory_total_bytes")
    assert results(**dict.fromkeys(every, why)) == {Result.UNKNOWN}
    assert results(**dict.fromkeys(every[1:], why)) == results(**dict.fromkeys(every[:2], why)) == set()


def test_a_link_of_which_nothing_is_told_is_unknown_and_hides_no_other() -> None:
    assert isinstance(HEALTHY.nvlinks, tuple)
    first, *rest = HEALTHY.nvlinks
    for half_told in (
        replace(first, active=Absent.MISSING),
        replace(first, active=Absent.NOT_AVAILABLE),
        replace(first, rate_gbytes_s=Absent.ERROR),
    ):
        assert results(nvlinks=(half_told, *rest)) == {Result.UNKNOWN}
        down = (half_told, NvLink(index=1, active=False), *rest[1:])
        assert results(nvlinks=down) == {Result.UNKNOWN, Result.FAULT}
