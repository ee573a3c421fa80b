"""The files that every node begins with."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from aifctl.sim.layout import GPUS
from aifctl.sim.node.disk import Device, Directory, Disk, Generated, Link
from aifctl.sim.node.machine import CPUS, DRIVER, KERNEL, MEMORY_KIB, Machine
from aifctl.sim.node.parts import rails

_OS_RELEASE = b"""\
PRETTY_NAME="Ubuntu 22.04.5 LTS"
NAME="Ubuntu"
VERSION_ID="22.04"
VERSION="22.04.5 LTS (Jammy Jellyfish)"
VERSION_CODENAME=jammy
ID=ubuntu
ID_LIKE=debian
HOME_URL="https://www.ubuntu.com/"
UBUNTU_CODENAME=jammy
"""
_PASSWD = b"""\
root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
ops:x:1000:1000:Operator:/home/ops:/bin/bash
"""
_FOLDERS = (
    "/bin", "/boot", "/dev", "/etc", "/etc/ssh", "/home", "/home/ops", "/mnt", "/opt", "/proc", "/proc/sys",
    "/proc/sys/kernel", "/proc/sys/kernel/random", "/proc/driver", "/proc/driver/nvidia", "/root", "/run", "/srv", "/sys",
    "/sys/class", "/sys/class/infiniband", "/usr", "/usr/bin", "/usr/sbin", "/usr/local", "/usr/local/bin", "/var",
    "/var/log", "/var/lib",
)  # fmt: skip
_SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  on the simulated disk


def furnish(machine: Machine, disk: Disk) -> None:
    """Put the usual files and devices on a new disk."""
    for folder in (*_FOLDERS, *_SHARED_FOLDERS):
        owner = 1000 if folder == "/home/ops" else 0
        mode = 0o1777 if folder in _SHARED_FOLDERS else 0o755
        disk.add(folder, Directory(mode=mode, uid=owner, gid=owner, mtime_s=machine.now_s()))
    for name in ("null", "zero", "urandom", "full"):
        disk.add(f"/dev/{name}", Device(mode=0o666, name=name))
    disk.add("/dev/random", Link(mode=0o777, target="urandom"))
    for gpu in range(GPUS):
        disk.add(f"/dev/nvidia{gpu}", Device(mode=0o666, name="null"))
    for path, data in _static(machine).items():
        file = disk.open_file(path, truncate=True)
        disk.write(file, data)
    for path, make in _generated(machine).items():
        disk.add(path, Generated(mode=0o444, make=make))
    for rail in rails(machine):
        _add_hca(disk, rail.hca, rail.guid)


def _static(machine: Machine) -> dict[str, bytes]:
    name = machine.name.encode()
    return {
        "/etc/hostname": name + b"\n",
        "/etc/hosts": b"127.0.0.1 localhost\n" + machine.place.address.encode() + b" " + name + b"\n",
        "/etc/machine-id": machine.derived("machine-id")[:16].hex().encode() + b"\n",
        "/etc/os-release": _OS_RELEASE,
        "/etc/passwd": _PASSWD,
        "/proc/driver/nvidia/version": f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {DRIVER}\n".encode(),
    }


def _generated(machine: Machine) -> dict[str, Callable[[], bytes]]:
    return {
        "/proc/uptime": lambda: _line(f"{machine.uptime_s:.2f} {machine.uptime_s * CPUS * 0.97:.2f}"),
        "/proc/loadavg": lambda: _line(f"{' '.join([f'{load(machine):.2f}'] * 3)} 1/2817 4242"),
        "/proc/meminfo": lambda: _line(f"MemTotal:       {MEMORY_KIB} kB\nMemFree:        {MEMORY_KIB // 2} kB"),
        "/proc/version": lambda: _line(f"Linux version {KERNEL} (buildd@simulated) #70-Ubuntu SMP"),
        "/proc/sys/kernel/random/boot_id": lambda: _line(machine.boot_id),
        "/proc/sys/kernel/hostname": lambda: _line(machine.name),
        "/proc/cmdline": lambda: _line(f"BOOT_IMAGE=/boot/vmlinuz-{KERNEL} root=/dev/md0 ro"),
    }


def _add_hca(disk: Disk, hca: str, guid: str) -> None:
    base = f"/sys/class/infiniband/{hca}"
    for folder in ("", "/ports", "/ports/1"):
        disk.add(posixpath.normpath(base + folder), Directory(mode=0o755))
    facts = {
        "node_guid": guid, "ports/1/state": "4: ACTIVE", "ports/1/phys_state": "5: LinkUp",
        "ports/1/rate": "400 Gb/sec (4X NDR)", "ports/1/link_layer": "InfiniBand",
    }  # fmt: skip
    for name, value in facts.items():
        disk.add(f"{base}/{name}", Generated(mode=0o444, make=_constant(f"{value}\n".encode())))


def _line(text: str) -> bytes:
    return f"{text}\n".encode()


def _constant(data: bytes) -> Callable[[], bytes]:
    return lambda: data


def load(machine: Machine) -> float:
    """Return the load average: a node that trains keeps about one core busy per GPU."""
    return 6.0 + machine.derived("load")[0] / 43
