"""What a fault is: a value of hooks, read from the drawer `faults/`, and how `KIND[:ARG]@NODES` is read."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Any, Protocol

import aifctl.sim.faults
from aifctl.core.drawers import read_drawer
from aifctl.core.errors import UsageError
from aifctl.sim.hardware.kernel_log import KernelLog
from aifctl.sim.node.condition import Condition
from aifctl.sim.targets import rail_of


class Listening(Enum):
    """What a dialler finds: somebody, nobody (refused), or silence (a full backlog drops every SYN)."""

    OPEN = "open"
    CLOSED = "closed"
    FULL = "full"


class Admission(Enum):
    """What becomes of a connection before a word is said: served, closed, or held open in silence."""

    SERVE = "serve"
    CLOSE = "close"
    HOLD = "hold"


class Door(Protocol):
    """What a fault knows of a connection that has just been accepted."""

    @property
    def random(self) -> Random: ...

    @property
    def waiting_count(self) -> int:
        """Connections to this node that have not authenticated yet, this one included."""

    async def sleep(self, seconds_s: float) -> None: ...


class Running(Protocol):
    """What a fault can do to a command that has been asked for."""

    async def proceed(self) -> int:
        """Run the command as if nothing were wrong; returns its exit status."""

    async def print_out(self, data: bytes) -> None:
        """Write to its stdout."""

    async def sleep(self, seconds_s: float) -> None: ...

    async def hang(self, *, deaf: bool = False) -> int:
        """Never return; `deaf`: as in an uninterruptible sleep, not even KILL ends it."""

    def cut(self) -> None:
        """Reset the connection."""


class Struck(Protocol):
    """What a fault that is over at once can do to a node."""

    def booted(self) -> None:
        """Come back from a reboot: with a new boot id, and nothing running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """What stands behind the colon: how it is read, and what it is where nothing stands there."""

    name: str
    parse: Callable[[str], Any]
    default: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One kind of fault. Every hook is optional; `value` is the argument as the kind reads it, 0 where it takes none.

    Attributes:
        about: one sentence for help.
        admit: asked when a connection has been accepted, before the banner.
        around: runs in place of each command.
        settle, lift: change the node's condition when the fault comes, and put it back when it goes.
        patch: changes what the probe is about to tell (`probing.told.Told`).
        beneath: the same done to what lies beneath the probe (`hardware.node.NodeHardware`); nobody calls it but the
            tests, which prove that the probe then reads what `patch` tells.
        says: what the kernel says as the fault comes; the line stays in its log when the fault goes, until the next boot.
        spoil: changes the reply itself on its way.
        strike: happens when the fault comes, and is over: such a fault is never cured, and none that a node has.
    """

    name: str
    about: str
    argument: Argument | None = None
    listening: Listening = Listening.OPEN
    admit: Callable[[Door, Any], Awaitable[Admission]] | None = None
    foreign_host_key: bool = False
    refuses_keys: bool = False
    refuses_sftp: bool = False
    around: Callable[[Running, Any], Awaitable[int]] | None = None
    settle: Callable[[Condition, Any], None] | None = None
    lift: Callable[[Condition, Any], None] | None = None
    patch: Callable[[Any, Any], None] | None = None
    beneath: Callable[[Any, Any], None] | None = None
    says: Callable[[KernelLog, Any], None] | None = None
    spoil: Callable[[bytes, Any], Iterable[bytes]] | None = None
    strike: Callable[[Struck, Any], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that a node has."""

    kind: FaultKind
    value: Any = 0.0
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Planting:
    """A fault and where it goes; `where` is a nodeset, a count, a share, a scope (rack:r003), or empty for all."""

    fault: Fault
    where: str


def read_kinds() -> Mapping[str, FaultKind]:
    """Return every kind by name."""
    return {kind.name: kind for kind in read_drawer(aifctl.sim.faults, "FAULT")}


def parse_planting(text: str) -> Planting:
    """Read KIND[:ARG][@NODES]; a fault of a rail that goes to a leaf is of that leaf's rail. UsageError otherwise."""
    what, _, where = text.partition("@")
    name, colon, argument = what.partition(":")
    kind = find_kind(name)
    if not colon and kind.argument and kind.argument.name == "rail" and rail_of(where):
        colon, argument = ":", rail_of(where)
        what = f"{name}:{argument}"
    return Planting(fault=Fault(kind=kind, value=_value(kind, argument, given=bool(colon)), text=what), where=where)


def find_kind(name: str) -> FaultKind:
    """Return a kind by name; UsageError that names the nearest."""
    kinds = read_kinds()
    if name in kinds:
        return kinds[name]
    near = difflib.get_close_matches(name, kinds, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`aifctl sim fault` names them all"
    raise UsageError(f"no simulated node can have the fault {name!r}; {hint}")


def _value(kind: FaultKind, text: str, *, given: bool) -> Any:
    wanted = kind.argument
    if wanted is None:
        if given:
            raise UsageError(f"the fault {kind.name!r} takes nothing behind its name; leave ':{text}' away")
        return 0.0
    if given:
        return wanted.parse(text)
    if wanted.default is None:
        raise UsageError(f"the fault {kind.name!r} needs its {wanted.name}: write {kind.name}:{wanted.name.upper()}")
    return wanted.default
