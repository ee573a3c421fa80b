"""Does each GPU stand at its processor, with its HCA beside it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.absent import NEUTRAL, NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.pci import PciDevice, PciSection
from aifctl.diagnosis.pci_tree import bridges_above, by_address, device_subject, gpus_on_bus, is_hca
from aifctl.diagnosis.pcie_links import pci_section
from aifctl.diagnosis.reading import SectionName
from aifctl.fleet.profile import Expectation

_NUMA, _HCAS = "pci.gpu_numa_nodes", "pci.gpu_hcas_least_count"
_DRAIN = (Result.FAULT, Action.DRAIN)
#: What the kernel says of a device whose node no firmware tells.
_NO_NODE = -1


def _judge(section: PciSection, case: Case) -> Iterator[Finding]:
    said = [key for key in (_NUMA, _HCAS) if case.profile is None or key in case.profile.expectations]
    gpus = gpus_on_bus(section)
    if not said or not gpus or any(value in NEUTRAL for gpu in gpus for value in (gpu.numa_node, gpu.upstream)):
        raise NeutralError("where GPUs and HCAs stand")
    if _NUMA in said:
        yield from _nodes(gpus, case.expect(_NUMA))
    if _HCAS in said:
        yield from _beside(gpus, section, case.expect(_HCAS))


def _nodes(gpus: Sequence[PciDevice], expected: Expectation) -> Iterator[Finding]:
    if len(gpus) != len(expected.value):  # which is for pci-gpu-count to say
        return
    for gpu, wanted in zip(gpus, expected.value, strict=True):
        node = told(gpu.numa_node, "NUMA nodes of GPUs")
        if node == _NO_NODE:
            message = "has no NUMA node that the firmware would tell: jobs can't be bound to it; see the BIOS"
            yield _finding(gpu, "numa-untold", (Result.WATCH, Action.FIX), message, node, wanted, expected)
        elif node != wanted:
            message = f"stands at NUMA node {node}, not {wanted}: a board, riser or cable is not where it belongs"
            yield _finding(gpu, "numa", _DRAIN, message, node, wanted, expected)


def _beside(gpus: Sequence[PciDevice], section: PciSection, expected: Expectation) -> Iterator[Finding]:
    devices = by_address(section)
    above = [{one.address for one in bridges_above(hca, devices)} for hca in section.devices if is_hca(hca)]
    for gpu in gpus:
        told(gpu.upstream, "bridges above GPUs")
        bridges = {one.address for one in bridges_above(gpu, devices)}
        count = sum(not bridges.isdisjoint(those) for those in above)
        if count < expected.value:
            _all_told(section)
            message = f"has {count} of {expected.value} HCA(s) under its PCIe switch: its traffic goes by way of the processor"
            yield _finding(gpu, "hca", _DRAIN, message, count, expected.value, expected)


def _all_told(section: PciSection) -> None:
    """Raise CannotTellError where a device that does not tell what and where it is may be the HCA that is missed."""
    for device in section.devices:
        for value in (device.pci_class, device.device_id, device.upstream):
            told(value, f"what {device.address} is, and where")


def _finding(
    gpu: PciDevice, code: str, verdict: tuple[Result, Action], message: str, observed: int, wanted: int,
    expected: Expectation,
) -> Finding:  # fmt: skip
    return Finding(
        check="pci-topology",
        subject=device_subject(gpu),
        code=code,
        result=verdict[0],
        action=verdict[1],
        message=f"the GPU at {gpu.address} {message}",
        observed=observed,
        expected=wanted,
        source=expected.source,
    )


CHECK = Check(
    name="pci-topology",
    about="Each GPU stands at the processor where it belongs, with its HCA under the same PCIe switch.",
    section=SectionName.PCI,
    subjects=pci_section,
    judge=_judge,
    needs=(
        Threshold(
            key=_NUMA, type=list, items=int, low=0, high=255, optional=True,
            about="NUMA node of each GPU, in order of their PCI addresses",
        ),
        Threshold(
            key=_HCAS, type=int, low=1, high=16, optional=True, about="HCAs that share a PCIe switch with each GPU, at least"
        ),
    ),
    detail="Compared are the kernel's NUMA nodes and the bridges that a GPU and an HCA have in common, a root port among them; "
    "an HCA that moved along with its GPU is not seen to be another one. Nodes with fewer GPUs than the profile lists have "
    "their HCAs compared alone.",
    explained_by=("numa", "port-count", "pci-lost", "pci-gpu-count"),
)  # fmt: skip
