"""Has the kernel died lately?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from aifctl.diagnosis.absent import Absent, NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_WINDOW = "panic.window_s"
_DAY_S = 86400.0


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    if node.panics is Absent.DENIED:
        raise NeutralError("records of panics")
    records = told(node.panics, "records of panics")
    if not records:
        return
    window = case.expect(_WINDOW)
    times = {name: float(at_s) for name, _, at_s in (record.rpartition("@") for record in records) if at_s.isdecimal()}
    recent = {name: at_s for name, at_s in times.items() if at_s > case.reading.at_s - window.value}
    if recent:
        last_s = min(max(recent.values()), case.reading.at_s)
        when = f"{datetime.fromtimestamp(last_s, UTC):%Y-%m-%d %H:%M} UTC"
        said = f"the kernel left {len(recent)} record(s) of its death in the last {window.value / _DAY_S:g} days, the last at {when}"
        yield node_finding(
            "panic-records", "record", said, result=Result.WATCH, action=Action.WATCH, observed=sorted(recent)[:8],
            expectation=[], source=window.source, at_s=last_s,
        )  # fmt: skip


CHECK = Check(
    name="panic-records",
    about="The kernel has not died lately.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(
        Threshold(
            key=_WINDOW, type=float, low=3600, high=31536000, about="seconds that such a record is held against it"
        ),
    ),
    detail="From what the kernel leaves in pstore, and systemd in /var/lib/systemd/pstore. Both take root: a node that is "
    "looked at as another user is not judged.",
    moving=True,
)
