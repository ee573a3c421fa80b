"""What the kernel said: lines of one boot, and what we understand of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aifctl.diagnosis.absent import Absent


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelEvent:
    """One line that means something.

    Attributes:
        kind: xid, sxid, gpu-lost (fallen off the bus without an Xid), gpu-init (the driver could not start the GPU), aer,
            mce, edac, mlx5, oom, panic, hung-task, lockup, link-flap (a link that was up went down), peermem, filesystem,
            disk, nvml-mismatch, segfault, driver-load.
        at_s: seconds since the epoch; None where the text tells no date.
        monotonic_s: seconds since boot; None where not told.
        number: the Xid's or SXid's.
        pci_address: the device's, as elsewhere; "" where none was named.
        text: the line, its time stamp cut off; at most 500 characters, printable.
        facts: what else was understood, JSON-able, each only where the line tells it:
            xid: pid, process, gpc, tpc, sm, link, registers (Xid 74: seven numbers), action (Xid 154: none, gpu-reset,
            node-reboot, drain-p2p, drain-and-reset), previous (Xid 45: the number that it follows), uuid, instance (MIG).
            sxid: severity (fatal, nonfatal), switch, link, always (fatal whatever severity the line tells).
            aer: severity (corrected, nonfatal, fatal), layer. mce: severity (corrected, uncorrected, fatal, thermal).
            edac: severity (corrected, uncorrected), count. mlx5: severity (fatal, error, warning).
            peermem: severity (info: after a killed process it means nothing; error).
            oom, hung-task, segfault, lockup: process, pid; hung-task, lockup: seconds; oom: cgroup; segfault: library.
            panic: severity (panic, oops). link-flap: interface. driver-load: version.
            filesystem: severity (error, read-only, warning), device or server. disk: device, severity (error, gone).
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


def time_of(event: KernelEvent) -> float | None:
    """Return an event's time, since boot where that is told."""
    return event.monotonic_s if event.monotonic_s is not None else event.at_s
