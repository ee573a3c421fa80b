"""Single lines of a kernel's log: what each means, in all the forms it has been seen in, and what means nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.kernel import KernelEvent
from aifctl.diagnosis.kernel_events import LogLine, events_of
from aifctl.diagnosis.kernel_lines import understand
from aifctl.diagnosis.kernel_nvidia import address_of
from aifctl.onnode.probe.kernel_words import is_telling
from aifctl.sim.hardware.kernel_log import KernelLog

Meaning = tuple[str, int | None, str, dict[str, Any]]
GPU = "0000:91:00.0"

LINES: list[tuple[str, Meaning]] = [
    ("NVRM: Xid (PCI:0000:91:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.", ("xid", 79, GPU, {})),
    ("NVRM: Xid (PCI:0000:91:00.0): 79, GPU has fallen off the bus.", ("xid", 79, GPU, {})),
    ("NVRM: Xid (0000:91:00): 79", ("xid", 79, GPU, {})),
    ("NVRM: Xid (PCI:00000000:91:00): 31, pid=7, name=python3.10, Ch 8", ("xid", 31, GPU, {"pid": 7, "process": "python3.10"})),
    ("NVRM: Xid (PCI:0000:91:00): 13, pid=7, name=<unknown>, Graphics SM Warp Exception on (GPC 8, TPC 5, SM 1): x",
     ("xid", 13, GPU, {"pid": 7, "gpc": 8, "tpc": 5, "sm": 1})),
    ("NVRM: Xid (PCI:0000:91:00): 154, pid=3, GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)",
     ("xid", 154, GPU, {"pid": 3, "action": "node-reboot"})),
    ("NVRM: Xid (PCI:0000:91:00): 154, GPU recovery action changed from 0x0 (None) to 0x9 (New)",
     ("xid", 154, GPU, {"action": "code-9"})),
    ("NVRM: Xid (PCI:0000:91:00): 45, pid=3, name=a, Ch 1, caused by previous Xid 149",
     ("xid", 45, GPU, {"pid": 3, "process": "a", "previous": 149})),
    ("NVRM: Xid (PCI:0000:91:00): 74, pid=3, name=a, NVLink: fatal error detected on link 5(0x10000, 0x0, 0x0, 0x0, 0x0, 0x0, 0x1)",
     ("xid", 74, GPU, {"pid": 3, "process": "a", "link": 5, "registers": [65536, 0, 0, 0, 0, 0, 1]})),
    ("nvidia-nvswitch3: SXid (PCI:0000:86:00.0): 20034, Fatal, Link 30 LTSSM Fault Up",
     ("sxid", 20034, "0000:86:00.0", {"switch": "nvswitch3", "severity": "fatal", "link": 30})),
    ("nvidia-nvswitch0: SXid (PCI:0000:83:00.0): 12028, Non-fatal, Link 32 egress",
     ("sxid", 12028, "0000:83:00.0", {"switch": "nvswitch0", "severity": "nonfatal", "link": 32})),
    ("NVRM: GPU 0000:91:00.0: GPU has fallen off the bus.", ("gpu-lost", None, GPU, {})),
    ("NVRM: GPU at PCI:0000:91:00: GPU has fallen off the bus", ("gpu-lost", None, GPU, {})),
    ("NVRM: fallen off the bus and is not responding to commands.", ("gpu-lost", None, "", {})),
    ("NVRM: GPU 0000:91:00.0: RmInitAdapter failed! (0x62:0x40:2477)", ("gpu-init", None, GPU, {})),
    ("NVRM: rm_init_adapter failed, device minor number 3", ("gpu-init", None, "", {})),
    ("NVRM: API mismatch: the client 'nvidia-smi' (pid 1) has the version 535.183.01, but", ("nvml-mismatch", None, "", {"version": "535.183.01"})),
    ("NVRM: loading NVIDIA UNIX x86_64 Kernel Module  550.90.07  Fri May 31 2024", ("driver-load", None, "", {"version": "550.90.07"})),
    ("NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build", ("driver-load", None, "", {"version": "570.86.15"})),
    ("nvidia-peermem nv_get_p2p_free_callback:127 ERROR detected invalid context, skipping", ("peermem", None, "", {"severity": "info"})),
    ("nvme 0000:01:00.0: PCIe Bus Error: severity=Corrected, type=Physical Layer, (Receiver ID)",
     ("aer", None, "0000:01:00.0", {"severity": "corrected", "layer": "physical layer"})),
    ("pcieport 0000:15:01.0: AER: Uncorrectable (Fatal) error message received from 0000:1b:00.0", ("aer", None, "0000:15:01.0", {"severity": "fatal"})),
    ("pcieport 0000:15:01.0: AER: Uncorrectable (Non-Fatal) error message received", ("aer", None, "0000:15:01.0", {"severity": "nonfatal"})),
    ("mce: [Hardware Error]: CPU 12: Machine Check: 0 Bank 7: 8c00004000010091", ("mce", None, "", {"severity": "corrected"})),
    ("mce: [Hardware Error]: CPU 12: Machine Check Exception: 5 Bank 4: be00000000800400", ("mce", None, "", {"severity": "fatal"})),
    ("mce: [Hardware Error]: CPU 12: Machine Check: 0 Bank 7: bc00004000010091", ("mce", None, "", {"severity": "uncorrected"})),
    ("{1}[Hardware Error]: event severity: corrected", ("mce", None, "", {"severity": "corrected"})),
    ("EDAC MC0: 3 CE memory read error on CPU_SrcID#0", ("edac", None, "", {"severity": "corrected", "count": 3})),
    ("EDAC MC0: 1 UE memory scrubbing error on DIMM", ("edac", None, "", {"severity": "uncorrected", "count": 1})),
    ("mlx5_core 0000:1a:00.0: poll_health:800:(pid 0): device's health compromised - reached miss count", ("mlx5", None, "0000:1a:00.0", {"severity": "fatal"})),
    ("mlx5_core 0000:1a:00.0: mlx5_cmd_comp: wait_func: timeout. Will cause a leak of a command resource", ("mlx5", None, "0000:1a:00.0", {"severity": "error"})),
    ("mlx5_core 0000:1a:00.0: temp_warn:190: High temperature on sensors with bit set 0 1", ("mlx5", None, "0000:1a:00.0", {"severity": "warning"})),
    ("mlx5_core 0000:1a:00.0 ibp26s0: Link down", ("link-flap", None, "0000:1a:00.0", {"interface": "ibp26s0"})),
    ("Out of memory: Killed process 456 (python) total-vm:1kB", ("oom", None, "", {"process": "python", "pid": 456})),
    ("Memory cgroup out of memory: Killed process 9 (a b) total-vm:1kB", ("oom", None, "", {"process": "a b", "pid": 9})),
    ("Kernel panic - not syncing: Fatal exception", ("panic", None, "", {"severity": "panic"})),
    ("BUG: unable to handle page fault for address: 0", ("panic", None, "", {"severity": "oops"})),
    ("watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [python:77]",
     ("lockup", None, "", {"process": "python", "pid": 77, "seconds": 22, "hard": False})),
    ("NMI watchdog: Watchdog detected hard LOCKUP on cpu 9", ("lockup", None, "", {"hard": True})),
    ("INFO: task nvidia-smi:812 blocked for more than 120 seconds.", ("hung-task", None, "", {"process": "nvidia-smi", "pid": 812, "seconds": 120})),
    ("python[77]: segfault at 8 ip 00 sp 00 error 4 in libnccl.so.2[7f00+1]", ("segfault", None, "", {"process": "python", "pid": 77, "library": "libnccl.so.2"})),
    ("EXT4-fs (nvme0n1p2): Remounting filesystem read-only", ("filesystem", None, "", {"severity": "read-only", "device": "nvme0n1p2"})),
    ("XFS (nvme1n1): Metadata I/O error (0x5) detected at xfs_trans", ("filesystem", None, "", {"severity": "error", "device": "nvme1n1"})),
    ("XFS (nvme1n1): Corruption of in-memory data detected.  Shutting down filesystem", ("filesystem", None, "", {"severity": "read-only", "device": "nvme1n1"})),
    ("nfs: server s1 not responding, timed out", ("filesystem", None, "", {"severity": "warning", "server": "s1"})),
    ("blk_update_request: I/O error, dev sda, sector 1", ("disk", None, "", {"severity": "error", "device": "sda"})),
    ("nvme nvme4: Removing after probe failure status: -19", ("disk", None, "", {"severity": "gone", "device": "nvme4"})),
]  # fmt: skip


@pytest.mark.parametrize(("line", "meaning"), LINES)
def test_a_line_means_this(line: str, meaning: Meaning) -> None:
    event = understand(line)
    assert event is not None
    assert (event.kind, event.number, event.pci_address, dict(event.facts)) == meaning
    assert event.text == line[:500]


@pytest.mark.parametrize("line", [line for line, _ in LINES])
def test_what_means_something_passes_the_nodes_own_words(line: str) -> None:
    assert is_telling(line.encode())


@pytest.mark.parametrize(
    "line",
    [
        "pcieport 0000:00:01.0: AER: enabled with IRQ 64",
        "EDAC MC: Ver: 3.0.0",
        "EDAC MC0: Giving out device to module i10nm_edac controller Intel_10nm",
        "ERST: Error Record Serialization Table (ERST) support is initialized.",
        "RAS: Correctable Errors collector initialized.",
        "mce: CPU0: Thermal monitoring enabled (TM1)",
        "mlx5_core 0000:1a:00.0: mlx5_pcie_event:299:(pid 9): Detected insufficient power on the PCIe slot (27W).",
        "EXT4-fs (md0): mounted filesystem with ordered data mode. Opts: errors=remount-ro",
        "nvme nvme1: Shutdown timeout set to 11 seconds",
        "Command line: mce=1 panic=30 edac_report=on",
        "NVRM: Xid (PCI:[31]: segfault",
        "train: NVRM: Xid (PCI:0000:91:00): 79, said by a program",
        "NVRM: Xid (PCI:0000:91:00): ",
        "NVRM: Xid (PCI:nowhere): 79, x",
        "",
    ],
)
def test_a_line_means_nothing(line: str) -> None:
    assert understand(line) is None


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_text_raises(text: str) -> None:
    event = understand(text)
    assert event is None or event.text.isprintable()


@given(st.sampled_from([line for line, _ in LINES]), st.integers(0, 120), st.text(max_size=5))
@settings(max_examples=300, deadline=None)
def test_no_garbled_line_raises_and_its_text_is_harmless(line: str, at: int, put: str) -> None:
    event = understand(line[:at] + put + line[at:])
    assert event is None or ("\x1b" not in event.text and len(event.text) <= 500)


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ("0000:91:00", GPU),
        ("00000000:91:00.0", GPU),
        ("0000:AB:00.0", "0000:ab:00.0"),
        ("00010000:ab:00", "00010000:ab:00.0"),
    ],
)
def test_an_address_is_as_sysfs_has_it(place: str, address: str) -> None:
    assert address_of(place) == address


def events(*texts: str) -> tuple[KernelEvent, ...]:
    return events_of(LogLine(text, monotonic_s=float(at)) for at, text in enumerate(texts))


def test_a_gpu_that_is_named_two_lines_above_is_the_one_that_is_gone() -> None:
    (event,) = events(
        "NVRM: The NVIDIA GPU 0000:18:00.0",
        "NVRM: (PCI ID: 10de:2330) installed in this system has",
        "NVRM: fallen off the bus and is not responding to commands.",
    )
    assert (event.kind, event.pci_address, event.monotonic_s) == ("gpu-lost", "0000:18:00.0", 2.0)


def test_a_gpu_named_long_before_is_another_story() -> None:
    (event,) = events("NVRM: The NVIDIA GPU 0000:18:00.0", *["x"] * 9, "NVRM: fallen off the bus")
    assert event.pci_address == ""


def test_whose_code_a_task_waits_in_is_told_by_its_stack() -> None:
    log = KernelLog()
    log.hung_task("python3", module="nfs")
    (event,) = events_of(LogLine(line.text) for line in log.lines)
    assert event.facts["stack"] == "nfs"


def test_the_map_of_uuids_names_the_gpu() -> None:
    uuid = "GPU-12345678-1234-1234-1234-123456789abc"
    (event,) = events(f"NVRM: GPU at PCI:0000:91:00: {uuid}", "NVRM: Xid (PCI:0000:91:00): 79, x")
    assert event.facts["uuid"] == uuid


def test_of_a_month_of_storms_the_first_and_the_last_are_kept() -> None:
    found = events_of(LogLine("NVRM: Xid (PCI:0000:91:00): 13, x", monotonic_s=float(at)) for at in range(30_000))
    assert len(found) == 20_000
    assert (found[0].monotonic_s, found[-1].monotonic_s) == (0.0, 29_999.0)
