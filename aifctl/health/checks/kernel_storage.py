"""Does the kernel report errors of disks and file systems?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelEvent, KernelSection, time_of
from aifctl.diagnosis.kernel_findings import kernel_finding, no_events, of_kind
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE, kernel

_DEGRADED = (Result.DEGRADED, Action.DRAIN)
_SAYS = {
    ("disk", "gone"): ((Result.FAULT, Action.RMA), "does not answer any more"),
    ("disk", "error"): (_DEGRADED, "has not read or written what it was to"),
    ("filesystem", "read-only"): ((Result.FAULT, Action.DRAIN), "was made read-only after an error"),
    ("filesystem", "error"): (_DEGRADED, "has errors in its file system"),
}


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    by_device: dict[tuple[str, str, str], list[KernelEvent]] = {}
    for event in of_kind(case, "disk", "filesystem"):
        key = (event.kind, str(event.facts.get("severity")), str(event.facts.get("device", "")))
        by_device.setdefault(key, []).append(event)
    for (kind, severity, device), events in sorted(by_device.items()):
        if (kind, severity) in _SAYS:
            verdict, said = _SAYS[kind, severity]
            code = f"{kind}-{severity}"
            yield kernel_finding("kernel-storage", f"disk:{device}", code, verdict, f"{device} {said}", events)
    yield from _silent_servers(of_kind(case, "filesystem"))


def _silent_servers(events: list[KernelEvent]) -> Iterator[Finding]:
    """A server that has answered since is no trouble any more."""
    for server in sorted({str(event.facts["server"]) for event in events if "server" in event.facts}):
        of_server = [event for event in events if event.facts.get("server") == server]
        silent = [event for event in of_server if event.facts.get("severity") == "warning"]
        again = [event for event in of_server if event.facts.get("severity") == "info"]
        if silent and not (again and (time_of(again[-1]) or 0.0) >= (time_of(silent[-1]) or 0.0)):
            verdict, message = (Result.WATCH, Action.WATCH), f"the file server {server} does not answer"
            yield kernel_finding("kernel-storage", NODE, f"silent-{server}", verdict, message, silent)


CHECK = Check(
    name="kernel-storage",
    about="The kernel reports no error of a disk or a file system.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="By device: NVMe disks that are gone, errors of reading and writing, file systems with errors or made read-only "
    "for one. An NFS server that does not answer is watched until it does: whether the mount hangs is another check's.",
    moving=True,
    all_fine=no_events,
    explained_by=("disk-health",),
)
