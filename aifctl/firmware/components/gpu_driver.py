"""The GPU driver."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.subjects import NODE
from aifctl.diagnosis.versions import NUMBERS
from aifctl.fleet.baseline import Activation


def _parts(reading: Reading) -> Iterator[Part]:
    if reading.gpu is not None:
        yield Part(subject=NODE, running=reading.gpu.driver_version)


COMPONENT = Component(
    name="gpu-driver",
    about="GPU driver that is loaded.",
    section=SectionName.GPU,
    parts=_parts,
    scheme=NUMBERS,
    activation=Activation.REBOOT,
    detail="nvmlSystemGetDriverVersion: what is loaded, not what a package manager installed since.",
)
