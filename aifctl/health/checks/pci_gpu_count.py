"""Are all GPUs on the bus, and does the driver see all that are?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import CannotTellError, known
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.pci import PciSection
from aifctl.diagnosis.pci_tree import gpus_on_bus
from aifctl.diagnosis.pcie_links import pci_section
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.recurring import NEEDS
from aifctl.diagnosis.subjects import NODE


def _judge(section: PciSection, case: Case) -> Iterator[Finding]:
    on_bus = [gpu.address for gpu in gpus_on_bus(section)]
    if case.profile is None and not on_bus:
        return
    yield from _driver_side(section, case)
    if not section.complete:
        raise CannotTellError("all GPUs", f"the list of devices ends after {len(on_bus)}")
    expected = case.expect("gpu.count")
    if len(on_bus) < expected.value:
        yield Finding(
            check="pci-gpu-count",
            subject=NODE,
            code="bus",
            result=Result.FAULT,
            action=Action.REBOOT,
            message=f"{len(on_bus)} of {expected.value} GPUs are on the PCI bus: hardware, not the driver; if one is still "
            "missing after power was off and on it is to be replaced",
            observed=len(on_bus),
            expected=expected.value,
            source=expected.source,
            facts={"on_bus": on_bus},
        )


def _driver_side(section: PciSection, case: Case) -> Iterator[Finding]:
    gpus = case.reading.gpu
    if gpus is None:
        return
    seen = {gpu.pci_address for gpu in gpus.gpus}
    answering = [gpu.address for gpu in gpus_on_bus(section) if gpu.revision_ff is not True]
    unseen = [address for address in answering if address not in seen]
    # A GPU that has no address told may be any of them; one that was excluded is left alone on purpose.
    if len(unseen) <= known(gpus.excluded_count, 0) + sum(not address for address in seen):
        return
    yield Finding(
        check="pci-gpu-count",
        subject=NODE,
        code="driver",
        result=Result.FAULT,
        action=Action.REBOOT,
        message=f"the PCI bus shows {len(answering)} GPUs that answer and the driver {len(answering) - len(unseen)}: it has "
        f"not taken {', '.join(unseen[:8])}",
        observed=len(answering) - len(unseen),
        expected=len(answering),
        source="the node's own PCI bus",
        facts={"unseen": unseen},
    )


CHECK = Check(
    name="pci-gpu-count",
    about="The PCI bus shows as many GPUs as the node's kind has, and the driver sees each of them.",
    section=SectionName.PCI,
    subjects=pci_section,
    judge=_judge,
    needs=(Threshold(key="gpu.count", type=int, low=1, high=16, about="GPUs that the node has"), *NEEDS),
    detail="Fewer on the bus is hardware; fewer with the driver than on the bus is the driver's or the GPU's own failure to "
    "start. Both begin with a reboot, a second time it is to be replaced.",
    again={"bus": "missing", "driver": "missing"},
    explained_by=("pci-lost",),
)
