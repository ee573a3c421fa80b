"""Do the adapters say in the kernel's log that they are unwell?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelEvent, KernelSection
from aifctl.diagnosis.kernel_findings import kernel_finding, no_events, of_kind
from aifctl.diagnosis.lasting_events import BOOTING_S
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import kernel

_VERDICTS = {
    "fatal": (Result.FAULT, Action.DRAIN, "its firmware has failed"),
    "error": (Result.DEGRADED, Action.DRAIN, "its firmware reports an error"),
    "warning": (Result.WATCH, Action.WATCH, "it is too hot"),
    "cable-error": (Result.WATCH, Action.CABLE, "its cable or transceiver reports an error"),
    "unplugged": (Result.WATCH, Action.CABLE, "its cable was unplugged while the node ran"),
}


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    by_place: dict[tuple[str, str], list[KernelEvent]] = {}
    for event in of_kind(case, "mlx5"):
        code = str(event.facts.get("what") or event.facts.get("severity"))
        if code in _VERDICTS and not (code == "unplugged" and (event.monotonic_s or 0.0) < BOOTING_S):
            by_place.setdefault((event.pci_address, code), []).append(event)
    for (address, code), events in sorted(by_place.items()):
        result, action, said = _VERDICTS[code]
        message = f"the adapter at {address}: {said}"
        yield kernel_finding("mlx5-log", f"pci:{address}", code, (result, action), message, events)


CHECK = Check(
    name="mlx5-log",
    about="The adapters report no trouble of their own in the kernel's log.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="mlx5_core's own health monitor, by severity. What every healthy boot says is none of it: a slot's power (27W), "
    "links that come up, ports without a cable.",
    moving=True,
    all_fine=no_events,
    explained_by=("pci-lost",),
)
