"""The checks of the node itself: on what the probe reads of simulated nodes, healthy and sick, and field by field."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.absent import NEUTRAL, Absent
from aifctl.diagnosis.finding import DRAINING, Action, Result
from aifctl.diagnosis.host import Disk, Filesystem, Host, StuckProcess
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from tests.diagnosis.readings import of_class
from tests.fuzzing import examples
from tests.health.host_cases import INVENTORY, NOW_S, Fault, Found, checks, found, host_of, judged, profile, reading

NAMES = {
    "clock-source", "clock-sync", "cpu-count", "cpu-governor", "dimm-count", "disk-count", "disk-errors", "disk-fill",
    "disk-health", "edac",
    "fabric-manager-service", "fabric-manager-version", "failed-units", "hugepages", "kernel-command-line", "memlock-limit",
    "memory-size", "modules", "mounts-hung", "mounts-present", "node-identity", "numa", "panic-records", "probe-left",
    "services", "stuck-processes", "swap-off",
}  # fmt: skip
#: Judged where a site's profile says so; of users other than root.
_AT_A_SITE, _AS_USER = {"hugepages", "kernel-command-line"}, {"memlock-limit"}
DISK = "disk:nvme3"


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return host_of(tmp_path_factory.mktemp("node"))


def node(check: str, code: str, result: str) -> set[Found]:
    return {("node", check, code, result)}


def test_a_healthy_node_has_nothing_that_is_wrong(healthy: Host) -> None:
    verdict = judged(reading(healthy), reading(healthy, at_s=NOW_S + 900, clock_s=NOW_S + 899))
    assert verdict.findings == ()
    assert verdict.result is Result.OK
    assert {check.name for check in checks()} == NAMES
    assert set(verdict.judged) == NAMES - _AT_A_SITE - _AS_USER


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (lambda it: it.fill("/", 0.90), {("mount:/", "disk-fill", "space", "watch")}),
        (lambda it: it.fill("/raid"), {("mount:/raid", "disk-fill", "space", "degraded")}),
        (lambda it: it.fill("/home", 1.0), set()),  # a server's, and none of the node's business
        (lambda it: it.fill_inodes("/"), {("mount:/", "disk-fill", "inodes", "degraded")}),
        (lambda it: it.put_aside("/"), {("mount:/", "mounts-present", "read-only", "fault")}),
        (lambda it: it.unmount("/"), {("mount:/", "mounts-present", "missing", "fault")}),
        (lambda it: it.hang("/home"), {("mount:/home", "mounts-hung", "hung", "fault")}),
        (lambda it: it.skew_clock(0.03), node("clock-sync", "offset", "watch")),
        (lambda it: it.skew_clock(-2.0), node("clock-sync", "offset", "degraded")),
        (lambda it: it.lose_time_source(), node("clock-sync", "unsynced", "watch")),
        (lambda it: setattr(it, "counter", "hpet"), node("clock-source", "slow", "watch")),
        (lambda it: it.kill_service(), node("fabric-manager-service", "down", "fault")),
        (lambda it: it.kill_service("chrony.service"), node("failed-units", "failed", "watch")),
        (lambda it: it.turn_swap_on(), node("swap-off", "on", "watch")),
        (lambda it: it.lose_dimms(), node("dimm-count", "missing", "degraded")),
        (lambda it: it.lose_dimms(2), node("dimm-count", "missing", "degraded") | node("memory-size", "small", "degraded")),
        (lambda it: setattr(it, "governor", "powersave"), node("cpu-governor", "governor", "watch")),
        (lambda it: setattr(it, "cpus", 112), node("cpu-count", "missing", "degraded")),
        (lambda it: it.wait_forever(), node("stuck-processes", "driver", "fault")),
        (lambda it: it.wait_forever(name="ls", wait="rpc_wait_bit_killable"), node("stuck-processes", "driver", "fault")),
        (lambda it: it.wait_forever(name="dd", wait="io_schedule"), node("stuck-processes", "waiting", "watch")),
        (lambda it: it.wait_forever(name="[nv_queue]", wait="x"), node("stuck-processes", "waiting", "watch")),
        (lambda it: it.wait_forever(since_s=200.0), set()),
        (lambda it: it.wait_forever(name="confsync", wait="__nfs_wait"), node("stuck-processes", "driver", "fault")),
        (lambda it: it.wait_forever(name="confsync", wait="io_schedule"), node("stuck-processes", "waiting", "watch")),
        (lambda it: it.wait_forever(name="sh", state="Z", wait="0"), node("stuck-processes", "zombies", "watch")),
        (lambda it: it.count_memory_errors(uncorrected=2), node("edac", "uncorrected-before", "watch")),
        (lambda it: it.count_memory_errors(corrected=10**6), set()),  # since boot: that is no rate
        (lambda it: it.kill_disk(), {(DISK, "disk-health", "dead", "fault")}),
        (lambda it: it.wear_disk(), {(DISK, "disk-health", "spare", "fault"), (DISK, "disk-health", "worn", "degraded")}),
        (lambda it: setattr(it.disks[3], "used", 85), {(DISK, "disk-health", "worn", "watch")}),
        (lambda it: setattr(it.disks[3], "media_errors", 7), {(DISK, "disk-errors", "media-errors", "watch")}),
        (lambda it: setattr(it.disks[3], "warning", 0b1100), {(DISK, "disk-health", f"warning-{bit}", "fault") for bit in (2, 3)}),
        (lambda it: setattr(it.disks[3], "warning", 0b10), {(DISK, "disk-health", "too-hot", "watch")}),
        (lambda it: setattr(it.disks[3], "warning", 0b1), {(DISK, "disk-health", "spare", "watch")}),  # its numbers say otherwise
        (lambda it: setattr(it.disks[3], "state", "resetting"), {(DISK, "disk-health", "resetting", "watch")}),
        (lambda it: it.disks.pop(), node("disk-count", "missing", "degraded")),
        (lambda it: it.modules.pop("mlx5_ib"), node("modules", "mlx5_ib", "degraded")),
        (lambda it: it.modules.pop("nvidia_peermem"), node("modules", "nvidia_peermem", "watch")),
        (lambda it: it.die_before(NOW_S - 3600), node("panic-records", "record", "watch")),
        (lambda it: it.die_before(NOW_S - 30 * 86400), set()),
        (lambda it: setattr(it, "serial", "S8"), node("node-identity", "serial", "fault")),
        (lambda it: setattr(it, "hostname", "n8"), node("node-identity", "hostname", "watch")),
        (lambda it: setattr(it, "hostname", "N7.cluster.example"), set()),
        (lambda it: setattr(it, "fabric_manager", "570.1.2"), node("fabric-manager-version", "differs", "degraded")),
    ],
)  # fmt: skip
def test_a_sick_node_is_found_by_its_check_and_no_other(fault: Fault, expected: set[Found], tmp_path: Path) -> None:
    assert found(reading(host_of(tmp_path, fault))) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"limits": {"memlock_bytes": 65536, "open_files": 1024}}, node("memlock-limit", "low", "watch")),
        ({"limits": {"memlock_bytes": -1}}, set()),
        ({"limits": {}}, node("memlock-limit", "unknown", "unknown")),
        ({"limits": Absent.NOT_AVAILABLE}, set()),  # looked at as root
        ({"numa_nodes": 8}, node("numa", "count", "watch")),
        ({"probe_left": (4, 5)}, node("probe-left", "stuck", "degraded")),
        ({"cpu_governor": Absent.NOT_AVAILABLE}, set()),
        ({"dimm_count": Absent.NOT_AVAILABLE, "edac": Absent.NOT_AVAILABLE}, set()),
        ({"serials": Absent.DENIED}, set()),  # who is not root is not told
        ({"panics": Absent.DENIED}, set()),
        ({"stuck": Absent.DENIED}, set()),
        ({"services": Absent.NOT_AVAILABLE, "failed_units": Absent.NOT_AVAILABLE}, set()),
        ({"services": {}}, node("fabric-manager-service", "unknown", "unknown")),
        ({"services": {"nvidia-fabricmanager.service": "activating"}}, node("fabric-manager-service", "down", "watch")),
        ({"filesystems": Absent.TIMEOUT}, {("node", name, "unknown", "unknown") for name in ("disk-fill", "mounts-hung", "mounts-present")}),
        ({"disks": Absent.ERROR}, {("node", name, "unknown", "unknown") for name in ("disk-health", "disk-count", "disk-errors")}),
        ({"clock_synced": Absent.DENIED}, node("clock-sync", "unknown", "unknown")),
        ({"clock_offset_s": Absent.NOT_AVAILABLE}, set()),
        ({"stuck": (StuckProcess(pid=7, state="D", name="nvidia-smi"),)}, node("stuck-processes", "unknown", "unknown")),
        ({"stuck": (StuckProcess(pid=7, state="D", name="cat"),)}, set()),
        ({"fabric_manager_version": Absent.NOT_AVAILABLE}, set()),
        ({"fabric_manager_version": Absent.TIMEOUT}, node("fabric-manager-version", "unknown", "unknown")),
    ],
)  # fmt: skip
def test_what_is_not_as_usual_is_judged_for_what_it_is(
    changed: dict[str, Any], expected: set[Found], healthy: Host
) -> None:
    assert found(reading(replace(healthy, **changed))) == expected


@pytest.mark.parametrize(
    ("clock_s", "expected"),
    [
        (NOW_S - 5, set()),
        (NOW_S - 60, node("clock-sync", "skew", "watch")),
        (NOW_S + 60, node("clock-sync", "skew", "watch")),
        (NOW_S - 301, node("clock-sync", "skew", "fault")),
        (NOW_S + 1e9, node("clock-sync", "skew", "fault")),
        (1e300, node("clock-sync", "skew", "fault")),
        (12.5, node("clock-sync", "unset", "fault")),
        (-1e300, node("clock-sync", "unset", "fault")),
        (None, node("clock-sync", "unknown", "unknown")),
    ],
)
def test_a_nodes_clock_is_compared_with_ours(clock_s: float | None, expected: set[Found], healthy: Host) -> None:
    assert found(reading(healthy, clock_s=clock_s)) == expected


def test_a_clock_in_1970_is_said_in_one_sentence(healthy: Host) -> None:
    (finding,) = judged(reading(healthy, clock_s=12.5)).findings
    assert finding.message == "the node's clock says 1970-01-01 00:00:12 UTC: it was never set since it lost power"
    assert finding.action is Action.FIX


def test_memory_errors_are_judged_by_what_they_grew(healthy: Host) -> None:
    def look(minute: int, **edac: int) -> Reading:
        counters = {"corrected": 5, "uncorrected": 1, **edac}
        return reading(replace(healthy, edac=counters), at_s=NOW_S + minute * 60, clock_s=NOW_S + minute * 60)

    assert found(look(0), look(15)) == node("edac", "uncorrected-before", "watch")
    assert found(look(0), look(15, uncorrected=2)) == node("edac", "uncorrected", "fault")
    assert found(look(0), look(15, uncorrected=2), look(60, uncorrected=2)) == node("edac", "uncorrected", "fault")
    assert found(look(0), look(15, corrected=105)) == node("edac", "uncorrected-before", "watch")
    assert found(look(0, uncorrected=0), look(15, uncorrected=0, corrected=106)) == node(
        "edac", "corrected-rate", "watch"
    )
    assert (
        found(look(0, uncorrected=0), look(15, uncorrected=0, corrected=106), look(90, uncorrected=0, corrected=106))
        == set()
    )


def test_a_node_that_answers_under_another_ones_serial_is_drained_and_both_serials_are_said(tmp_path: Path) -> None:
    verdict = judged(reading(host_of(tmp_path, lambda it: setattr(it, "serial", "S8"))))
    (finding,) = verdict.findings
    assert finding.action in DRAINING
    assert "the serial BS8, S8, and the inventory says S7" in finding.message


@pytest.mark.parametrize(
    ("inventory", "expected"),
    [
        ({}, set()),  # a file that somebody sent
        ({**INVENTORY, "serial.chassis": "s7 "}, set()),
        ({"name": "n7", "serial.board": "BS7", "serial.chassis": "other"}, set()),
        ({"name": "r1n1", "address": "n7.cluster.example"}, set()),
        ({"name": "r1n1", "address": "10.77.0.7"}, node("node-identity", "hostname", "watch")),
        ({"name": "10.77.0.7", "address": "10.77.0.7"}, set()),
        ({"name": "10.77.0.7", "address": "n8.cluster.example"}, node("node-identity", "hostname", "watch")),
        ({"name": "n7", "serial.gpu0": "1650"}, set()),
    ],
)
def test_a_node_is_who_the_inventory_says(inventory: dict[str, str], expected: set[Found], healthy: Host) -> None:
    assert found(reading(healthy), inventory=inventory) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"kernel__required_arguments": ["iommu=pt", "pci=realloc=off"]}, set()),
        ({"kernel__required_arguments": ["init_on_alloc=0"]}, node("kernel-command-line", "missing", "watch")),
        ({"kernel__forbidden_arguments": ["pci", "debug"]}, node("kernel-command-line", "forbidden", "watch")),
        ({"memory__hugepages": ["2048:0"]}, set()),
        ({"memory__hugepages": ["2048:64", "1048576:1"]}, node("hugepages", "2048", "watch") | node("hugepages", "1048576", "watch")),
        ({"memory__hugepages": ["many"]}, node("hugepages", "unknown", "unknown")),
        ({"mount__required": ["/", "/raid", "/lustre"]}, {("mount:/lustre", "mounts-present", "missing", "fault")}),
        ({"service__required": ["nvidia-fabricmanager", "chrony", "ssh.service"]}, set()),
        ({"service__required": ["slurmd"]}, node("services", "unknown", "unknown")),
        ({"memory__total_bytes": 1 << 40}, set()),  # more than expected
        ({"memory__total_bytes": None, "memory__dimm_count": None, "cpu__count": None, "cpu__numa_count": None,
          "disk__nvme_count": None, "service__fabric_manager": None}, set()),
        ({"limit__memlock_bytes": 1 << 34}, set()),
    ],
)  # fmt: skip
def test_a_site_says_what_it_wants(values: dict[str, Any], expected: set[Found], healthy: Host) -> None:
    assert found(reading(healthy), by=profile(**values)) == expected


def test_a_service_that_is_not_active_is_degraded_and_one_that_is_coming_is_watched(healthy: Host) -> None:
    by = profile(service__required=["a", "b", "c"], service__fabric_manager=None)
    services = {"a.service": "inactive", "b.service": "activating", "c.service": "missing"}
    assert found(reading(replace(healthy, services=services)), by=by) == {
        ("node", "services", "a.service", "degraded"),
        ("node", "services", "b.service", "watch"),
        ("node", "services", "c.service", "degraded"),
    }


@pytest.mark.parametrize(("status", "code"), [("timeout", "hung"), ("stale", "stale"), ("error", "error")])
def test_a_file_system_that_does_not_answer_is_a_fault_of_its_own(status: str, code: str, healthy: Host) -> None:
    one = Filesystem(mount="/x", type="nfs4", source="nas:/x", read_only=False, status=status)
    root = Filesystem(mount="/", type="xfs", read_only=False, used_pct=1.0, inodes_used_pct=1.0)
    assert found(reading(replace(healthy, filesystems=(root, one)))) == {("mount:/x", "mounts-hung", code, "fault")}


def test_what_is_hidden_is_not_there_and_what_is_a_users_own_is_watched(healthy: Host) -> None:
    root = Filesystem(mount="/", type="xfs", read_only=False, used_pct=1.0, inodes_used_pct=1.0)
    own = Filesystem(mount="/scratch/m", type="fuse.sshfs", read_only=False, status="timeout")
    hidden = Filesystem(mount="/a/b", type="xfs", read_only=False, status="hidden")
    look = reading(replace(healthy, filesystems=(root, own, hidden)))
    assert found(look) == {("mount:/scratch/m", "mounts-hung", "hung", "watch")}
    assert found(look, by=profile(mount__required=["/", "/a/b", "/scratch/m"])) == {
        ("mount:/scratch/m", "mounts-hung", "hung", "fault"),
        ("mount:/a/b", "mounts-present", "missing", "fault"),
    }


def test_what_the_login_user_may_not_look_into_counts_only_where_it_is_required(healthy: Host) -> None:
    root = Filesystem(mount="/", type="xfs", read_only=False, used_pct=1.0, inodes_used_pct=1.0)
    one = Filesystem(mount="/x", type="xfs", read_only=False, status="denied", used_pct=Absent.DENIED)
    look = reading(replace(healthy, filesystems=(root, one)))
    assert found(look) == set()
    assert found(look, by=profile(mount__required=["/", "/x"])) == {("mount:/x", "mounts-hung", "unknown", "unknown")}


def test_a_disk_that_says_that_it_passed_is_judged_by_its_numbers(healthy: Host) -> None:
    bad = Disk(name="nvme9", passed=True, critical_warning=0, available_spare_pct=0, spare_threshold_pct=11, used_pct=3,
               media_error_count=0, state="live")  # fmt: skip
    (finding,) = judged(reading(replace(healthy, disks=(bad,))), by=profile(disk__nvme_count=1)).findings
    assert (finding.result, finding.action) == (Result.FAULT, Action.RMA)
    assert "below its own threshold of 11 %, although it says that all is well" in finding.message
    opinion = replace(bad, name="sda", state=Absent.NOT_AVAILABLE, **dict.fromkeys(
        ("critical_warning", "available_spare_pct", "spare_threshold_pct", "used_pct", "media_error_count"), Absent.NOT_SUPPORTED))  # fmt: skip
    verdict = judged(reading(replace(healthy, disks=(opinion,))), by=profile(disk__nvme_count=0))
    assert "disk-health" not in verdict.judged  # its own opinion is no reason to call it well
    assert found(
        reading(replace(healthy, disks=(replace(opinion, passed=False),))), by=profile(disk__nvme_count=0)
    ) == {("disk:sda", "disk-health", "failed", "fault")}


def test_of_an_unknown_sku_evidence_is_judged_and_expectations_are_unknown(tmp_path: Path) -> None:
    sick = host_of(
        tmp_path,
        lambda it: it.kill_disk(),
        lambda it: it.hang("/home"),
        lambda it: it.count_memory_errors(uncorrected=1),
    )
    verdict = judged(reading(sick, clock_s=12.5), unknown_sku=True)
    worse = {(one.check, one.code) for one in verdict.findings if one.result is not Result.UNKNOWN}
    assert worse == {
        ("disk-health", "dead"),
        ("mounts-hung", "hung"),
        ("edac", "uncorrected-before"),
        ("clock-sync", "unset"),
    }
    assert {one.check for one in verdict.findings if one.result is Result.UNKNOWN} >= {
        "memory-size",
        "swap-off",
        "services",
    }


def test_a_section_that_was_not_read_is_one_finding(healthy: Host) -> None:
    look = replace(reading(healthy), host=None, ends={SectionName.HOST: SectionEnd(status=SectionStatus.TIMEOUT)})
    assert found(look) == {("node", "section-read", "host", "unknown")}


# ── every field: a single N/A makes no node sick, what is missing makes none healthy ──

#: Fields that no check reads.
_UNJUDGED = {
    "source", "boot_id", "uptime_s", "os", "kernel_version", "product_name", "bios_version", "bmc_version", "cpu_model",
    "cpu_sockets", "load", "memory_available_bytes", "ofed_version", "kernel_command_line", "hugepages",
}  # fmt: skip
_FIELDS = sorted(one.name for one in fields(Host) if one.name not in _UNJUDGED)


@pytest.mark.parametrize("why", sorted(NEUTRAL))
@pytest.mark.parametrize("field", _FIELDS)
def test_a_field_that_does_not_exist_makes_no_node_sick(field: str, why: Absent, healthy: Host) -> None:
    assert found(reading(replace(healthy, **{field: why}))) == set()


@pytest.mark.parametrize("why", [Absent.MISSING, Absent.ERROR, Absent.TIMEOUT])
@pytest.mark.parametrize("field", _FIELDS)
def test_a_field_that_is_missing_makes_no_node_healthy(field: str, why: Absent, healthy: Host) -> None:
    verdict = judged(reading(replace(healthy, **{field: why})))
    assert verdict.result is Result.UNKNOWN
    assert {finding.result for finding in verdict.findings} == {Result.UNKNOWN}


_DISK_FIELDS = ("state", "critical_warning", "available_spare_pct", "used_pct", "media_error_count")


@pytest.mark.parametrize("field", _DISK_FIELDS)
@pytest.mark.parametrize(("why", "result"), [(Absent.NOT_AVAILABLE, Result.OK), (Absent.MISSING, Result.UNKNOWN), (Absent.TIMEOUT, Result.UNKNOWN)])  # fmt: skip
def test_a_disks_fields_likewise(field: str, why: Absent, result: Result, healthy: Host) -> None:
    assert isinstance(healthy.disks, tuple)
    first, *others = healthy.disks
    changed = replace(healthy, disks=(replace(first, **{field: why}), *others))
    assert judged(reading(changed)).result is result


@settings(max_examples=examples(300), deadline=None)
@given(host=of_class(Host), at_s=st.floats(0, 4e9), clock_s=st.none() | st.floats(allow_nan=False))
def test_no_check_fails_whatever_a_node_tells(host: Host, at_s: float, clock_s: float | None) -> None:
    for by in (False, True):
        verdict = judged(reading(host, at_s=at_s, clock_s=clock_s), unknown_sku=by)
        assert [one for one in verdict.findings if one.code == "check-failed"] == []


def test_each_check_says_what_it_is_for_and_drains_for_nothing_but_what_it_should() -> None:
    for check in checks():
        assert check.about.endswith(".")
        assert check.detail
