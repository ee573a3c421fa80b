"""Real disks and real nodes: per file the exact set of what is found, and what must not be, under names that say nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aifctl.diagnosis.check import Case
from aifctl.diagnosis.host_mounts import parse_mounts
from aifctl.diagnosis.judging import Verdict, judge
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.reading import Reading
from aifctl.onnode.probe import told_root
from aifctl.onnode.probe.sections import mounts
from aifctl.wiring.expecting import all_checks
from tests.diagnosis.capture_cases import capture_under_another_name, reading_of
from tests.health.host_cases import Found, found, host_of, reading, shipped, short

pytestmark = pytest.mark.captures

GOOD = "disk/gcm.smartctl.nvme9.good.json"


def judge_all(look: Reading, *, unknown_sku: bool = False) -> Verdict:
    """Judge by every check there is: those that must not find anything included."""
    return judge(Case(reading=look, profile=None if unknown_sku else shipped(), memory=Memory()), all_checks())


def changed(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> Verdict:
    path = capture_under_another_name(GOOD, tmp_path)
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))
    return judge_all(reading_of(path))


def log(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told["nvme_smart_health_information_log"]
    return found


def shorts(verdict: Verdict) -> set[Found]:
    return {short(finding) for finding in verdict.findings}


def test_a_good_disk_is_well_and_nothing_else_is_judged(tmp_path: Path) -> None:
    verdict = judge_all(reading_of(capture_under_another_name(GOOD, tmp_path)))
    # One disk of a node: how many it has is not known from here.
    assert shorts(verdict) == {("node", "disk-count", "missing", "degraded")} - {
        ("node", "disk-count", "missing", "degraded")
    }
    assert verdict.judged == ("disk-errors", "disk-health")


def test_of_an_unknown_node_a_disks_wear_is_unknown_and_its_faults_are_not(tmp_path: Path) -> None:
    path = capture_under_another_name(GOOD, tmp_path)
    verdict = judge_all(reading_of(path), unknown_sku=True)
    assert shorts(verdict) == {("disk:nvme9", "disk-health", "unknown", "unknown")}
    told = json.loads(path.read_text())
    log(told).update(available_spare=0, available_spare_threshold=11)
    path.write_text(json.dumps(told))
    assert ("disk:nvme9", "disk-health", "spare", "fault") in shorts(judge_all(reading_of(path), unknown_sku=True))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"available_spare": 0, "available_spare_threshold": 11}, {("spare", "fault")}),
        ({"percentage_used": 81}, {("worn", "watch")}),
        ({"percentage_used": 104}, {("worn", "degraded")}),
        ({"critical_warning": 1}, {("spare", "watch")}),
        ({"critical_warning": 1, "available_spare": "?"}, {("spare", "fault"), ("unknown", "unknown")}),
        ({"critical_warning": 1, "available_spare": 0, "available_spare_threshold": 11}, {("spare", "fault")}),
        ({"critical_warning": 4}, {("warning-2", "fault")}),
        ({"critical_warning": 32}, {("warning-5", "fault")}),
        ({"temperature": 71}, set()),
        ({"num_err_log_entries": 12345, "unsafe_shutdowns": 999, "power_on_hours": 10**6}, set()),
    ],
)
def test_a_bad_disk_is_found_though_it_says_that_it_passed(
    change: dict[str, object], expected: set[tuple[str, str]], tmp_path: Path
) -> None:
    verdict = changed(tmp_path, lambda told: log(told).update(change))
    assert shorts(verdict) == {("disk:nvme9", "disk-health", code, result) for code, result in expected}


def test_a_disk_without_its_log_is_unknown(tmp_path: Path) -> None:
    verdict = changed(tmp_path, lambda told: told.pop("nvme_smart_health_information_log"))
    assert shorts(verdict) == {
        ("disk:nvme9", "disk-health", "unknown", "unknown"),
        ("node", "disk-errors", "unknown", "unknown"),
    }


def test_errors_of_its_medium_are_watched(tmp_path: Path) -> None:
    verdict = changed(tmp_path, lambda told: log(told).update(media_errors=3))
    assert shorts(verdict) == {("disk:nvme9", "disk-errors", "media-errors", "watch")}


@pytest.mark.parametrize("shape", ["v1_flat", "v2_nested"])
def test_a_list_of_disks_judges_none(shape: str, tmp_path: Path) -> None:
    verdict = judge_all(reading_of(capture_under_another_name(f"firmware/nvme_list_json_{shape}.json", tmp_path)))
    assert {(finding.check, finding.result.value) for finding in verdict.findings} <= {("disk-count", "degraded")}
    assert "disk-health" not in verdict.judged


def test_the_mounts_of_a_real_node_are_all_well(tmp_path: Path) -> None:
    text = capture_under_another_name("host/gpud.mountinfo.txt", tmp_path).read_text()
    root = tmp_path / "root"
    host_of(root)
    (root / "proc/self/mountinfo").write_text(text)
    told = told_root.told(str(root))
    assert told is not None
    places = {line.split()[4] for line in text.splitlines()}
    told["statvfs"] = {place: {"st": "ok", "b": [100, 70, 70], "f": [100, 90, 90]} for place in places}
    (root / told_root.NAME).write_text(json.dumps(told))
    host = replace(host_of(tmp_path / "other"), **parse_mounts(mounts.read(str(root), {})))
    assert found(reading(host)) == set()
