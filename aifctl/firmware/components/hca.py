"""The firmware of an HCA."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.versions import HCA
from aifctl.fleet.baseline import Activation


def _parts(reading: Reading) -> Iterator[Part]:
    seen = set()
    for port in reading.port.ports if reading.port else ():
        if port.device not in seen:
            seen.add(port.device)
            kind = port.hca_type if isinstance(port.psid, Absent) else port.psid
            yield Part(
                subject=f"hca:{port.device}",
                kind="" if isinstance(kind, Absent) else kind,
                running=port.firmware_version,
            )


COMPONENT = Component(
    name="hca",
    about="Firmware of each HCA (ConnectX, BlueField), by its PSID.",
    section=SectionName.PORT,
    parts=_parts,
    scheme=HCA,
    activation=Activation.REBOOT,
    alike=True,
    redfish="CX7",
    detail="Running: sysfs, fw_ver and board_id, which anyone may read. An update is flashed beside it and runs after "
    "mlxfwreset or a cold boot; mlxfwmanager calls a card up to date that still runs the old one.",
)
