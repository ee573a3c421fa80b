"""One simulated node and what it is made of."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random

from aifctl.ports.clock import Clock
from aifctl.sim.credentials import derived
from aifctl.sim.fault import Fault
from aifctl.sim.hardware.kernel_log import KernelLog, Line
from aifctl.sim.layout import Place
from aifctl.sim.node.condition import Condition
from aifctl.sim.node.contents import Pool
from aifctl.sim.node.disk import Disk
from aifctl.sim.node.processes import Processes

KERNEL = "5.15.0-1068-nvidia"
DRIVER = "580.105.08"
CUDA = "13.0"
SKU = "h100-sxm5"
CPUS = 224
MEMORY_KIB = 2113546000
_MOST_KERNEL_LINES = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all nodes of one process share; `furnish` puts the usual files on a new disk,
    `reboot` takes a node away and brings it back.
    """

    secret: bytes
    seed: int
    clock: Clock
    pool: Pool
    disk_bytes: int
    boot_s: float
    furnish: Callable[[Machine, Disk], None]
    reboot: Callable[[Machine], None]


class Machine:
    """A node's state. Cheap until somebody looks: the disk is made by the first command that touches it.

    Attributes:
        boots_count: how often it has booted; with it goes the boot id.
        booted_s: when it last did, on the monotonic clock; never before the simulation began.
        looks_count: how often its probe has answered; looks_before: kind of fault → how often before it came.
        kernel_said: what its kernel has said since it booted, beyond what every boot says.
        probes: hashes of the probes that it keeps, oldest first.
        locks: path → the lock that flock holds on it.
    """

    def __init__(self, place: Place, surroundings: Surroundings) -> None:
        self.place, self.surroundings = place, surroundings
        self.faults: tuple[Fault, ...] = ()
        self.condition = Condition()
        self.processes = Processes()
        self.boots_count = 1
        self.booted_s = surroundings.clock.monotonic_s() - self.random("uptime").uniform(2e5, 9e6)
        self.commands_count = self.looks_count = 0
        self.looks_before: dict[str, int] = {}
        self.probes: tuple[str, ...] = ()
        self.locks: dict[str, asyncio.Lock] = {}
        self.kernel_said: tuple[Line, ...] = ()

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def boot_id(self) -> str:
        return str(uuid.UUID(bytes=self.derived(f"boot {self.boots_count}")[:16], version=4))

    @property
    def uptime_s(self) -> float:
        return self.surroundings.clock.monotonic_s() - self.booted_s

    def now_s(self) -> float:
        """Return seconds since the epoch."""
        return self.surroundings.clock.now().timestamp()

    @cached_property
    def disk(self) -> Disk:
        made = Disk(pool=self.surroundings.pool, size_bytes=self.surroundings.disk_bytes, now_s=self.now_s)
        self.surroundings.furnish(self, made)
        made.full = self.condition.disk_full
        return made

    def derived(self, purpose: str) -> bytes:
        """Return 32 bytes that are this node's own: the same in every fleet of the same seed."""
        return derived(str(self.surroundings.seed).encode(), f"{self.name} {purpose}")

    def random(self, purpose: str) -> Random:
        return Random(self.derived(purpose))  # noqa: S311  a simulation that repeats itself, no secret

    def plant(self, fault: Fault) -> None:
        """Give it a fault; one of the same kind goes."""
        if fault.kind.strike:
            fault.kind.strike(self, fault.value)
            return
        self.cure(fault.kind.name)
        self.faults = (*self.faults, fault)
        self.looks_before[fault.kind.name] = self.looks_count
        if fault.kind.says:
            self._hear(fault)
        if fault.kind.settle:
            fault.kind.settle(self.condition, fault.value)
        self._apply()

    def cure(self, kind: str | None = None) -> None:
        """Take away a kind of fault, or all."""
        gone = [fault for fault in self.faults if kind in (None, fault.kind.name)]
        self.faults = tuple(fault for fault in self.faults if fault not in gone)
        for fault in gone:
            if fault.kind.lift:
                fault.kind.lift(self.condition, fault.value)
        self._apply()

    def booted(self) -> None:
        """Come back from a reboot: a new boot id, nothing running, /tmp, /run and /dev/shm empty."""
        self.boots_count += 1
        self.kernel_said = ()
        self.booted_s = self.surroundings.clock.monotonic_s()
        for folder in ("/tmp", "/run", "/dev/shm"):  # noqa: S108  on the simulated disk
            for name in list(self.disk.directory(folder).entries):
                self.disk.remove_tree(f"{folder}/{name}")

    def _hear(self, fault: Fault) -> None:
        """Put into the kernel's log what it says of a fault, now."""
        log = KernelLog()
        if fault.kind.says:
            fault.kind.says(log, fault.value)
        begin_s = max([self.uptime_s, *(line.at_s for line in self.kernel_said)])
        first_s = log.lines[0].at_s if log.lines else 0.0
        said = [replace(line, at_s=begin_s + line.at_s - first_s) for line in log.lines]
        if len(self.kernel_said) + len(said) <= _MOST_KERNEL_LINES:
            self.kernel_said = (*self.kernel_said, *said)

    def _apply(self) -> None:
        if "disk" in self.__dict__:
            self.disk.full = self.condition.disk_full
