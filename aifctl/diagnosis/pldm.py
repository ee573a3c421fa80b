"""The header of a firmware package (PLDM for firmware update, DMTF DSP0267), as an unpacker writes it in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aifctl.diagnosis.unreadable import UnreadableError

_MOST_CHARACTERS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a package brings.

    Attributes:
        name: PackageVersionString: `HGX-H100x8_0002_230517.3.0`.
        versions: ComponentIdentifier, lower case (`0xff00`, which Redfish calls SoftwareId) → its versions, in order.
    """

    name: str
    versions: Mapping[str, tuple[str, ...]]


def parse_pldm(data: bytes) -> Package:
    """Return what a package's header says; UnreadableError where it is none, or cut."""
    try:
        header = json.loads(data)
        name = _text(header["PackageHeaderInformation"]["PackageVersionString"])
        found: dict[str, dict[str, None]] = {}
        for identifier, version in _components(header["FirmwareDeviceRecords"]):
            found.setdefault(identifier, {})[version] = None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise UnreadableError(
            f"this is no header of a PLDM firmware package ({type(problem).__name__}: {str(problem)[:80]}); "
            "unpack the package and give the JSON that the unpacker writes"
        ) from problem
    if not found:
        raise UnreadableError(f"the package {name} brings no component")
    return Package(name=name, versions={identifier: tuple(those) for identifier, those in found.items()})


def _components(records: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for record in records:
        for component in record["Components"]:
            yield _text(component["ComponentIdentifier"]).lower(), _text(component["ComponentVersionString"])


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _MOST_CHARACTERS or not value.isprintable():
        raise TypeError(f"{str(value)[:40]!r} is no text")
    return value.strip()
