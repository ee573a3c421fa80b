"""The files of /proc, /sys and /etc that tell of a simulated node."""

from __future__ import annotations

from typing import Protocol

from aifctl.sim.hardware.host_parts import Mount, NvmeDisk, StuckOne
from aifctl.sim.node.machine import KERNEL, MEMORY_KIB

DIMMS = 32
_SOCKETS, _CONTROLLERS = 2, 8
_DIMM_MIB = 65536
_SECTOR_BYTES = 512
_MODEL = "Intel(R) Xeon(R) Platinum 8480C"  # a DGX H100's
_SYSTEM = "Ubuntu 22.04.5 LTS"
#: A process's line in /proc/PID/stat has 52 fields; those behind state and parent are of no interest here.
_STAT_REST = " ".join(["0"] * 48)


class Node(Protocol):
    """What is written of a node: `host.HostHardware`, which has what these files are made from."""

    hostname: str
    boot_id: str
    serial: str
    uptime_s: float
    governor: str
    cpus: int
    dimms: int
    swap_kib: int
    memlock: str
    counter: str
    edac: dict[str, int]
    modules: dict[str, str]
    mounts: dict[str, Mount]
    disks: list[NvmeDisk]
    stuck: list[StuckOne]

    @property
    def uptime_text(self) -> str: ...

    @property
    def board_serial(self) -> str: ...


def proc_files(node: Node) -> dict[str, str]:
    """Return path below the root → text, of /proc and /etc."""
    memory_kib = MEMORY_KIB - MEMORY_KIB * (DIMMS - node.dimms) // DIMMS
    files = {
        "etc/os-release": f'PRETTY_NAME="{_SYSTEM}"\nID=ubuntu',
        "proc/uptime": node.uptime_text,
        "proc/loadavg": "3.12 2.98 3.05 4/3120 812345",
        "proc/cmdline": "BOOT_IMAGE=/boot/vmlinuz root=UUID=0 ro iommu=pt pci=realloc=off",
        "proc/cpuinfo": f"processor\t: 0\nmodel name\t: {_MODEL}",
        "proc/meminfo": f"MemTotal:       {memory_kib} kB\nMemAvailable:   {memory_kib * 9 // 10} kB\nSwapTotal:      {node.swap_kib} kB",
        "proc/sys/kernel/hostname": node.hostname,
        "proc/sys/kernel/osrelease": KERNEL,
        "proc/sys/kernel/random/boot_id": node.boot_id,
        "proc/self/limits": f"Max open files            1048576              1048576              files     \n"
        f"Max locked memory         {node.memlock}            {node.memlock}            bytes     ",
        "proc/self/mountinfo": _mountinfo(node),
    }
    files["proc/1/stat"] = f"1 (systemd) S 0 {_STAT_REST}"
    for at, one in enumerate(node.stuck):
        pid = 4000 + at
        ran_ms = (node.uptime_s - one.since_s) * 1000
        files[f"proc/{pid}/stat"] = f"{pid} ({one.name}) {one.state} {one.parent} {_STAT_REST}"
        files[f"proc/{pid}/sched"] = f"{one.name} ({pid}, #threads: 1)\n---\nse.exec_start      :   {ran_ms:.6f}"
        files[f"proc/{pid}/wchan"] = one.wait
    return files


def device_files(node: Node) -> dict[str, str]:
    """Return path below the root → text, of /sys."""
    files = {
        "sys/devices/system/clocksource/clocksource0/current_clocksource": node.counter,
        "sys/devices/system/cpu/online": f"0-{node.cpus - 1}",
        "sys/devices/system/node/online": f"0-{_SOCKETS - 1}",
        "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "0",
        "sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages": "0",
        "sys/class/dmi/id/product_name": "DGXH100",
        "sys/class/dmi/id/sys_vendor": "NVIDIA",
        "sys/class/dmi/id/bios_version": "1.04.03",
        "sys/class/dmi/id/product_serial": node.serial,
        "sys/class/dmi/id/board_serial": node.board_serial,
        "sys/class/dmi/id/chassis_serial": node.serial,
        "sys/class/ipmi/ipmi0/device/bmc/firmware_revision": "24.09",
    }
    for cpu in range(node.cpus):
        folder = f"sys/devices/system/cpu/cpu{cpu}"
        files[f"{folder}/topology/physical_package_id"] = str(cpu * _SOCKETS // node.cpus)
        files[f"{folder}/cpufreq/scaling_governor"] = node.governor
    for name, version in node.modules.items():
        files[f"sys/module/{name}/{'version' if version else 'initstate'}"] = version or "live"
    return files | _edac(node) | _disks(node)


def _edac(node: Node) -> dict[str, str]:
    files = {}
    each = DIMMS // _CONTROLLERS
    for controller in range(_CONTROLLERS):
        folder = f"sys/devices/system/edac/mc/mc{controller}"
        first = controller == 0
        files[f"{folder}/ce_count"] = str(node.edac["corrected"] if first else 0)
        files[f"{folder}/ue_count"] = str(node.edac["uncorrected"] if first else 0)
        for slot in range(each):
            if controller * each + slot < node.dimms:
                files[f"{folder}/dimm{slot}/size"] = str(_DIMM_MIB)
    return files


def _disks(node: Node) -> dict[str, str]:
    files = {"sys/block/md0/size": "3652343750", "sys/block/loop0/size": "0"}
    for at, disk in enumerate(node.disks):
        folder = f"sys/class/nvme/nvme{at}"
        files |= {
            f"{folder}/state": disk.state,
            f"{folder}/model": disk.model,
            f"{folder}/serial": disk.serial,
            f"{folder}/firmware_rev": disk.firmware,
            f"{folder}/transport": "pcie",
        }
        if disk.state == "live":
            files[f"sys/block/nvme{at}n1/size"] = str(disk.size_bytes // _SECTOR_BYTES)
    return files


def _mountinfo(node: Node) -> str:
    lines = ["22 1 0:21 / /proc rw,nosuid - proc proc rw", "23 1 0:22 / /sys rw,nosuid - sysfs sysfs rw",
             "24 1 7:0 / /snap/core20/2434 ro,nodev - squashfs /dev/loop0 ro"]  # fmt: skip
    for at, (place, mount) in enumerate(node.mounts.items()):
        how = "ro" if mount.read_only else "rw"
        lines.append(f"{30 + at} 1 9:{at} / {place} rw,relatime shared:{at} - {mount.kind} {mount.source} {how}")
    return "\n".join(lines)
