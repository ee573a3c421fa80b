"""What systemctl told the probe: services by unit, and the units that have failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.alike import Alike
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_UNITS, _LONGEST = 256, 120
_SUFFIXES = (".service", ".socket", ".timer", ".mount", ".target", ".path", ".slice", ".scope", ".automount", ".swap",
             ".device")  # fmt: skip

#: What systemctl says of the same units is the same text on every node where they run.
_READ: Alike[Mapping[str, Any]] = Alike(most_count=256, longest_bytes=16384)


def parse_units(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return {"services": unit → ActiveState or `missing`, "failed_units": ...}.

    A unit stands under each of its names: chrony.service is chronyd.service on Debian.

    Raises:
        UnreadableError: it is not what `onnode/probe/sections/units.py` makes.
    """
    show, failed = data.get("show"), data.get("failed")
    if not isinstance(show, str) or not isinstance(failed, str):
        raise UnreadableError("the units section has not what systemctl says")
    return _READ.made([show, failed], lambda: _parse(show, failed))


def _parse(show: str, failed: str) -> Mapping[str, Any]:
    return {"services": dict(_services(show)), "failed_units": tuple(sorted(set(_failed(failed))))}


def unit_name(name: str) -> str:
    """Return a unit's whole name: systemctl takes `chrony` for chrony.service."""
    return name if name.endswith(_SUFFIXES) else f"{name}.service"


def _services(show: str) -> Iterator[tuple[str, str]]:
    for block in show.split("\n\n")[:_MOST_UNITS]:
        told = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        state = "missing" if told.get("LoadState") == "not-found" else told.get("ActiveState", "")
        if "Id" not in told or not state:
            continue
        for name in sorted({told["Id"], *told.get("Names", "").split()[:8]}):
            yield printable_line(name[:_LONGEST]), printable_line(state[:_LONGEST])


def _failed(failed: str) -> Iterator[str]:
    """Yield the first word of each line; before it may stand a dot that is drawn for people."""
    for line in failed.splitlines()[:_MOST_UNITS]:
        words = [word for word in line.split()[:2] if word.endswith(_SUFFIXES)]
        if words:
            yield printable_line(words[0][:_LONGEST])
