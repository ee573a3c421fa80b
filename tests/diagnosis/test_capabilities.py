from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.capabilities import FIRST_TOLD, settle_capabilities
from aifctl.diagnosis.gpu import Gpu

H100, A100, V100, TU116, L40S, GB200 = "10de:2330", "10de:20b0", "10de:1db1", "10de:2182", "10de:26b9", "10de:2941"


def unsupported(driver_version: str | Absent, **told: Any) -> set[str]:
    settled = settle_capabilities(Gpu(**told), driver_version)
    return {field.name for field in fields(Gpu) if getattr(settled, field.name) is Absent.NOT_SUPPORTED}


def test_what_a_driver_is_too_old_to_know_is_not_missing() -> None:
    assert "recovery_action" in unsupported("560.35.03")
    assert "recovery_action" not in unsupported("565.57.01")
    assert "unrepairable_memory" in unsupported("580.105.08")
    assert "unrepairable_memory" not in unsupported("590.48.01")


def test_a_branch_that_got_a_field_later_knows_it_from_then_on() -> None:
    assert "sram_threshold_exceeded" in unsupported("535.129.03")
    assert "sram_threshold_exceeded" not in unsupported("535.161.08")
    assert "sram_threshold_exceeded" in unsupported("545.23.08")
    assert "sram_threshold_exceeded" not in unsupported("550.54.15")


@pytest.mark.parametrize("version", [Absent.MISSING, Absent.ERROR, "", "banana", "580.105.08-open", "٥٣٥"])
def test_a_driver_that_does_not_tell_its_version_excuses_nothing(version: str | Absent) -> None:
    assert unsupported(version) == set()


@pytest.mark.parametrize("name", FIRST_TOLD)
def test_what_was_told_is_never_touched(name: str) -> None:
    for told in ("a value", Absent.NOT_AVAILABLE, Absent.ERROR, Absent.LOST):
        settled = settle_capabilities(Gpu(**{name: told}), "390.12")  # type: ignore[arg-type]  # any value will do
        assert getattr(settled, name) == told


@pytest.mark.parametrize("name", FIRST_TOLD)
def test_every_field_of_the_table_is_a_field_of_a_gpu_and_too_new_for_an_ancient_driver(name: str) -> None:
    assert name in unsupported("390.12")
    assert name not in unsupported("999.1")


@pytest.mark.parametrize(
    ("chip", "never", "always"),
    [
        (H100, {"retired_pending", "fabric_health"}, {"remap_pending", "fabric_state", "margin_c", "mig_current"}),
        (A100, {"retired_double_bit_count", "fabric_state", "limit_slowdown_c"}, {"remap_failure", "mig_pending"}),
        (V100, {"remap_failure", "mig_current", "fabric_state"}, {"retired_pending"}),
        (TU116, {"remap_failure", "mig_current"}, {"retired_pending"}),
        (L40S, {"retired_pending", "fabric_state"}, {"margin_c", "limit_slowdown_c"}),
        (GB200, {"retired_pending"}, {"fabric_health", "fabric_state", "margin_c"}),
    ],
)
def test_a_chip_is_not_asked_for_what_it_has_not(chip: str, never: set[str], always: set[str]) -> None:
    found = unsupported("999.1", device_id=chip)
    assert never <= found
    assert not always & found


def test_a_chip_of_somebody_else_excuses_nothing() -> None:
    assert unsupported("999.1", device_id="1002:740f") == set()


def test_limits_are_margins_or_degrees() -> None:
    assert unsupported("999.1", limit_slowdown_c=-2) == {"slowdown_temperature_c", "shutdown_temperature_c"}
    assert unsupported("999.1", slowdown_temperature_c=89) == {
        "limit_shutdown_c",
        "limit_slowdown_c",
        "limit_max_operating_c",
    }
    assert unsupported("999.1") == set()
