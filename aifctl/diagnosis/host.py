"""What was read of a node beside its GPUs and its fabric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import MOVES, OWN

MISSING = Absent.MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Filesystem:
    """One mounted file system.

    Attributes:
        status: ok; timeout (a hung server: statvfs did not come back); stale (the server knows it no more);
            hidden (something is mounted over its place); denied; error.
        used_pct, inodes_used_pct: 0-100, of what an ordinary user may use.
    """

    mount: str
    type: str = ""
    source: str = ""
    read_only: bool | Absent = MISSING
    status: str = "ok"
    size_bytes: int | Absent = MISSING
    available_bytes: int | Absent = field(default=MISSING, metadata=MOVES)
    used_pct: float | Absent = field(default=MISSING, metadata=MOVES)
    inodes_used_pct: float | Absent = field(default=MISSING, metadata=MOVES)

    @property
    def subject(self) -> str:
        """What a finding about this file system is about."""
        return f"mount:{self.mount}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """One disk. The SMART fields come from smartctl or nvme-cli; `passed` is what the disk says of itself."""

    name: str
    model: str | Absent = MISSING
    serial: str | Absent = field(default=MISSING, metadata=OWN)
    firmware_version: str | Absent = MISSING
    size_bytes: int | Absent = MISSING
    state: str | Absent = MISSING  # of an NVMe controller: live, dead, resetting, …
    passed: bool | Absent = MISSING
    critical_warning: int | Absent = MISSING
    available_spare_pct: int | Absent = MISSING
    spare_threshold_pct: int | Absent = MISSING
    used_pct: int | Absent = MISSING
    media_error_count: int | Absent = field(default=MISSING, metadata=MOVES)
    temperature_c: int | Absent = field(default=MISSING, metadata=MOVES)

    @property
    def subject(self) -> str:
        """What a finding about this disk is about."""
        return f"disk:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckProcess:
    """A process in uninterruptible sleep, or a zombie (`state` D or Z); `wait` is the kernel function it waits in."""

    pid: int
    state: str
    name: str = ""
    age_s: float | Absent = MISSING
    wait: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The node itself.

    Attributes:
        clock_offset_s: of the node's clock from its time source; positive is ahead.
        clock_synced: by the kernel's own word (adjtimex) or its time daemon's.
        services: systemd unit → ActiveState; those a profile asks for are `missing` where systemd knows no such unit.
        failed_units: in the state failed.
        edac: memory controllers' counters: corrected, uncorrected.
        limits: of the login user's session: memlock_bytes, open_files; -1 is unlimited.
        modules: loaded kernel modules that matter → their version ("" where they tell none).
        serials: product, board, chassis → serial. hugepages: size in KiB as text → pages.
        panics: NAME@SECONDS of what the kernel left behind when it died (pstore), seconds since the epoch.
        probe_left: pids of earlier probes that never came back.
    """

    source: str = "probe"
    hostname: str | Absent = MISSING
    boot_id: str | Absent = MISSING
    uptime_s: float | Absent = field(default=MISSING, metadata=MOVES)
    os: str | Absent = MISSING
    kernel_version: str | Absent = MISSING
    kernel_command_line: str | Absent = MISSING
    product_name: str | Absent = MISSING
    serials: Mapping[str, str] | Absent = MISSING
    bios_version: str | Absent = MISSING
    bmc_version: str | Absent = MISSING
    cpu_model: str | Absent = MISSING
    cpu_count: int | Absent = MISSING
    cpu_sockets: int | Absent = MISSING
    cpu_governor: str | Absent = MISSING
    numa_nodes: int | Absent = MISSING
    load: float | Absent = field(default=MISSING, metadata=MOVES)
    memory_total_bytes: int | Absent = MISSING
    memory_available_bytes: int | Absent = field(default=MISSING, metadata=MOVES)
    swap_total_bytes: int | Absent = MISSING
    dimm_count: int | Absent = MISSING
    hugepages: Mapping[str, int] | Absent = MISSING
    edac: Mapping[str, int] | Absent = field(default=MISSING, metadata=MOVES)
    filesystems: tuple[Filesystem, ...] | Absent = MISSING
    disks: tuple[Disk, ...] | Absent = MISSING
    clock_synced: bool | Absent = MISSING
    clock_offset_s: float | Absent = field(default=MISSING, metadata=MOVES)
    clock_source: str | Absent = MISSING
    services: Mapping[str, str] | Absent = MISSING
    failed_units: tuple[str, ...] | Absent = MISSING
    fabric_manager_version: str | Absent = MISSING
    ofed_version: str | Absent = MISSING
    limits: Mapping[str, int] | Absent = MISSING
    modules: Mapping[str, str] | Absent = MISSING
    stuck: tuple[StuckProcess, ...] | Absent = field(default=MISSING, metadata=MOVES)
    panics: tuple[str, ...] | Absent = MISSING
    probe_left: tuple[int, ...] | Absent = MISSING
