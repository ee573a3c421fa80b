"""The checks of the kernel's log: healthy boots are quiet, each kind of trouble is one finding, and lasts for its boot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from aifctl.diagnosis.finding import Action, Result
from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.kernel import KernelSection
from aifctl.sim.hardware.kernel_log import KernelLog
from tests.health.gpu_cases import eight
from tests.health.kernel_cases import (
    BOOT,
    GPUS,
    SWITCHES,
    Found,
    findings,
    found,
    healthy,
    incidents,
    judged,
    kernel_checks,
    reading,
    section_of,
    short,
)

GPU = f"gpu:{GPUS[0]}"
NOTHING = KernelSection(source="kmsg")
NOT_TOLD = 999


def test_a_healthy_boot_is_judged_by_every_check_and_quiet() -> None:
    verdict = judged(reading(section_of(healthy())))
    assert (verdict.findings, verdict.result) == ((), Result.OK)
    assert set(verdict.judged) == {check.name for check in kernel_checks()}


@pytest.mark.parametrize(
    ("number", "result", "action"),
    [
        (79, "fault", Action.REBOOT),
        (48, "fault", Action.RESET),
        (64, "fault", Action.RESET),
        (95, "fault", Action.RESET),
        (119, "fault", Action.RESET),
        (120, "fault", Action.RESET),
        (140, "fault", Action.RESET),
        (143, "fault", Action.REBOOT),
        (167, "fault", Action.DRAIN),
        (54, "fault", Action.CABLE),
        (63, "watch", Action.WATCH),
        (94, "watch", Action.APP),
        (92, "watch", Action.WATCH),
        (13, "watch", Action.APP),
        (31, "watch", Action.APP),
        (69, "watch", Action.APP),
        (45, "watch", Action.WATCH),
        (149, "watch", Action.WATCH),
        (NOT_TOLD, "watch", Action.WATCH),
    ],
)
def test_each_xid_comes_to_what_the_table_says_without_any_profile(number: int, result: str, action: Action) -> None:
    log = healthy()
    log.xid(number, GPUS[0])
    (finding,) = findings(log)
    assert short(finding) == (GPU, "xid", f"xid-{number}", result)
    assert (finding.action, finding.identity) == (action, "165000001")
    assert "Xid" in str(finding.facts["line"])


@pytest.mark.parametrize("number", [43, 44, 106, 14, 141, 137])
def test_an_xid_that_nvidia_says_to_ignore_is_ignored(number: int) -> None:
    log = healthy()
    log.xid(number, GPUS[0])
    assert found(log) == set()


def test_an_uncorrectable_error_with_all_that_follows_is_one_incident() -> None:
    log = healthy()
    log.ecc_chain(GPUS[2])
    (finding,) = findings(log)
    assert (finding.code, finding.action) == ("xid-48", Action.RESET)
    assert finding.facts["chain"] == {"48": 1, "63": 1, "94": 8}
    (incident,) = incidents([replace(finding, node="n1")])
    assert (incident.scope, incident.code, incident.scope_value) == ("gpu", "xid-48", finding.identity)


def test_what_nvml_says_of_the_same_memory_joins_the_xids_incident() -> None:
    log = healthy()
    log.ecc_chain(GPUS[0])
    (finding,) = findings(log)
    others = [
        replace(finding, check=check, code="x", result=Result.FAULT, action=Action.RESET, node="n1")
        for check in ("row-remap-pending", "dram-ecc", "recovery-action", "sram-ecc")
    ]
    (incident,) = incidents([replace(finding, node="n1"), *others])
    assert (incident.check, len(incident.findings)) == ("xid", 5)


def test_two_gpus_are_two_incidents_and_eight_are_the_chassis() -> None:
    log = healthy()
    for gpu in GPUS[:2]:
        log.xid(79, gpu)
    assert [one.scope for one in incidents([replace(one, node="n1") for one in findings(log)])] == ["gpu", "gpu"]
    for gpu in GPUS[2:]:
        log.xid(79, gpu)
    assert [one.scope for one in incidents([replace(one, node="n1") for one in findings(log)])] == ["chassis"]


@pytest.mark.parametrize(
    ("told", "action"),
    [
        ("from 0x0 (None) to 0x1 (GPU Reset Required)", Action.RESET),
        ("from 0x0 (None) to 0x2 (Node Reboot Required)", Action.REBOOT),
        ("from 0x0 (None) to 0x3 (Drain P2P)", Action.DRAIN),
        ("from 0x0 (None) to 0x4 (Drain and Reset)", Action.RESET),
    ],
)
def test_the_drivers_own_word_comes_first(told: str, action: Action) -> None:
    log = healthy()
    log.xid(63, GPUS[0])
    log.xid(154, GPUS[0], f"GPU recovery action changed {told}")
    (finding,) = findings(log)
    assert (finding.code, finding.result, finding.action) == ("xid-63", Result.FAULT, action)


def test_the_drivers_word_alone_is_followed_and_none_is_only_watched() -> None:
    log = healthy()
    log.xid(154, GPUS[0], "GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)")
    assert found(log) == {(GPU, "xid", "xid-154", "fault")}
    log = healthy()
    log.xid(154, GPUS[0], "GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)")
    assert found(log) == {(GPU, "xid", "xid-154", "watch")}


def test_what_follows_another_xid_is_not_told_by_itself() -> None:
    log = healthy()
    log.xid(79, GPUS[0])
    log.xid(45, GPUS[0], "Ch 00000010, errorString CTX SWITCH TIMEOUT, caused by previous Xid 79")
    log.xid(154, GPUS[0], "GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)")
    assert found(log) == {(GPU, "xid", "xid-79", "fault")}


def test_a_storm_of_one_job_is_one_finding_of_the_job() -> None:
    log = healthy()
    for count in range(629):
        where = f"Graphics SM Warp Exception on (GPC {count % 8}, TPC {count // 8 % 8}, SM 0): Out Of Range Address"
        log.xid(13, GPUS[0], where)
    (finding,) = findings(log)
    assert (finding.result, finding.action, finding.observed) == (Result.WATCH, Action.APP, 629)


def hit(log: KernelLog, at_s: float, gpc: int, pid: int, number: int = 13, gpu: str = GPUS[0]) -> None:
    log.say("nothing that matters", at_s=at_s)
    log.xid(number, gpu, f"Graphics SM Warp Exception on (GPC {gpc}, TPC 2, SM 0)" if number == 13 else "", pid=pid)


def test_the_same_place_of_a_gpu_again_and_again_is_the_gpu() -> None:
    log = healthy()
    for count in range(3):
        hit(log, 1000.0 + 3600 * count, gpc=4, pid=100 + count)
    assert found(log) == {(GPU, "xid", "xid-13", "degraded")}
    log = healthy()
    for count in range(3):
        hit(log, 1000.0 + 3600 * count, gpc=count, pid=100 + count)
    assert found(log) == {(GPU, "xid", "xid-13", "watch")}


def test_page_faults_of_many_jobs_on_one_gpu_alone_are_the_gpu() -> None:
    log = healthy()
    for count in range(3):
        hit(log, 1000.0 + 3600 * count, gpc=0, pid=100 + count, number=31)
    assert found(log) == {(GPU, "xid", "xid-31", "degraded")}
    hit(log, 20_000.0, gpc=0, pid=900, number=31, gpu=GPUS[1])
    assert {result for *_, result in found(log)} == {"watch"}


def test_a_link_that_fails_is_the_gpus_unless_the_switch_says_so_itself() -> None:
    log = healthy()
    log.xid(74, GPUS[0])
    assert found(log) == {(GPU, "nvlink-xid", "xid-74", "fault")}
    assert findings(log)[0].facts["link"] == 5
    log.xid(74, GPUS[1])
    log.sxid(22003, SWITCHES[1], severity="Non-fatal")
    (incident,) = incidents([replace(one, node="n1") for one in findings(log)])
    assert (incident.check, incident.code, incident.action) == ("sxid", "sxid-22003", Action.CABLE)
    assert len(incident.findings) == 3


def link_failed(log: KernelLog, gpu: str, link: int, *words: str) -> None:
    all_words = ", ".join((*words, *["0x0"] * (7 - len(words))))
    log.xid(74, gpu, f"NVLink: fatal error detected on link {link}({all_words})")


def test_a_link_that_fails_is_told_by_its_words_with_what_to_do() -> None:
    log = healthy()
    link_failed(log, GPUS[0], 5, "0x10000")
    link_failed(log, GPUS[0], 7, "0x10")
    (finding,) = findings(log)
    assert (finding.action, finding.facts["links"]) == (Action.CABLE, {"5": "connection x1", "7": "parity x1"})
    assert "link 5: it may be how the link is seated" in finding.message
    assert "link 7: likely this GPU's own hardware" in finding.message


def test_words_that_can_be_ignored_are_no_fault_and_the_drivers_word_comes_before_them() -> None:
    log = healthy()
    link_failed(log, GPUS[0], 5, "0x1")
    assert found(log) == {(GPU, "nvlink-xid", "xid-74", "watch")}
    log.xid(154, GPUS[0], "GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)")
    (finding,) = findings(log)
    assert (finding.result, finding.action) == (Result.FAULT, Action.REBOOT)


def test_a_link_that_goes_down_with_the_gpu_at_its_other_end_is_not_the_one_to_take_out() -> None:
    log = healthy()
    log.xid(79, GPUS[1])
    link_failed(log, GPUS[0], 5, "0x2")
    (finding,) = [one for one in findings(log) if one.check == "nvlink-xid"]
    assert (finding.result, finding.action) == (Result.WATCH, Action.WATCH)
    assert f"it follows from the Xid 79 of the GPU at {GPUS[1]}" in finding.message
    log = healthy()
    log.xid(79, GPUS[1])
    log.say("nothing that matters", at_s=5000.0)
    link_failed(log, GPUS[0], 5, "0x2")
    assert (GPU, "nvlink-xid", "xid-74", "fault") in found(log)


def test_the_words_of_a_gpu_whose_name_nobody_told_or_that_is_no_hopper_are_not_interpreted() -> None:
    log = healthy()
    link_failed(log, GPUS[0], 5, "0x1")
    section = section_of(log)
    look = reading(section)
    others = GpuSection(source="nvml", gpus=tuple(replace(gpu, name="NVIDIA A100-SXM4-40GB") for gpu in eight()))
    for one in (reading(section, gpus=False), replace(look, gpu=others)):
        (finding,) = judged(one).findings
        assert (finding.action, finding.facts["registers"]) == (Action.DRAIN, [1, 0, 0, 0, 0, 0, 0])
        assert "links" not in finding.facts


@pytest.mark.parametrize(
    ("number", "severity", "result"),
    [
        (12020, "Non-fatal", "fault"),
        (23017, "Non-fatal", "fault"),
        (20034, "Fatal", "fault"),
        (20034, "Non-fatal", "watch"),
        (12021, "Non-fatal", "watch"),
        (10004, "Non-fatal", "degraded"),
        (31999, "Non-fatal", "watch"),
    ],
)
def test_an_sxid_is_as_bad_as_its_number_or_its_word(number: int, severity: str, result: str) -> None:
    log = healthy()
    log.sxid(number, SWITCHES[0], severity=severity)
    assert found(log) == {("node", "sxid", f"sxid-{number}", result)}


Say = Callable[[KernelLog], object]
CASES: list[tuple[Say, set[Found]]] = [
    (lambda log: log.fallen_off(GPUS[0]), {(GPU, "gpu-fell-off", "fallen-off", "fault")}),
    (lambda log: log.gpu_init_failed(GPUS[0]), {(GPU, "gpu-init", "failed", "fault")}),
    (lambda log: log.api_mismatch("535.1", "580.2"), {("node", "nvml-mismatch", "api-mismatch", "watch")}),
    (lambda log: log.mlx5("0000:18:00.0"), {("pci:0000:18:00.0", "mlx5-log", "error", "degraded")}),
    (
        lambda log: log.mlx5("0000:18:00.0", "device's health compromised - reached miss count"),
        {("pci:0000:18:00.0", "mlx5-log", "fatal", "fault")},
    ),
    (lambda log: log.oom(), {("node", "kernel-oom", "oom", "watch")}),
    (lambda log: log.hung_task(), {("node", "hung-tasks", "driver", "fault")}),
    (lambda log: log.hung_task("python3", module="nfs"), {("node", "hung-tasks", "network-storage", "degraded")}),
    (lambda log: log.hung_task("python3", module="ext4"), {("node", "hung-tasks", "task", "watch")}),
    (lambda log: log.soft_lockup(), {("node", "hung-tasks", "soft-lockup", "degraded")}),
    (lambda log: log.oops(), {("node", "kernel-panic", "oops", "degraded")}),
    (lambda log: log.memory_error(), {("node", "kernel-memory-errors", "edac-uncorrected", "fault")}),
    (lambda log: log.memory_error(corrected=True), {("node", "kernel-memory-errors", "edac-corrected", "watch")}),
    (lambda log: log.machine_check(), {("node", "kernel-memory-errors", "mce-fatal", "fault")}),
    (lambda log: log.machine_check(corrected=True), {("node", "kernel-memory-errors", "mce-corrected", "watch")}),
    (lambda log: log.aer(GPUS[0]), {(f"pci:{GPUS[0]}", "aer-log", "fatal", "fault")}),
    (lambda log: log.aer(GPUS[0], "Uncorrected (Non-Fatal)"), {(f"pci:{GPUS[0]}", "aer-log", "nonfatal", "watch")}),
    (lambda log: log.aer(GPUS[0], "Corrected"), set()),
    (lambda log: log.disk_error("nvme2n1"), {("disk:nvme2n1", "kernel-storage", "disk-error", "degraded")}),
    (
        lambda log: log.read_only("nvme2n1p1"),
        {
            ("disk:nvme2n1p1", "kernel-storage", "filesystem-read-only", "fault"),
            ("disk:nvme2n1p1", "kernel-storage", "filesystem-error", "degraded"),
        },
    ),
    (
        lambda log: log.say("nvme nvme3: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0x10"),
        {("disk:nvme3", "kernel-storage", "disk-gone", "fault")},
    ),
    (lambda log: log.nfs_silent("s1"), {("node", "kernel-storage", "silent-s1", "watch")}),
    (lambda log: log.say("nfs: server s1 not responding, still trying", "nfs: server s1 OK"), set()),
    (lambda log: log.carrier_lost("ibp26s0"), set()),
    (lambda log: log.carrier_lost("ibp26s0", "ibp26s0"), {("link:ibp26s0", "link-log", "down", "watch")}),
    (lambda log: log.say("train[12]: segfault at 8 ip 00007f sp 00007f error 4 in libnccl.so.2[7f+1]"), set()),
    (
        lambda log: log.say("mlx5_core 0000:18:00.0: Port module event: module 0, Cable unplugged"),
        {("pci:0000:18:00.0", "mlx5-log", "unplugged", "watch")},
    ),
    (
        lambda log: log.say("mlx5_core 0000:18:00.0: Port module event[error]: module 0, Cable error, Bus stuck(I2C)"),
        {("pci:0000:18:00.0", "mlx5-log", "cable-error", "watch")},
    ),
    (
        lambda log: log.say(
            "mlx5_core 0000:18:00.0: Port module event[error]: module 0, Cable error, High Temperature"
        ),
        {("pci:0000:18:00.0", "mlx5-log", "warning", "watch")},
    ),
    (
        lambda log: log.say("nvme2n1: I/O Cmd(0x2) @ LBA 12, 8 blocks, I/O Error (sct 0x2 / sc 0x81) MORE DNR"),
        {("disk:nvme2n1", "kernel-storage", "disk-error", "degraded")},
    ),
]


@pytest.mark.parametrize(("say", "expected"), CASES)
def test_each_kind_of_trouble_is_found_and_nothing_beside_it(say: Say, expected: set[Found]) -> None:
    log = healthy()
    say(log)
    assert found(log) == expected


def test_every_check_has_a_sick_case() -> None:
    seen = {check for _, expected in CASES for _, check, _, _ in expected}
    assert seen | {"xid", "nvlink-xid", "sxid", "kernel-log"} == {check.name for check in kernel_checks()}


def test_a_gpu_that_is_gone_is_one_incident_with_its_xid() -> None:
    log = healthy()
    log.xid(79, GPUS[0])
    log.fallen_off(GPUS[0])
    (incident,) = incidents([replace(one, node="n1") for one in findings(log)])
    assert (incident.check, incident.action) == ("xid", Action.REBOOT)


def test_evidence_lasts_for_its_boot_and_is_gone_with_it() -> None:
    log = healthy()
    log.xid(79, GPUS[0])
    seen, later = reading(section_of(log), at_s=1000.0), reading(NOTHING, at_s=1600.0)
    assert {short(one) for one in judged(seen, later).findings} == {(GPU, "xid", "xid-79", "fault")}
    assert judged(seen, later, reading(NOTHING, at_s=2200.0, boot_id="another")).findings == ()


def test_the_same_log_read_twice_counts_once() -> None:
    log = healthy()
    for _ in range(50):
        log.xid(31, GPUS[0])
    looks = [reading(section_of(log), at_s=1000.0 + 600 * count, boot_id=BOOT) for count in range(4)]
    assert [one.observed for one in judged(*looks).findings] == [50]


def test_lines_that_were_lost_make_the_look_unknown_until_the_next() -> None:
    lost = reading(replace(NOTHING, complete=False, dropped_count=812))
    assert {short(one) for one in judged(lost).findings} == {("node", "kernel-log", "incomplete", "unknown")}
    assert judged(lost, reading(NOTHING, at_s=1600.0)).result is Result.OK
    storm = reading(replace(NOTHING, dropped_count=812))
    assert {short(one) for one in judged(storm).findings} == {("node", "kernel-log", "storm", "watch")}


def test_a_gpu_whose_serial_nobody_told_is_told_by_its_place() -> None:
    log = healthy()
    log.xid(79, GPUS[0])
    (finding,) = judged(reading(section_of(log), gpus=False)).findings
    assert (finding.subject, finding.identity) == (GPU, "")
