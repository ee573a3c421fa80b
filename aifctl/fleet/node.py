"""A node as the inventory describes it: where it stands, what it is, how it is wired and reached."""

from __future__ import annotations

from dataclasses import dataclass

from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.lifecycle import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Rail:
    """One of the node's fabric ports. `index` is the rail, 0-7; `leaf_port` is the port's number on the leaf, 1-based."""

    index: int
    hca: str | None = None
    leaf: str | None = None
    leaf_port: int | None = None
    guid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bmc:
    """The node's management controller; `kind` is redfish or console."""

    address: str
    kind: str = "redfish"
    user: str | None = None
    mac: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """All that the inventory says of one node.

    Attributes:
        unit: lowest rack unit it occupies, 1-based.
        feeds: power feeds, e.g. ("A3", "B3").
        serials: (part, serial) pairs, part being chassis, board, gpu0..gpu7 and so on.
        labels: free (key, value) pairs; `@attr:key=glob` looks here after the fields above.
        slurm_name: what Slurm calls it, where that differs from `name`.
    """

    endpoint: Endpoint
    site: str | None = None
    hall: str | None = None
    su: str | None = None
    rack: str | None = None
    unit: int | None = None
    sku: str | None = None
    state: State = State.READY
    off: bool = False
    feeds: tuple[str, ...] = ()
    rails: tuple[Rail, ...] = ()
    bmc: Bmc | None = None
    mac: str | None = None
    serials: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    groups: tuple[str, ...] = ()
    slurm_name: str | None = None

    @property
    def name(self) -> str:
        return self.endpoint.name
