"""Does the driver run that the site has approved?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE, gpu_section

_KEY = "gpu.driver_versions"


def _judge(section: GpuSection, case: Case) -> Iterator[Finding]:
    approved = case.profile.expectations.get(_KEY) if case.profile else None
    if approved is None:
        raise NeutralError("approved driver versions")
    version = told(section.driver_version, "driver version")
    if version not in approved.value:
        yield Finding(
            check="driver-version",
            subject=NODE,
            code="not-approved",
            result=Result.DEGRADED,
            action=Action.FIX,
            message=f"driver {version} runs, and approved is {', '.join(approved.value)}",
            observed=version,
            expected=approved.value,
            source=approved.source,
        )


CHECK = Check(
    name="driver-version",
    about="The GPU driver is one that the site has approved.",
    section=SectionName.GPU,
    subjects=gpu_section,
    judge=_judge,
    needs=(Threshold(key=_KEY, type=list, about="approved driver versions", optional=True),),
    detail="Only where a site's profile names versions. A wrong version is a matter for provisioning, never for hands.",
    explained_by=("driver-answers",),
)
