"""Was the kernel booted with the arguments that the site wants?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_REQUIRED, _FORBIDDEN = "kernel.required_arguments", "kernel.forbidden_arguments"


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    said = case.profile.expectations if case.profile else {}
    required, forbidden = said.get(_REQUIRED), said.get(_FORBIDDEN)
    if required is None and forbidden is None:
        raise NeutralError("kernel arguments")
    words = told(node.kernel_command_line, "kernel command line").split()
    missing = [one for one in required.value if one not in words] if required else []
    if required and missing:
        message = f"the kernel was booted without {', '.join(missing)}"
        yield node_finding(
            "kernel-command-line", "missing", message, result=Result.WATCH, action=Action.FIX, observed=missing,
            expected=required,
        )  # fmt: skip
    there = (
        [one for one in forbidden.value if one in words or any(word.startswith(f"{one}=") for word in words)]
        if forbidden
        else []
    )
    if forbidden and there:
        message = f"the kernel was booted with {', '.join(there)}, which it should not be"
        yield node_finding(
            "kernel-command-line", "forbidden", message, result=Result.WATCH, action=Action.FIX, observed=there,
            expected=forbidden,
        )  # fmt: skip


CHECK = Check(
    name="kernel-command-line",
    about="The kernel was booted with what the site wants, and without what it does not.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(
        Threshold(key=_REQUIRED, type=list, optional=True, about="words that the command line must have: iommu=pt"),
        Threshold(key=_FORBIDDEN, type=list, optional=True, about="words, or names before a =, that it must not have"),
    ),
    detail="Judged only where a site's profile says so.",
)
