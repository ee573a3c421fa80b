from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from aifctl.core.errors import UsageError
from aifctl.custody.drains import Drain, DrainReason, Evidence, drain_reason, parse_drain_reason, why_not_undrain

DRAIN = Drain(
    node="n1", reason="aifctl:check:gpu-lost GPU 3 is off the bus", at_s=1000.0, boot_id="b1", action="reboot"
)
CLEAN = Evidence(seen_at_s=2000.0, boot_id="b2", judged=("gpu-lost", "xid"))


def test_a_reason_is_read_back_as_it_was_made() -> None:
    made = drain_reason("check", "gpu-lost", "GPU 3\nis off  the bus")
    assert str(made) == "aifctl:check:gpu-lost GPU 3 is off the bus"
    assert parse_drain_reason(str(made)) == made


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NHC: check_hw failed",
        "bad cable",
        "aifctl",
        "aifctl:check:",
        "aifctl:tool:x y",
        "AIFCTL:check:x",
        "x aifctl:check:x",
    ],
)
def test_what_does_not_bear_our_prefix_is_foreign(text: str) -> None:
    assert parse_drain_reason(text) is None


@given(st.sampled_from(["check", "run", "person"]), st.text(max_size=8), st.text(max_size=20))
def test_every_reason_that_can_be_made_is_ours(owner: str, name: str, text: str) -> None:
    try:
        made = drain_reason(owner, name, text)
    except UsageError:
        return
    assert parse_drain_reason(str(made)) == made


def test_a_drain_is_lifted_when_its_check_is_clean_after_a_boot() -> None:
    assert why_not_undrain(DRAIN, CLEAN) == ""


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (replace(CLEAN, seen_at_s=1000.0), "nothing newer than the drain is known of it: sweep it first"),
        (replace(CLEAN, seen_at_s=0.0), "nothing newer"),
        (replace(CLEAN, found=("gpu-lost",)), "gpu-lost still finds something"),
        (replace(CLEAN, judged=("xid",)), "gpu-lost could not be judged"),
        (replace(CLEAN, boot_id="b1"), "it has not booted since, and gpu-lost asked for a reboot"),
        (replace(CLEAN, boot_id=""), "it has not booted since"),
    ],
)
def test_otherwise_it_stands_and_says_what_is_missing(evidence: Evidence, said: str) -> None:
    assert said in why_not_undrain(DRAIN, evidence)


def test_what_another_check_finds_does_not_hold_a_checks_own_drain() -> None:
    assert why_not_undrain(DRAIN, replace(CLEAN, found=("swap",))) == ""


def test_a_cable_needs_no_boot() -> None:
    assert why_not_undrain(replace(DRAIN, action="cable"), replace(CLEAN, boot_id="b1")) == ""


def test_a_persons_drain_is_lifted_where_nothing_is_found_at_all() -> None:
    drain = replace(DRAIN, reason=str(DrainReason(owner="person", id="kim")), action="")
    assert why_not_undrain(drain, CLEAN) == ""
    assert why_not_undrain(drain, replace(CLEAN, found=("swap", "disk"))) == "disk, swap finds something"


def test_a_foreign_drain_is_not_ours_to_lift_however_clean_the_node() -> None:
    assert "--take-over" in why_not_undrain(replace(DRAIN, reason="NHC: check_hw failed"), CLEAN)
