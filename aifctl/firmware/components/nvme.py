"""The firmware of an NVMe disk."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.versions import OPAQUE
from aifctl.fleet.baseline import Activation


def _parts(reading: Reading) -> Iterator[Part]:
    disks = reading.host.disks if reading.host else ()
    for disk in () if isinstance(disks, Absent) else disks:
        if disk.name.startswith("nvme"):
            yield Part(
                subject=disk.subject,
                kind="" if isinstance(disk.model, Absent) else disk.model.strip(),
                running=disk.firmware_version,
                identity="" if isinstance(disk.serial, Absent) else disk.serial,
            )


COMPONENT = Component(
    name="nvme",
    about="Firmware of each NVMe disk, by its model.",
    section=SectionName.HOST,
    parts=_parts,
    scheme=OPAQUE,
    activation=Activation.REBOOT,
    alike=True,
    detail="GDC5602Q, EDA78F2Q: another text is another version, and neither is newer.",
)
