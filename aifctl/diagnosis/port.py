"""What was read of the fabric: one port of one HCA, from sysfs or from ibstat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import MOVES, OWN

MISSING = Absent.MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One port.

    Attributes:
        device: `mlx5_0`.
        state: down, init, armed, active. physical_state: sleep, polling, disabled, training, link-up,
            link-error-recovery, phy-test. Both lower case; what is none of these stays as it was told.
        link_layer: infiniband or ethernet.
        rate_gbits_s: what sysfs says; a port that is down shows a default (10 or 40), never 0.
        guid: the port's, or the node's where that alone was told: 16 hex digits, lower case, no colons.
        psid: `board_id` in sysfs.
        counters: error counters by their sysfs name, of `counters/` and `hw_counters/` alike.
    """

    device: str
    number: int = 1
    state: str | Absent = MISSING
    physical_state: str | Absent = MISSING
    link_layer: str | Absent = MISSING
    rate_gbits_s: float | Absent = MISSING
    lid: int | Absent = field(default=MISSING, metadata=OWN)
    sm_lid: int | Absent = MISSING
    guid: str | Absent = field(default=MISSING, metadata=OWN)
    hca_type: str | Absent = MISSING
    firmware_version: str | Absent = MISSING
    psid: str | Absent = MISSING
    pci_address: str | Absent = MISSING
    numa_node: int | Absent = MISSING
    netdev: str | Absent = MISSING
    counters: Mapping[str, int] | Absent = field(default=MISSING, metadata=MOVES)

    @property
    def subject(self) -> str:
        """What a finding about this port is about."""
        return f"port:{self.device}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortSection:
    """The fabric ports of a node, in natural order of device. `complete` is False where the text ended in an error."""

    source: str
    ports: tuple[Port, ...] = ()
    complete: bool = True
