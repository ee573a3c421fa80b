"""What the checks of ports and of the PCI tree find in a reading, and the expectations they are tried with."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.judging import Verdict, judge
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.pci import PciSection
from aifctl.diagnosis.port import PortSection
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.remembering import remember
from aifctl.fleet.profile import Expectation, Profile

BOOT = "0b1e5c4e-0000-4000-8000-000000000002"
NAMES = (
    "acs", "gpu_pcie_link", "hca_firmware_agrees", "pci_aer", "pci_gpu_count", "pci_lost", "pci_topology", "pcie_link",
    "port_count", "port_errors", "port_flap", "port_lid", "port_link_layer", "port_rate", "port_state",
)  # fmt: skip
VALUES: Mapping[str, Any] = {
    "gpu.count": 8,
    "gpu.pcie_generation": 5,
    "gpu.pcie_idle_state": 8,
    "gpu.pcie_width": 16,
    "pci.aer_window_s": 86400,
    "pci.gpu_hcas_least_count": 1,
    "pci.gpu_numa_nodes": [0, 0, 0, 0, 1, 1, 1, 1],
    "port.ack_timeouts_per_s": 1,
    "port.count": 8,
    "port.fatal_counters": ["excessive_buffer_overrun_errors", "local_link_integrity_errors", "rnr_nak_retry_err"],
    "port.fatal_window_s": 86400,
    "port.flap_count": 3,
    "port.flap_window_s": 86400,
    "port.link_error_recoveries_per_min": 5,
    "port.link_layer": "infiniband",
    "port.rate_gbits_s": 400,
    "port.receive_errors_per_s": 10,
    "port.symbol_errors_per_h": 120,
    "port.symbol_errors_per_s": 10,
    "port.transmit_discards_per_s": 100,
}

Found = tuple[str, str, str, str]


def profile(**other: Any) -> Profile:
    """An H100's; a keyword's first `__` stands for a dot."""
    values = {**VALUES, **{name.replace("__", "."): value for name, value in other.items()}}
    expectations = {key: Expectation(value=value, source=f"source of {key}") for key, value in values.items()}
    return Profile(name="h100-sxm5", expectations=expectations)


def checks() -> list[Check]:
    found = [importlib.import_module(f"aifctl.health.checks.{name}").CHECK for name in NAMES]
    assert [check.name for check in found] == [name.replace("_", "-") for name in NAMES]
    return found


def reading(
    *,
    ports: PortSection | None = None,
    pci: PciSection | None = None,
    gpus: Sequence[Gpu] | None = None,
    at_s: float = 1000.0,
    boot_id: str = BOOT,
) -> Reading:
    sections = {SectionName.PORT: ports, SectionName.PCI: pci, SectionName.GPU: gpus}
    ok = SectionEnd(status=SectionStatus.OK)
    return Reading(
        at_s=at_s,
        boot_id=boot_id,
        ends={name: ok for name, section in sections.items() if section is not None},
        port=ports,
        pci=pci,
        gpu=None if gpus is None else GpuSection(source="nvml", gpus=tuple(gpus)),
    )


def judged(*looks: Reading, by: Profile | None, only: Sequence[str] = ()) -> Verdict:
    """Judge the last of some looks at one node, by what was remembered of those before it."""
    memory = Memory()
    for look in looks:
        memory = remember(memory, look)
    chosen = [check for check in checks() if not only or check.name in only]
    return judge(Case(reading=looks[-1], profile=by, memory=memory), chosen)


def found(*looks: Reading, by: Profile | None, only: Sequence[str] = ()) -> set[Found]:
    """Return (subject, check, code, result)."""
    return {short(finding) for finding in judged(*looks, by=by, only=only).findings}


def short(finding: Finding) -> Found:
    return finding.subject, finding.check, finding.code, finding.result.value
