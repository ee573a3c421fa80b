"""Kernel logs as readings, and what the checks find in them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.incidents import Incident, fold
from aifctl.diagnosis.judging import Verdict, judge
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.kernel_text import parse_kernel_text
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.remembering import remember
from aifctl.diagnosis.scopes import Ground
from aifctl.sim.hardware.kernel_log import KernelLog, records
from aifctl.wiring.expecting import all_checks
from tests.health.gpu_cases import eight

BOOT = "0b1e5c4e-0000-4000-8000-000000000003"
GPUS = tuple(f"0000:{0x1B + 0x10 * at:02x}:00.0" for at in range(8))
SWITCHES = tuple(f"0000:{at}:00.0" for at in (83, 84, 85, 86))
OK = SectionEnd(status=SectionStatus.OK)

Found = tuple[str, str, str, str]


@cache
def kernel_checks() -> tuple[Check, ...]:
    return tuple(check for check in all_checks() if check.section is SectionName.KERNEL)


def healthy() -> KernelLog:
    return KernelLog.healthy(GPUS, SWITCHES, ("0000:18:00.0", "0000:3a:00.0"), "580.105.08")


def section_of(log: KernelLog) -> KernelSection:
    return parse_kernel_text("".join(records(log)))


def reading(section: KernelSection, *, at_s: float = 1000.0, boot_id: str = BOOT, gpus: bool = True) -> Reading:
    """Return one look at a node with these words of its kernel, and with its eight GPUs by serial."""
    told = GpuSection(source="nvml", gpus=eight()) if gpus else None
    return Reading(node="n1", at_s=at_s, boot_id=boot_id, ends={SectionName.KERNEL: OK}, kernel=section, gpu=told)


def judged(*looks: Reading) -> Verdict:
    """Judge the last of some looks, by what was remembered of those before; nobody knows the node's SKU."""
    memory = Memory()
    for look in looks:
        memory = remember(memory, look)
    return judge(Case(reading=looks[-1], profile=None, memory=memory), kernel_checks())


def findings(log: KernelLog) -> tuple[Finding, ...]:
    return judged(reading(section_of(log))).findings


def found(log: KernelLog) -> set[Found]:
    """Return (subject, check, code, result)."""
    return {short(one) for one in findings(log)}


def short(finding: Finding) -> Found:
    return finding.subject, finding.check, finding.code, finding.result.value


def incidents(those: Sequence[Finding]) -> tuple[Incident, ...]:
    ground = Ground(judged=frozenset({"n1"}), gpu_counts={"n1": 8})
    reasons = {check.name: check.explained_by for check in all_checks() if check.explained_by}
    return fold(those, ground, explained_by=reasons)
