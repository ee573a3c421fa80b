"""OFED."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.subjects import NODE
from aifctl.diagnosis.versions import OPAQUE
from aifctl.fleet.baseline import Activation


def _parts(reading: Reading) -> Iterator[Part]:
    if reading.host is not None:
        yield Part(subject=NODE, running=reading.host.ofed_version)


COMPONENT = Component(
    name="ofed",
    about="OFED or DOCA-Host: the RDMA stack that is installed.",
    section=SectionName.HOST,
    parts=_parts,
    scheme=OPAQUE,
    activation=Activation.REBOOT,
    detail="What ofed_info -s says; in-tree drivers have none.",
)
