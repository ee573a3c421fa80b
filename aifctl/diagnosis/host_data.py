"""The node itself, out of the five sections of the probe that tell of it: each by its own parser, none taking another's down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_disks import parse_disks
from aifctl.diagnosis.host_files import parse_host_files
from aifctl.diagnosis.host_mounts import parse_mounts
from aifctl.diagnosis.host_time import parse_clock
from aifctl.diagnosis.host_units import parse_units
from aifctl.diagnosis.reading import SectionEnd, SectionStatus
from aifctl.diagnosis.unreadable import UnreadableError

#: What each of the sections beside `host` tells.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "mounts": ("filesystems",),
    "units": ("services", "failed_units"),
    "clock": ("clock_synced", "clock_offset_s", "clock_source"),
    "disks": ("disks",),
}

_PARSERS: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    "mounts": parse_mounts,
    "units": parse_units,
    "clock": parse_clock,
    "disks": parse_disks,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section as the node told it: how it ended, and its data where that was well."""

    end: SectionEnd
    data: Mapping[str, Any] = field(default_factory=dict)


def parse_host(parts: Mapping[str, Part]) -> tuple[SectionEnd, Host | None]:
    """Return how the section ended that the others hang on, and all that is known of the node.

    What a section that was not read would have told is absent for its reason; NOT_AVAILABLE where the node has no such
    thing (no systemd). Where `host` itself was not read there is nothing to hang on to, and None.
    """
    main = parts.get("host", _UNSAID)
    if main.end.status is not SectionStatus.OK:
        return main.end, None
    try:
        host = parse_host_files(main.data)
    except UnreadableError as problem:
        return _garbled(main.end, str(problem)), None
    told: dict[str, Any] = {}
    for name in FIELDS:
        told |= _told(name, parts.get(name, _UNSAID))
    return main.end, replace(host, **told)


def _told(name: str, part: Part) -> Mapping[str, Any]:
    if part.end.status is not SectionStatus.OK:
        return dict.fromkeys(FIELDS[name], why_unread(part.end))
    try:
        return _PARSERS[name](part.data)
    except UnreadableError:
        return dict.fromkeys(FIELDS[name], Absent.ERROR)


def why_unread(end: SectionEnd) -> Absent:
    """Return what stands in place of what a section would have told that ended so."""
    if end.status is SectionStatus.NA:
        return Absent.NOT_AVAILABLE
    if end.status is SectionStatus.TIMEOUT:
        return Absent.TIMEOUT
    if end.status is SectionStatus.ABSENT:
        return Absent.MISSING
    return Absent.DENIED if end.code == "denied" else Absent.ERROR


def _garbled(end: SectionEnd, sentence: str) -> SectionEnd:
    return SectionEnd(status=SectionStatus.ERROR, code="garbled", message=sentence, took_s=end.took_s)


_UNSAID = Part(end=SectionEnd(status=SectionStatus.ERROR, code="garbled", message="the reply says nothing of it"))
