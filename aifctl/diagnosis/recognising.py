"""Which tool made a text, by what stands in it and never by the file's name; and the reading that it comes to."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.ibstat import parse_ibstat
from aifctl.diagnosis.kernel_text import looks_like_kernel_log, parse_kernel_text
from aifctl.diagnosis.lspci import parse_lspci
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.smart import parse_nvme_list, parse_smart_log_json, parse_smartctl
from aifctl.diagnosis.smi_csv import looks_like_smi_csv, parse_smi_csv
from aifctl.diagnosis.smi_nvlink import parse_smi_list, parse_smi_nvlink
from aifctl.diagnosis.smi_says import add_said, parse_smi_failure
from aifctl.diagnosis.smi_text import parse_smi_text
from aifctl.diagnosis.smi_xml import parse_smi_xml
from aifctl.diagnosis.unreadable import UnreadableError

#: A node's log of a month fits; what is longer is looked at by whoever cuts it.
_MOST_BYTES = 64 << 20
_GZIP, _GZIP_WINDOW = b"\x1f\x8b", 31
#: What Windows' shell makes of what it redirects; what a tool writes to a terminal.
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")

#: How much of a text is looked at to tell what it is, and how many lines of that.
_SNIFFED = 1 << 16
_SNIFFED_LINES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a text is, and how it is read.

    Attributes:
        kind: nvidia-smi-xml, nvidia-smi-text, nvidia-smi-csv, nvlink-s, nvidia-smi-L, nvidia-smi-failure, ibstat, lspci,
            kernel, smartctl, nvme-smart-log, nvme-list.
        section: what it is of a reading.
        parse: makes the reading; raises UnreadableError where the text is not what it looks like, or is cut.
    """

    kind: str
    section: SectionName
    parse: Callable[[], Reading]


def recognise(data: bytes) -> Recognised:
    """Recognise a text, compressed with gzip or not.

    Raises:
        UnreadableError: it is none that we know, or too long.
    """
    text = _text(data)
    head = _Head(text)
    found = next((one for one in _FORMATS if one.is_it(head)), None)
    if found is None:
        raise UnreadableError(_SUMMARY if "| NVIDIA-SMI " in head.text[:_SNIFFED] else _UNKNOWN)
    return Recognised(kind=found.kind, section=found.section, parse=partial(_reading, found, text))


def reading_of_text(data: bytes) -> Reading:
    """Return what a text comes to; of one that is cut or garbled that its section could not be read, code `garbled`.

    Raises:
        UnreadableError: it is none that we know, or too long.
    """
    found = recognise(data)
    try:
        return found.parse()
    except UnreadableError as problem:
        end = SectionEnd(status=SectionStatus.ERROR, code="garbled", message=str(problem))
        return Reading(probe=found.kind, ends={found.section: end})


_SUMMARY = "nvidia-smi's summary leaves out what matters: take the output of nvidia-smi -q -x instead"
_UNKNOWN = "the text is none that is known: nvidia-smi, ibstat, lspci, smartctl -j, a kernel's log"


@dataclass(frozen=True, slots=True)
class _Format:
    kind: str
    section: SectionName
    is_it: Callable[[_Head], bool]
    parse: Callable[[str], Any]


class _Head:
    """The beginning of a text, as it is sniffed at."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = [line.strip() for line in text[:_SNIFFED].split("\n", _SNIFFED_LINES)[:_SNIFFED_LINES]]

    def any_line(self, form: re.Pattern[str]) -> bool:
        return any(form.match(line) for line in self.lines)


def _text(data: bytes) -> str:
    if data.startswith(_GZIP):
        data = _inflated(data)
    if len(data) > _MOST_BYTES:
        raise UnreadableError(f"the text is longer than {_MOST_BYTES >> 20} MiB")
    encoding = "utf-16" if data.startswith(_UTF_16) else "utf-8"
    text = data.decode(encoding, "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    return _COLOUR.sub("", text) if "\x1b" in text else text


def _inflated(data: bytes) -> bytes:
    inflating = zlib.decompressobj(_GZIP_WINDOW)
    try:
        made = inflating.decompress(data, _MOST_BYTES + 1)
    except zlib.error as problem:
        raise UnreadableError(f"the file begins like gzip and is none: {problem}") from problem
    if len(made) <= _MOST_BYTES and not inflating.eof:
        raise UnreadableError("the gzip file is cut")
    return made


def _reading(format_: _Format, text: str) -> Reading:
    made = format_.parse(text)
    if isinstance(made, SectionEnd):
        return Reading(probe=format_.kind, ends={format_.section: made})
    ends = {format_.section: SectionEnd(status=SectionStatus.OK)}
    return Reading(probe=format_.kind, ends=ends, **{format_.section.value: made})


def _parse_failure(text: str) -> GpuSection | SectionEnd:
    """Return what a refusal tells of GPUs, which is evidence: that there is none, or which is lost; else the refusal."""
    end = parse_smi_failure(text)
    if end is None:
        raise UnreadableError("the text is no refusal of nvidia-smi")
    if end.code == "no-devices":
        return GpuSection(source="nvidia-smi", told_count=0)
    lost = add_said(GpuSection(source="nvidia-smi"), text)
    return lost if lost.gpus else end


_GPU_LINE = re.compile(r"GPU \d+: .* \(UUID: GPU-", re.ASCII)
_LINK_LINE = re.compile(r"Link \d+: |.*all links are inactive", re.ASCII | re.IGNORECASE)
_ADAPTER = re.compile(r"(?:\S{1,80}: )?(?:CA '[^']{1,80}'|ibpanic:)", re.ASCII)
_DEVICE = re.compile(r"(?:\S{1,80}: )?(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] \S", re.ASCII)


def _is_smartctl(head: _Head) -> bool:
    return head.text.lstrip()[:1] == "{" and '"smartctl"' in head.text[:_SNIFFED]


def _is_kernel_log(head: _Head) -> bool:
    return looks_like_kernel_log(head.text[:_SNIFFED].split("\n", _SNIFFED_LINES)[:_SNIFFED_LINES])


def _is_smart_log(head: _Head) -> bool:
    return (
        head.text.lstrip()[:1] == "{"
        and '"critical_warning"' in head.text[:_SNIFFED]
        and "spare" in head.text[:_SNIFFED]
    )


def _is_nvme_list(head: _Head) -> bool:
    return head.text.lstrip()[:1] == "{" and '"Devices"' in head.text[:_SNIFFED]


def _is_nvlink(head: _Head) -> bool:
    return head.any_line(_GPU_LINE) and head.any_line(_LINK_LINE)


#: In this order: what is marked without a doubt first, what is told by the look of its lines last.
_FORMATS: tuple[_Format, ...] = (
    _Format("nvidia-smi-xml", SectionName.GPU, lambda head: "<nvidia_smi_log" in head.text, parse_smi_xml),
    _Format("nvidia-smi-text", SectionName.GPU, lambda head: "=NVSMI LOG=" in head.text[:_SNIFFED], parse_smi_text),
    _Format("kernel", SectionName.KERNEL, _is_kernel_log, parse_kernel_text),
    _Format("smartctl", SectionName.HOST, _is_smartctl, parse_smartctl),
    _Format("nvme-smart-log", SectionName.HOST, _is_smart_log, parse_smart_log_json),
    _Format("nvme-list", SectionName.HOST, _is_nvme_list, parse_nvme_list),
    _Format("ibstat", SectionName.PORT, lambda head: head.any_line(_ADAPTER), parse_ibstat),
    _Format("nvlink-s", SectionName.GPU, _is_nvlink, parse_smi_nvlink),
    _Format("nvidia-smi-L", SectionName.GPU, lambda head: head.any_line(_GPU_LINE), parse_smi_list),
    _Format("lspci", SectionName.PCI, lambda head: head.any_line(_DEVICE), parse_lspci),
    _Format("nvidia-smi-csv", SectionName.GPU, lambda head: any(map(looks_like_smi_csv, head.lines)), parse_smi_csv),
    _Format(
        "nvidia-smi-failure", SectionName.GPU, lambda head: parse_smi_failure(head.text) is not None, _parse_failure
    ),
)
