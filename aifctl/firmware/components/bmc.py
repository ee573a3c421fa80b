"""The BMC."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.subjects import NODE
from aifctl.diagnosis.versions import NUMBERS
from aifctl.fleet.baseline import Activation


def _parts(reading: Reading) -> Iterator[Part]:
    if reading.host is not None:
        yield Part(subject=NODE, running=reading.host.bmc_version)


COMPONENT = Component(
    name="bmc",
    about="Baseboard management controller.",
    section=SectionName.HOST,
    parts=_parts,
    scheme=NUMBERS,
    activation=Activation.BMC_RESET,
    redfish="HostBMC_",
    detail="In band where the IPMI driver is loaded. A DGX H100 was seen whose inventory and manager differ in the last field.",
)
