"""Do the processors run at full speed?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_GOVERNOR = "cpu.governor"


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    found = told(node.cpu_governor, "CPU governor")
    expected = case.expect(_GOVERNOR)
    if found == expected.value:
        return
    said = f"the CPUs' frequency governor is {found}, not {expected.value}: set it (cpupower frequency-set -g {expected.value})"
    yield node_finding(
        "cpu-governor", "governor", said, result=Result.WATCH, action=Action.FIX, observed=found, expected=expected
    )


CHECK = Check(
    name="cpu-governor",
    about="Every CPU's frequency governor is the expected one.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(Threshold(key=_GOVERNOR, type=str, about="of /sys/devices/system/cpu/*/cpufreq/scaling_governor"),),
    detail="Where the kernel does not steer frequencies (virtual machines, firmware that does it) there is nothing to judge.",
)
