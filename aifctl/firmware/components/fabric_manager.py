"""The fabric manager."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.subjects import NODE
from aifctl.diagnosis.versions import NUMBERS
from aifctl.fleet.baseline import Activation


def _parts(reading: Reading) -> Iterator[Part]:
    if reading.host is not None:
        yield Part(subject=NODE, running=reading.host.fabric_manager_version)


COMPONENT = Component(
    name="fabric-manager",
    about="NVIDIA fabric manager that is installed.",
    section=SectionName.HOST,
    parts=_parts,
    scheme=NUMBERS,
    activation=Activation.RELOAD,
    detail="It must be the driver's very version; the check fabric-manager-version compares the two.",
)
