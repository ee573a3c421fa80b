"""The InfoROM image of a GPU."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.gpu_parts import gpu_parts
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.versions import OPAQUE
from aifctl.fleet.baseline import Activation


def _parts(reading: Reading) -> Iterator[Part]:
    yield from gpu_parts(reading, "inforom_image_version")


COMPONENT = Component(
    name="gpu-inforom",
    about="InfoROM image of each GPU.",
    section=SectionName.GPU,
    parts=_parts,
    scheme=OPAQUE,
    activation=Activation.DC_CYCLE,
    alike=True,
    redfish="HGX_InfoROM_GPU_SXM_",
    detail="G520.0200.00.05 on every H100 SXM seen; G548 is a GB200. Equal or not is all that is known of two images.",
)
