"""Are the kernel modules loaded that GPUs and fabric need?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_REQUIRED, _WANTED = "module.required", "module.wanted"


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    loaded = told(node.modules, "kernel modules")
    for key, result in ((_REQUIRED, Result.DEGRADED), (_WANTED, Result.WATCH)):
        expected = case.expect(key)
        for name in expected.value:
            if name.replace("-", "_") not in loaded and name not in loaded:
                said = f"the kernel module {name} is not loaded: modprobe {name}"
                yield node_finding(
                    "modules", name, said, result=result, action=Action.FIX, observed="not loaded", expectation="loaded",
                    source=expected.source,
                )  # fmt: skip


CHECK = Check(
    name="modules",
    about="The kernel modules are loaded that GPUs and fabric need.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(
        Threshold(key=_REQUIRED, type=list, about="modules without which nothing works"),
        Threshold(key=_WANTED, type=list, about="modules without which something is slow: nvidia_peermem"),
    ),
    detail="What is built into the kernel counts as loaded. nvidia_peermem lets HCAs reach GPU memory; with the open driver "
    "dma-buf does so as well, which can't be seen from here: a site that uses it leaves it out of module.wanted.",
    explained_by=("driver-answers",),
)
