"""Do a node's HCAs of one kind run one firmware?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aifctl.diagnosis.absent import NEUTRAL, Absent, CannotTellError
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.fabric_ports import port_section
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.port import PortSection
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE


def _judge(section: PortSection, _case: Case) -> Iterator[Finding]:
    boards: dict[str, dict[str, list[str]]] = {}
    untold = []
    for port in section.ports:
        kind, version = port.hca_type if isinstance(port.psid, Absent) else port.psid, port.firmware_version
        if isinstance(kind, Absent) or isinstance(version, Absent):
            untold += [why for why in (kind, version) if isinstance(why, Absent) and why not in NEUTRAL]
            continue
        devices = boards.setdefault(kind, {}).setdefault(version, [])
        if port.device not in devices:
            devices.append(port.device)
    for board, versions in boards.items():
        yield from _disagreement(board, versions)
    if untold:
        raise CannotTellError("firmware of all HCAs", untold[0])


def _disagreement(board: str, devices: Mapping[str, list[str]]) -> Iterator[Finding]:
    if len(devices) < 2:  # noqa: PLR2004  two make a disagreement
        return
    common = max(devices, key=lambda version: len(devices[version]))
    others = [f"{version} on {', '.join(named)}" for version, named in sorted(devices.items()) if version != common]
    yield Finding(
        check="hca-firmware-agrees",
        subject=NODE,
        code=board,
        result=Result.WATCH,
        action=Action.FIX,
        message=f"the {board} HCAs run {len(devices)} versions of firmware: {common} on {len(devices[common])}, "
        f"{'; '.join(others)}",
        observed=sorted(devices),
        expected=common,
        source="most of the node's own",
        facts={"devices": {version: tuple(named) for version, named in sorted(devices.items())}},
    )


CHECK = Check(
    name="hca-firmware-agrees",
    about="The HCAs of one kind (PSID) in one node run the same firmware.",
    section=SectionName.PORT,
    subjects=port_section,
    judge=_judge,
    detail="An HCA that was swapped or missed by an update behaves otherwise under load. Where no PSID is told (ibstat) "
    "HCAs of one type are compared.",
)
