"""Each number and list that the checks of the node itself ask for, moved by one step, changes what is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aifctl.diagnosis.host import Host, StuckProcess
from tests.health.host_cases import NOW_S, checks, found, host_of, profile, reading

_GIB = 1 << 30


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return host_of(tmp_path_factory.mktemp("node"))


def first_disk(host: Host, **values: Any) -> dict[str, Any]:
    assert isinstance(host.disks, tuple)
    return {"disks": (replace(host.disks[0], **values), *host.disks[1:])}


def first_mount(host: Host, **values: Any) -> dict[str, Any]:
    assert isinstance(host.filesystems, tuple)
    return {"filesystems": (replace(host.filesystems[0], **values), *host.filesystems[1:])}


#: Key → what a node tells, the value that lets it pass, the next one, which does not.
EDGES: dict[str, tuple[Any, Any, Any]] = {
    "memory.total_bytes": ({"memory_total_bytes": 95 * _GIB}, 100 * _GIB, 100 * _GIB + 2),
    "memory.tolerance_pct": ({"memory_total_bytes": 2_164_271_104_000 * 9 // 10}, 10.01, 9.9),
    "memory.dimm_count": ({"dimm_count": 30}, 30, 31),
    "memory.swap_bytes": ({"swap_total_bytes": 4096}, 4096, 4095),
    "memory.hugepages": ({"hugepages": {"2048": 8}}, ["2048:8"], ["2048:9"]),
    "cpu.count": ({"cpu_count": 96}, 96, 97),
    "cpu.governor": ({"cpu_governor": "x"}, "x", "y"),
    "cpu.numa_count": ({"numa_nodes": 4}, 4, 3),
    "limit.memlock_bytes": ({"limits": {"memlock_bytes": 65536}}, 65536, 65537),
    "kernel.required_arguments": ({}, ["ro"], ["rw"]),
    "kernel.forbidden_arguments": ({}, ["rw"], ["ro"]),
    "disk.fill_watch_pct": (lambda host: first_mount(host, used_pct=60.0), 60.1, 60.0),
    "disk.fill_degraded_pct": (lambda host: first_mount(host, inodes_used_pct=90.0), 90.1, 90.0),
    "disk.used_watch_pct": (lambda host: first_disk(host, used_pct=50), 51, 50),
    "disk.used_degraded_pct": (lambda host: first_disk(host, used_pct=90), 91, 90),
    "disk.nvme_count": ({}, 10, 11),
    "mount.required": ({}, ["/raid"], ["/data"]),
    "clock.offset_watch_s": ({"clock_offset_s": -0.005}, 0.0051, 0.005),
    "clock.offset_degraded_s": ({"clock_offset_s": 0.05}, 0.051, 0.05),
    "clock.skew_watch_s": ({}, 8.0, 7.9),
    "clock.skew_fault_s": ({}, 8.1, 8.0),
    "clock.sources": ({"clock_source": "hpet"}, ["tsc", "hpet"], ["tsc"]),
    "process.stuck_s": ({"stuck": (StuckProcess(pid=7, state="Z", name="x", age_s=100.0),)}, 100, 99),
    "process.reboot_words": ({"stuck": (StuckProcess(pid=7, state="D", name="abc", age_s=1e4),)}, ["bc"], ["ab"]),
    "service.required": ({"services": {"a.service": "active", "b.service": "failed"}}, ["a"], ["b"]),
    "service.fabric_manager": ({}, "ssh", "sshd"),
    "module.required": ({"modules": {"a": "", "nvidia_peermem": ""}}, ["a"], ["b"]),
    "module.wanted": ({}, ["nvidia"], ["gdrdrv"]),
    "panic.window_s": ({"panics": (f"dmesg@{NOW_S - 5000:.0f}",)}, 5000, 5001),
}
#: Where the value is that of a second step, the first has to be passed already.
_WITH: dict[str, dict[str, Any]] = {
    "clock.skew_fault_s": {"clock.skew_watch_s": 5.0},
    "service.required": {"service.fabric_manager": None},
}
#: Judged over time: tests of their own, in test_host_checks.
_OVER_TIME = {"memory.corrected_per_h", "memory.uncorrected_window_s"}


@pytest.mark.parametrize("key", sorted(EDGES))
def test_one_step_changes_what_is_found(key: str, healthy: Host) -> None:
    told, passes, fails = EDGES[key]
    host = replace(healthy, **(told(healthy) if callable(told) else told))
    look = reading(host, clock_s=NOW_S - 8.0)

    def with_value(value: object) -> set[tuple[str, str, str, str]]:
        values = {**_WITH.get(key, {}), key: value}
        return found(look, by=profile(**{name.replace(".", "__", 1): one for name, one in values.items()}))

    assert with_value(passes) != with_value(fails)


def test_every_key_has_its_edge() -> None:
    asked = {threshold.key for check in checks() for threshold in check.needs}
    assert asked - set(EDGES) == _OVER_TIME
    assert set(EDGES) <= asked
