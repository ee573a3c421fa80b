"""The system BIOS."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.subjects import NODE
from aifctl.diagnosis.versions import NUMBERS_IN_TEXT
from aifctl.fleet.baseline import Activation


def _parts(reading: Reading) -> Iterator[Part]:
    if reading.host is not None:
        yield Part(subject=NODE, running=reading.host.bios_version)


COMPONENT = Component(
    name="bios",
    about="System BIOS, by the board's own word (DMI).",
    section=SectionName.HOST,
    parts=_parts,
    scheme=NUMBERS_IN_TEXT,
    activation=Activation.REBOOT,
    redfish="HostBIOS_",
    detail="The BMC of a DGX writes 01.01.03 where DMI writes 1.1.3; Supermicro writes a date and 'Ver 1.4'.",
)
