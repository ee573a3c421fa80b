"""What nvidia-smi has printed on real nodes, copied under a name that says nothing: exactly what is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.diagnosis.finding import Action, Result
from aifctl.diagnosis.incidents import fold
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.scopes import Ground
from aifctl.fleet.profile import Expectation, Profile
from aifctl.health.sweep_incidents import explained_by
from tests.diagnosis.capture_cases import reading_of_capture
from tests.health.gpu_cases import Found, gpu_checks, judged, profile, short

pytestmark = pytest.mark.captures

_BRAKED = frozenset({"19", "3b", "4c", "5d", "9b", "bb", "cb", "db"})


def one_gpu(name: str) -> Profile:
    """Return a profile for captures of a machine with a single GPU."""
    usual = profile(name)
    return replace(usual, expectations={**usual.expectations, "gpu.count": Expectation(value=1, source="this machine")})


def read(name: str, tmp_path: Path) -> Reading:
    return reading_of_capture(f"nvidia-smi/{name}", tmp_path)


def test_eight_healthy_h100_are_ok_and_judged_by_all_that_nvidia_smi_tells(tmp_path: Path) -> None:
    verdict = judged(read("k8s-test-infra.qx-h100x8.healthy.580.xml", tmp_path), by=profile())
    assert (verdict.findings, verdict.result) == ((), Result.OK)
    untold = {"inforom-valid", "nvlink-state", "nvlink-errors", "pcie-errors"}  # NVML's alone, or nvlink -s
    neutral = {"driver-version", "gpu-identity", "retired-pages"}
    assert set(verdict.judged) == {check.name for check in gpu_checks()} - untold - neutral


def test_all_eight_at_the_power_brake_are_one_chassis(tmp_path: Path) -> None:
    verdict = judged(read("gpud.smi-q.h100x8.535.161.ALL8-hw-power-brake.txt", tmp_path), by=profile())
    assert {short(one) for one in verdict.findings} == {
        (f"gpu:0000:{bus}:00.0", "throttle", "power-brake", "fault") for bus in _BRAKED
    }
    assert len(verdict.findings) == 8
    ground = Ground(judged=frozenset({"n1"}), gpu_counts={"n1": 8})
    findings = [replace(one, node="n1") for one in verdict.findings]
    (incident,) = fold(findings, ground, explained_by=explained_by(gpu_checks()))
    assert (incident.scope, incident.scope_value, incident.action) == ("chassis", "n1", Action.DRAIN)


def test_a_text_that_was_cut_is_unknown(tmp_path: Path) -> None:
    verdict = judged(read("gpud.smi-q.h100.truncated-invalid.txt", tmp_path), by=profile())
    assert verdict.result is Result.UNKNOWN
    assert [short(one) for one in verdict.findings] == [("node", "section-read", "gpu", "unknown")]


@pytest.mark.parametrize(
    ("name", "by", "expected", "result"),
    [
        ("k8s-test-infra.qx-a100x1.healthy.570.xml", "a100-sxm4", set(), Result.OK),
        ("nvidia_gpu_exporter.h100-80gb-hbm3.590.capture.txt", "h100-sxm5", set(), Result.OK),
        ("nvidia_gpu_exporter.nvlink-s.h100x1.18links.txt", "h100-sxm5", set(), Result.OK),
        (
            "aznhc.nvlink-s.a100.all-inactive.txt",
            "a100-sxm4",
            # It does not say how many links there are that are down.
            {("gpu:#6", "nvlink-state", "all-down", "fault"), ("gpu:#6", "nvlink-state", "unknown", "unknown")},
            Result.FAULT,
        ),
    ],
)
def test_a_machine_with_one_gpu(name: str, by: str, expected: set[Found], result: Result, tmp_path: Path) -> None:
    verdict = judged(read(name, tmp_path), by=one_gpu(by))
    assert ({short(one) for one in verdict.findings}, verdict.result) == (expected, result)


#: What can't be told of hardware of which nobody has said how it should be, of each GPU that answers.
NEED_A_PROFILE = frozenset(
    {
        "compute-mode", "ecc-mode", "gpu-clocks", "gpu-pcie-link", "gpu-power", "gpu-temperature", "mig-mode",
        "persistence-mode", "power-limit",
    }
)  # fmt: skip
A10, GB200_A, GB200_B = "gpu:0000:07:00.0", "gpu:0000:0a:00.0", "gpu:0000:0b:00.0"
_ECC = {
    (GB200_A, "row-remap-failure", "failure", "fault"),
    (GB200_A, "dram-ecc", "uncorrected", "watch"),
    (GB200_A, "row-remap-banks", "unknown", "unknown"),  # a row was remapped, and how many are too many nobody says
}


@pytest.mark.parametrize(
    ("name", "answering", "without", "sick"),
    [
        # It has degrees and no margins, its HBM is GDDR that tells no temperature, and its limit is its own.
        (
            "gpud.smi-q.a10x1.535.129.row-remap-PENDING.txt",
            {A10},
            {"gpu-temperature"},
            {(A10, "row-remap-pending", "pending", "degraded"), (A10, "row-remap-banks", "unknown", "unknown")},
        ),
        ("k8s-test-infra.mock.qx-gb200-ecc-injected.xml", {GB200_A, GB200_B}, set(), _ECC),
        (
            "k8s-test-infra.mock.qx-gb200-lost.xml",
            {GB200_A},
            set(),
            {(GB200_B, "gpu-lost", "lost", "fault"), *_ECC},
        ),
        ("k8s-test-infra.mock.qx-gb200-throttle-counters.xml", {GB200_A, GB200_B}, set(), set()),
    ],
)
def test_hardware_that_no_profile_knows_is_judged_by_evidence_and_never_ok(
    name: str, answering: set[str], without: set[str], sick: set[Found], tmp_path: Path
) -> None:
    verdict = judged(read(name, tmp_path))
    unknown = {(gpu, check, "unknown", "unknown") for gpu in answering for check in NEED_A_PROFILE - without}
    assert {short(one) for one in verdict.findings} == unknown | sick | {("node", "gpu-count", "unknown", "unknown")}
    assert verdict.result is not Result.OK
