"""The kernel."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.subjects import NODE
from aifctl.diagnosis.versions import OPAQUE
from aifctl.fleet.baseline import Activation


def _parts(reading: Reading) -> Iterator[Part]:
    if reading.host is not None:
        yield Part(subject=NODE, running=reading.host.kernel_version)


COMPONENT = Component(
    name="kernel",
    about="Linux kernel that runs.",
    section=SectionName.HOST,
    parts=_parts,
    scheme=OPAQUE,
    activation=Activation.REBOOT,
    detail="uname -r: text and numbers as the distribution writes them.",
)
