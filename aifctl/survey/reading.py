"""From an envelope to a Reading: each section by its own parser, one that can't be read taking no other down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.gpu_data import parse_gpu_data
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_data import Part, parse_host
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.kernel_data import moved, parse_kernel_data
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.sysfs_pci import parse_sysfs_pci
from aifctl.diagnosis.sysfs_ports import parse_sysfs_ports
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.survey.envelope import Envelope, RawSection

_MESSAGE_MOST = 300

_PARSERS: Mapping[SectionName, Callable[[Mapping[str, Any]], Any]] = {
    SectionName.GPU: parse_gpu_data,
    SectionName.PORT: parse_sysfs_ports,
    SectionName.PCI: parse_sysfs_pci,
    SectionName.KERNEL: parse_kernel_data,
}
#: A node's clock that is off by more moves the times of what its kernel said; what is less is the way there and back.
_CLOCK_OFF_S = 5.0
#: Sections of the probe that are one section of a reading.
_OF_HOST = ("host", "mounts", "units", "clock", "disks")


def read_envelope(envelope: Envelope, *, node: str, at_s: float) -> Reading:
    """Return what one look at one node has told.

    Who answered, and with what clock, are facts in it for checks to judge.

    Args:
        envelope: its reply, opened.
        node: the inventory's name of whom we asked.
        at_s: when the reply came, seconds since the epoch, by our own clock.
    """
    read = {name: _read(envelope.sections.get(name.value), parse) for name, parse in _PARSERS.items()}
    read[SectionName.HOST] = _read_host(envelope)
    parts = {name.value: part for name, (_, part) in read.items()}
    kernel, off_s = parts[SectionName.KERNEL], at_s - (envelope.node_clock_s or at_s)
    if isinstance(kernel, KernelSection) and abs(off_s) > _CLOCK_OFF_S:
        parts[SectionName.KERNEL] = moved(kernel, off_s)
    return Reading(
        node=node,
        at_s=at_s,
        node_clock_s=envelope.node_clock_s,
        boot_id=envelope.boot_id,
        probe=envelope.probe,
        ends={name: end for name, (end, _) in read.items()},
        **parts,
    )


def _read(raw: RawSection | None, parse: Callable[[Mapping[str, Any]], Any]) -> tuple[SectionEnd, Any]:
    if raw is None:
        return SectionEnd(status=SectionStatus.ERROR, code="garbled", message="the reply says nothing of it"), None
    end = _end(raw)
    if raw.status is not SectionStatus.OK:
        return end, None
    try:
        return end, parse(raw.data)
    except UnreadableError as problem:
        return _garbled(str(problem), raw.took_s), None
    except Exception as bug:  # noqa: BLE001 - a bug in one parser is that section's error, for everybody to see; the others count
        return _garbled(f"reading it failed: {type(bug).__name__}: {bug}", raw.took_s), None


def _read_host(envelope: Envelope) -> tuple[SectionEnd, Host | None]:
    """Read the node itself, which five sections tell of."""
    parts = {
        name: Part(end=_end(raw), data=raw.data)
        for name in _OF_HOST
        if (raw := envelope.sections.get(name)) is not None
    }
    try:
        end, host = parse_host(parts)
    except Exception as bug:  # noqa: BLE001 - as above
        return _garbled(f"reading it failed: {type(bug).__name__}: {bug}", 0.0), None
    return end, host and replace(host, probe_left=envelope.probe_left)


def _end(raw: RawSection) -> SectionEnd:
    return SectionEnd(status=raw.status, code=raw.code, message=raw.message, took_s=raw.took_s)


def _garbled(sentence: str, took_s: float) -> SectionEnd:
    message = printable_line(sentence)[:_MESSAGE_MOST]
    return SectionEnd(status=SectionStatus.ERROR, code="garbled", message=message, took_s=took_s)
