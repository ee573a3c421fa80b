"""What a simulated node's kernel says: records as /dev/kmsg has them, and the traps of a real boot among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.sim.hardware.kernel_log import KernelLog, records, short, write_kernel_log

GPU = "0000:1b:00.0"


@pytest.fixture
def log() -> KernelLog:
    return KernelLog.healthy([GPU], ["0000:83:00.0"], ["0000:18:00.0"], "580.105.08", "n1")


def test_a_healthy_boot_has_the_traps_of_a_real_one(log: KernelLog) -> None:
    text = "\n".join(line.text for line in log.lines)
    for trap in (
        "AER: enabled",
        "EDAC MC: Ver",
        "ERST: Error Record",
        "27W",
        "invalid context",
        "mce:",
        "errors=remount-ro",
    ):
        assert trap in text
    assert "Xid" not in text
    assert [line.at_s for line in log.lines] == sorted(line.at_s for line in log.lines)


def test_records_are_numbered_and_timed(log: KernelLog, tmp_path: Path) -> None:
    log.xid(79, GPU)
    write_kernel_log(tmp_path, log)
    lines = (tmp_path / "dev/kmsg").read_text().splitlines()
    assert lines == [record.rstrip("\n") for record in records(log)]
    assert lines[0].startswith("6,0,0,-;Linux version")
    assert lines[-1].startswith(f"4,{len(lines) - 1},900000000,-;NVRM: Xid (PCI:0000:1b:00): 79, pid=")


def test_faults_come_after_the_boot_in_order(log: KernelLog) -> None:
    before = len(log.lines)
    log.ecc_chain(GPU)
    log.sxid(20034, "0000:83:00.0")
    assert len(log.lines) == before + 11
    times = [line.at_s for line in log.lines[before:]]
    assert times == sorted(set(times))
    assert times[0] == 900.0


def test_an_xid_names_its_gpu_without_the_function() -> None:
    assert short(GPU) == "0000:1b:00"
