"""The simulated fleet, or a part of it, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Self

from asyncssh.public_key import import_public_key

import aifctl.sim.commands
from aifctl.core.drawers import read_drawer
from aifctl.core.system_clock import SystemClock
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.clock import Clock
from aifctl.sim import credentials
from aifctl.sim.fault import Fault, find_kind, parse_planting
from aifctl.sim.files import FleetFiles
from aifctl.sim.free_port import free_port
from aifctl.sim.layout import Layout
from aifctl.sim.node.contents import Pool
from aifctl.sim.node.machine import Machine, Surroundings
from aifctl.sim.node.template import furnish
from aifctl.sim.shell.context import Program
from aifctl.sim.spec import FleetSpec
from aifctl.sim.targets import resolve_targets
from aifctl.sim.wire.connection import HostKey, Welcome, shared_options
from aifctl.sim.wire.gate import Gate, Shared

#: What all disks of one process may hold together; equal files count once.
_POOL_BYTES = 1 << 30


class SimFleet:
    """Nodes that listen in this process's event loop.

    For tests: `async with SimFleet(FleetSpec(nodes_count=8), folder=tmp_path) as fleet: …` with `fleet.endpoints()`,
    `fleet.files.inventory`, `.known_hosts` and `.identity`.
    """

    def __init__(
        self,
        spec: FleetSpec,
        *,
        folder: Path | None = None,
        secret: bytes | None = None,
        clock: Clock | None = None,
        members: range | None = None,
    ) -> None:
        """Prepare; `members` are the indices of the nodes that this process answers for, None all of them."""
        self.spec, self.layout = spec, Layout(spec.nodes_count)
        self.secret = secret or credentials.derived(str(spec.seed).encode(), f"in-process fleet {spec.name}")
        self.clock: Clock = clock or SystemClock()
        self.members = members if members is not None else range(spec.nodes_count)
        self.port = spec.port
        self._folder = folder
        self._gates: dict[int, Gate] = {}
        self._shared: Shared | None = None
        self._reboots: set[asyncio.Task[None]] = set()

    @property
    def files(self) -> FleetFiles:
        """Where the inventory and the keys lie; only with a folder."""
        if self._folder is None:
            raise ValueError("this fleet was made without a folder")
        return FleetFiles(self._folder)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; OSError (EADDRINUSE) where spec.port is taken on one of the addresses."""
        self._shared = Shared(
            welcome=self._welcome(), programs=_programs(), clock=self.clock, reachable=self._address_of
        )
        surroundings = Surroundings(
            secret=self.secret, seed=self.spec.seed, clock=self.clock, pool=Pool(_POOL_BYTES),
            disk_bytes=self.spec.disk_bytes, boot_s=self.spec.boot_s, furnish=furnish, reboot=self.reboot,
        )  # fmt: skip
        self.port = self.spec.port or free_port(self.layout.place(self.members[0]).address)
        for index in self.members:
            machine = Machine(self.layout.place(index), surroundings)
            self._gates[index] = Gate(
                machine, port=self.port, host_key=partial(self._host_key, machine), shared=self._shared
            )
        for text in self.spec.faults:
            self._plant_quietly(text)
        try:
            for gate in self._gates.values():
                gate.open()
        except OSError:
            await self.stop()
            raise
        if self._folder is not None:
            self.files.write(self.spec, port=self.port, secret=self.secret)

    async def stop(self) -> None:
        """End everything that listens, is connected or runs."""
        for reboot in list(self._reboots):
            reboot.cancel()
        for gate in self._gates.values():
            gate.close_listener()
            gate.drop_all()
        running = [process for gate in self._gates.values() for process in gate.machine.processes]
        tasks = [process.task for process in running if process.task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._shared:
            await self._shared.stop()
        await asyncio.sleep(0)  # asyncssh closes its transports in the next turn
        self._gates.clear()

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return how the nodes are reached, host keys vouched for."""
        return tuple(
            Endpoint(
                name=place.name, address=place.address, port=self.port, user=self.spec.user,
                identity=(str(self.files.identity),) if self._folder else (),
                host_keys=(credentials.public_text(credentials.host_key(self.secret, place.name)),),
            )
            for place in map(self.layout.place, self.members)
        )  # fmt: skip

    def machine(self, name: str) -> Machine:
        """Return a node's state; KeyError where this process has no node of that name."""
        index = self.layout.index_of(name)
        if index is None:
            raise KeyError(name)
        return self._gates[index].machine

    def plant(self, text: str) -> list[str]:
        """Give nodes a fault (KIND[:ARG][@NODES]); returns the names of those that are this process's."""
        indices = self._plant_quietly(text)
        return self._reopen(indices)

    def cure(self, where: str = "", *, kind: str | None = None) -> list[str]:
        """Take faults away: one kind, or all; on those nodes, or all."""
        if kind is not None:
            find_kind(kind)
        chosen = resolve_targets(where, self.layout, seed=self.spec.seed, kind=kind or "")
        indices = [index for index in chosen if index in self._gates]
        for index in indices:
            self._gates[index].machine.cure(kind)
        return self._reopen(indices)

    def reboot(self, machine: Machine) -> None:
        """Take a node away for as long as it boots."""
        task = asyncio.get_running_loop().create_task(self._rebooted(self._gates[machine.place.index]))
        self._reboots.add(task)
        task.add_done_callback(self._reboots.discard)

    def faults(self) -> dict[str, tuple[Fault, ...]]:
        """Return the faults of the nodes that have any, by name."""
        machines = [gate.machine for gate in self._gates.values()]
        return {machine.name: machine.faults for machine in machines if machine.faults}

    def counts(self) -> dict[str, int]:
        """Return how much is going on."""
        gates = self._gates.values()
        return {
            "nodes": len(self._gates),
            "connections": sum(len(gate.connections) for gate in gates),
            "processes": sum(len(gate.machine.processes) for gate in gates),
            "commands": sum(gate.machine.commands_count for gate in gates),
        }

    async def _rebooted(self, gate: Gate) -> None:
        gate.leave()
        await self.clock.sleep(self.spec.boot_s)
        gate.come_back()

    def _plant_quietly(self, text: str) -> list[int]:
        planting = parse_planting(text)
        chosen = resolve_targets(planting.where, self.layout, seed=self.spec.seed, kind=planting.fault.kind.name)
        indices = [index for index in chosen if index in self._gates]
        for index in indices:
            self._gates[index].machine.plant(planting.fault)
        return indices

    def _reopen(self, indices: Iterable[int]) -> list[str]:
        gates = [self._gates[index] for index in indices]
        for gate in gates:
            gate.open()
        return [gate.machine.name for gate in gates]

    def _welcome(self) -> Welcome:
        key = credentials.client_key(self.secret)
        text = credentials.public_text(key)
        return Welcome(options=shared_options(), key_blob=credentials.public_blob(key), key=import_public_key(text))

    def _host_key(self, machine: Machine, foreign: bool) -> HostKey:
        made = (credentials.foreign_host_key if foreign else credentials.host_key)(self.secret, machine.name)
        return HostKey(made)

    def _address_of(self, host: str) -> str | None:
        index = self.layout.at(host)
        return None if index is None else self.layout.place(index).address


def _programs() -> dict[str, Program]:
    return {
        name: program for drawer in read_drawer(aifctl.sim.commands, "COMMANDS") for name, program in drawer.items()
    }
