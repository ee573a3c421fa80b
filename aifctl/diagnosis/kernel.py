"""What the kernel said: lines of one boot, and what we understand of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aifctl.diagnosis.absent import Absent


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelEvent:
    """One line that means something.

    Attributes:
        kind: xid, sxid, gpu-lost (fallen off the bus without an Xid), aer, mce, edac, mlx5, oom, panic, hung-task,
            lockup, link-flap (lost carrier), peermem, filesystem, disk, nvml-mismatch, segfault, driver-load.
        at_s: seconds since the epoch; None where the text tells no date.
        monotonic_s: seconds since boot; None where not told.
        number: the Xid's or SXid's.
        pci_address: the device's, as elsewhere; "" where none was named.
        text: the line, its time stamp cut off; at most 500 characters, printable.
        facts: what else was understood, JSON-able: pid, process, gpc, tpc, severity, action (Xid 154), previous, link, …
    """

    kind: str
    at_s: float | None = None
    monotonic_s: float | None = None
    number: int | None = None
    pci_address: str = ""
    text: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSection:
    """Events in order of time.

    Attributes:
        cursor: where the next look begins; "" where the source knows none.
        lines_count: lines looked at, whether understood or not. dropped_count: lines that did not fit the probe's cap.
        first_s: how far back the source reaches, seconds since boot: above 0 the ring buffer has lost the boot's lines.
        complete: False where the text was cut or could not be read to its end.
    """

    source: str
    events: tuple[KernelEvent, ...] = ()
    cursor: str = ""
    lines_count: int = 0
    dropped_count: int = 0
    first_s: float | Absent = Absent.MISSING
    complete: bool = True
