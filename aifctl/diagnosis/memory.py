"""What is remembered of a node from one look to the next, so that counters become rates and evidence lasts.

Pure: `remember(memory, reading)` gives the next memory. JSON-able, bounded, stored with the node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aifctl.diagnosis.kernel import KernelEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How much a counter grew between two looks, and over what time."""

    at_s: float
    count: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A boot in which a part had a fault that a second boot must not have, too (aifctl.diagnosis.recurring).

    Attributes:
        kind: of fault. subject: where; "" where another part is there by now. identity: the part's serial, "" where untold.
    """

    kind: str
    subject: str
    identity: str
    boot_id: str
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One node's.

    Attributes:
        boot_id: the boot that counters and events belong to; another boot begins anew.
        seen_at_s: of the last look; 0 where there was none.
        booted_at_s: estimated from the uptime.
        driver_loads: what tells one load of the GPU driver from the next.
        counters: last values, by the part's identity (a GPU's serial, a port's GUID, a device's address, "node"), then name.
        growths: what grew within the last 24 h, newest last, by (identity, counter); empty for most nodes.
        events: the kernel's events of this boot that still mean something, oldest first, at most 200.
        cursor: where the next look into the kernel's log begins.
        occasions: what alone outlives a boot; oldest first, empty for most nodes.
    """

    boot_id: str = ""
    seen_at_s: float = 0.0
    booted_at_s: float | None = None
    driver_loads: str = ""
    counters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    growths: Mapping[tuple[str, str], tuple[Growth, ...]] = field(default_factory=dict)
    events: tuple[KernelEvent, ...] = ()
    cursor: str = ""
    occasions: tuple[Occasion, ...] = ()

    def says_as_much_as(self, other: Memory) -> bool:
        """Whether both say the same but for when the node was seen, and when it booted, which is known by that alone.

        Of a node on which nothing happened most of a memory is the very same objects as before: 3 us, and telling it by
        what is stored takes 230.
        """
        return (
            self.boot_id == other.boot_id
            and self.driver_loads == other.driver_loads
            and self.cursor == other.cursor
            and self.counters == other.counters
            and self.growths == other.growths
            and self.events == other.events
            and self.occasions == other.occasions
        )

    def grown(self, identity: str, counter: str, *, within_s: float, now_s: float) -> int:
        """Return by how much a counter grew in the last `within_s` seconds of this boot."""
        growths = self.growths.get((identity, counter), ())
        return sum(growth.count for growth in growths if growth.at_s > now_s - within_s)

    def rate_per_s(self, identity: str, counter: str, *, at_s: float) -> float:
        """Return the growth per second over the interval that ended with the look at `at_s`; 0 where it did not grow."""
        growths = self.growths.get((identity, counter), ())
        last = growths[-1] if growths and growths[-1].at_s == at_s else None
        return last.count / last.seconds if last and last.seconds > 0 else 0.0
