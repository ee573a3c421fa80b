"""The firmware of a GPU's system processor."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.gpu_parts import gpu_parts
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.versions import NUMBERS
from aifctl.fleet.baseline import Activation


def _parts(reading: Reading) -> Iterator[Part]:
    yield from gpu_parts(reading, "gsp_firmware_version")


COMPONENT = Component(
    name="gpu-gsp",
    about="Firmware of each GPU's system processor (GSP), which the driver brings.",
    section=SectionName.GPU,
    parts=_parts,
    scheme=NUMBERS,
    activation=Activation.RELOAD,
    alike=True,
    detail="It is the driver's own version wherever GSP is on; N/A is GSP switched off.",
)
