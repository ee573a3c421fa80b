"""The node around its GPUs and its fabric, as /proc and /sys tell it, and a function for each way in which it goes bad.

As a DGX H100: two processors, 2 TB in 32 DIMMs, two disks for the system and eight for data, a home over NFS, chrony.
What no file tells (system calls, tools) stands in one file of JSON below the root, which the probe reads of made-up roots.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aifctl.onnode.probe.told_root import NAME as MADE_UP
from aifctl.sim.hardware.host_files import DIMMS, device_files, proc_files
from aifctl.sim.hardware.host_parts import Mount, NvmeDisk, StuckOne
from aifctl.sim.hardware.trees import write_files
from aifctl.sim.node.machine import CPUS, DRIVER

_DISKS = 10
_STA_UNSYNC, _STA_NANO = 0x40, 0x2000
_MODULES = {
    "ib_core": "", "ib_uverbs": "", "ib_umad": "", "mlx5_core": "23.10-3.2.2", "mlx5_ib": "23.10-3.2.2", "mlx_compat": "",
    "nvidia": DRIVER, "nvidia_modeset": DRIVER, "nvidia_peermem": DRIVER, "nvidia_uvm": DRIVER, "nvme": "1.0",
    "rdma_cm": "",
}  # fmt: skip
_SERVICES = ("nvidia-fabricmanager.service", "nvidia-persistenced.service", "chrony.service", "ssh.service")


@dataclass(slots=True)
class HostHardware:
    """One node around its GPUs. Faults by mount point, unit, or number of a disk or DIMM.

    Attributes:
        synced, offset_s: the clock's; edac: corrected and uncorrected errors since boot.
    """

    hostname: str = "node"
    boot_id: str = ""
    serial: str = "SIM000000"
    uptime_s: float = 864_000.0
    governor: str = "performance"
    cpus: int = CPUS
    dimms: int = DIMMS
    swap_kib: int = 0
    memlock: str = "unlimited"
    synced: bool = True
    offset_s: float = 0.000021
    counter: str = "tsc"
    edac: dict[str, int] = field(default_factory=lambda: {"corrected": 0, "uncorrected": 0})
    services: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_SERVICES, "active"))
    mounts: dict[str, Mount] = field(default_factory=dict)
    disks: list[NvmeDisk] = field(default_factory=list)
    stuck: list[StuckOne] = field(default_factory=list)
    records: dict[str, float] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=lambda: dict(_MODULES))
    fabric_manager: str = DRIVER
    as_root: bool = True

    @classmethod
    def healthy(cls, **known: Any) -> HostHardware:
        """Return a node; `known`: its hostname, boot_id, serial, uptime_s."""
        made = cls(**known)
        made.mounts = {
            "/": Mount("ext4", "/dev/md0", 1_870_000_000_000),
            "/raid": Mount("xfs", "/dev/md1", 30_700_000_000_000, used=0.35),
            "/home": Mount("nfs4", "nas1:/home", 200_000_000_000_000, used=0.61),
            "/run": Mount("tmpfs", "tmpfs", 216_000_000_000, used=0.001),
        }
        made.disks = [NvmeDisk(f"S{made.serial}{at:02d}", 1_920_383_410_176 if at < 2 else 3_840_755_982_336)  # noqa: PLR2004  two for the system
                      for at in range(_DISKS)]  # fmt: skip
        return made

    @property
    def uptime_text(self) -> str:
        """Return it as /proc/uptime has it."""
        return f"{self.uptime_s:.2f} {self.uptime_s * self.cpus * 0.9:.2f}"

    @property
    def board_serial(self) -> str:
        return f"B{self.serial}"

    def fill(self, mount: str, used: float = 0.97) -> None:
        self.mounts[mount].used = used

    def fill_inodes(self, mount: str, used: float = 0.99) -> None:
        self.mounts[mount].inodes_used = used

    def put_aside(self, mount: str) -> None:
        """The kernel lets nobody write to a file system any more, after an error."""
        self.mounts[mount].read_only = True

    def unmount(self, mount: str) -> None:
        del self.mounts[mount]

    def hang(self, mount: str) -> None:
        self.mounts[mount].hung = True

    def skew_clock(self, offset_s: float) -> None:
        self.offset_s = offset_s

    def lose_time_source(self) -> None:
        self.synced = False

    def kill_service(self, unit: str = _SERVICES[0]) -> None:
        self.services[unit] = "failed"

    def turn_swap_on(self, size_kib: int = 8 << 20) -> None:
        self.swap_kib = size_kib

    def lose_dimms(self, count: int = 1) -> None:
        self.dimms -= count

    def wait_forever(
        self, name: str = "python3", wait: str = "nvidia_ioctl", since_s: float = 4000.0, state: str = "D"
    ) -> None:
        self.stuck.append(StuckOne(name, state, since_s, wait))

    def count_memory_errors(self, *, corrected: int = 0, uncorrected: int = 0) -> None:
        self.edac["corrected"] += corrected
        self.edac["uncorrected"] += uncorrected

    def kill_disk(self, at: int = 3) -> None:
        self.disks[at].state = "dead"

    def wear_disk(self, at: int = 3) -> None:
        """As the worst do: no spare is left, and the disk says of itself that all is well."""
        self.disks[at].spare, self.disks[at].used = 0, 104

    def die_before(self, at_s: float) -> None:
        """The kernel has left a record of its death, written then."""
        self.records["dmesg-erst-7340032001"] = at_s

    def made_up(self) -> dict[str, Any]:
        """Return what the probe is told in place of system calls and tools."""
        return {
            "root": self.as_root,
            "fabric_manager": f"Fabric Manager version is : {self.fabric_manager}" if self.fabric_manager else "",
            "statvfs": {at: _statvfs(mount) for at, mount in self.mounts.items()},
            "systemctl": {"show": self._shown(), "failed": self._failed()},
            "clock": {"timex": self._timex(), "chrony": self._chrony()},
            "nvme": {f"nvme{at}": _log(disk) for at, disk in enumerate(self.disks)},
        }

    def _shown(self) -> str:
        blocks = [
            f"Id={unit}\nNames={unit}\nLoadState=loaded\nActiveState={state}\nSubState=-\n"
            for unit, state in self.services.items()
        ]
        return "\n".join(blocks)

    def _failed(self) -> str:
        return "".join(
            f"{unit} loaded failed failed {unit}\n" for unit, state in self.services.items() if state == "failed"
        )

    def _timex(self) -> dict[str, int]:
        status = _STA_NANO if self.synced else _STA_NANO | _STA_UNSYNC
        return {"state": 0 if self.synced else 5, "status": status, "offset": 0, "max_error_us": 800}

    def _chrony(self) -> str:
        source = "0A4D0001,10.77.0.1,3,1796093600.1" if self.synced else "7F7F0101,,0,0.0"
        leap = "Normal" if self.synced else "Not synchronised"
        return f"{source},{self.offset_s:.9f},0.000004,0.000011,-12.3,0.001,0.021,0.0004,0.0002,64.2,{leap}"


def write_host(root: Path, hardware: HostHardware) -> None:
    """Write what the probe reads of the node below `root`, whose /proc and /sys may hold other things already."""
    write_files(root, proc_files(hardware))
    write_files(root, device_files(hardware))
    for name, at_s in hardware.records.items():
        write_files(root / "sys/fs/pstore", {name: "Panic#1 Part1"})
        os.utime(root / "sys/fs/pstore" / name, (at_s, at_s))
    (root / MADE_UP).write_text(json.dumps(hardware.made_up()))


def _statvfs(mount: Mount) -> Mapping[str, Any]:
    if mount.hung:
        return {"st": "timeout"}
    free = round(mount.size_bytes * (1 - mount.used))
    inodes = round(mount.inodes_count * (1 - mount.inodes_used))
    return {"st": "ok", "b": [mount.size_bytes, free, free], "f": [mount.inodes_count, inodes, inodes]}


def _log(disk: NvmeDisk) -> str:
    """Return the head of a SMART log, as NVM Express lays it out."""
    log = bytearray(192)
    log[0], log[3], log[4], log[5] = disk.warning, disk.spare, disk.threshold, disk.used
    log[1:3] = disk.kelvin.to_bytes(2, "little")
    log[160:176] = disk.media_errors.to_bytes(16, "little")
    return log.hex()
