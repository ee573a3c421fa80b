"""Are as many huge pages set aside as the site wants?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import CannotTellError, NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_WANTED = "memory.hugepages"


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    wanted = case.profile.expectations.get(_WANTED) if case.profile else None
    if wanted is None:
        raise NeutralError("huge pages")
    found = told(node.hugepages, "huge pages")
    for entry in wanted.value:
        size, _, least = entry.partition(":")
        if not least.isdecimal():
            raise CannotTellError("huge pages", f"the profile says {entry!r}, which is no KIB:COUNT")
        if found.get(size, 0) < int(least):
            said = f"{found.get(size, 0)} huge pages of {size} KiB are set aside, not {least}"
            yield node_finding(
                "hugepages",
                size,
                said,
                result=Result.WATCH,
                action=Action.FIX,
                observed=found.get(size, 0),
                expected=wanted,
            )


CHECK = Check(
    name="hugepages",
    about="As many huge pages are set aside as the site wants.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(Threshold(key=_WANTED, type=list, optional=True, about="KIB:COUNT of each size: 2048:1024"),),
    detail="Judged only where a site's profile says so.",
)
