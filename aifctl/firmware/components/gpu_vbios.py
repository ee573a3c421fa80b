"""The VBIOS of a GPU."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.gpu_parts import gpu_parts
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.versions import HEX_BYTES
from aifctl.fleet.baseline import Activation


def _parts(reading: Reading) -> Iterator[Part]:
    yield from gpu_parts(reading, "vbios_version")


COMPONENT = Component(
    name="gpu-vbios",
    about="VBIOS of each GPU.",
    section=SectionName.GPU,
    parts=_parts,
    scheme=HEX_BYTES,
    activation=Activation.DC_CYCLE,
    alike=True,
    redfish="HGX_FW_GPU_SXM_",
    software_id="0x20",
    detail="Five bytes in hex. Only within one board part number are they an order, and the last byte tells the board's variant: "
    "a baseline lists what may run by part number. NVML: nvmlDeviceGetVbiosVersion.",
)
