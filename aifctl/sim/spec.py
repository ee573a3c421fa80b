"""What a simulated fleet is to be: how many nodes, where they listen, what is wrong with them."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from aifctl.core.errors import UsageError

#: Names of racks have four digits at most, and 127.0.0.0/8 has room for more than anybody starts.
MOST_NODES = 32_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSpec:
    """One simulated fleet.

    Attributes:
        name: names its folder below STATE_DIR/sim.
        port: all nodes listen on it, each on its own address; 0 picks a free one.
        seed: serial numbers, temperatures and which nodes `dead@5%` hits follow from it.
        user: the login that the inventory names; nodes accept any login that has the key.
        faults: texts KIND[:ARG]@NODES, as `--fault` takes them.
        boot_s: how long a node is away when it reboots.
        disk_bytes: room on each node's disk, held in this machine's memory.
        workers: processes that share the nodes; 0 chooses.
    """

    name: str = "demo"
    nodes_count: int = 64
    port: int = 0
    seed: int = 0
    user: str = "ops"
    faults: tuple[str, ...] = ()
    boot_s: float = 5.0
    disk_bytes: int = 64 << 20
    workers: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if not 1 <= self.nodes_count <= MOST_NODES:
            raise UsageError(f"a simulated fleet has 1 to {MOST_NODES:,} nodes, not {self.nodes_count:,}")
        if not _NAME.fullmatch(self.name):
            raise UsageError(f"{self.name!r} can't name a simulated fleet; use letters, digits, '-', '_' and '.'")
        if self.port and not 1024 <= self.port <= 65535:  # noqa: PLR2004  ports below 1024 need root
            raise UsageError(f"port {self.port} can't be used by a simulated fleet; use 1024-65535")

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON-able values; `from_json` reads them back."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> FleetSpec:
        return cls(**{**values, "faults": tuple(values["faults"])})
