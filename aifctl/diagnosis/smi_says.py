"""Sentences of nvidia-smi that stand beside its tables: GPUs that it can't reach, warnings; and its refusal as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from aifctl.core.printable import printable_line
from aifctl.diagnosis import smi_values as values
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.reading import SectionEnd, SectionStatus
from aifctl.diagnosis.smi_gpu import in_order, lost_gpu
from aifctl.diagnosis.unreadable import UnreadableError

#: nvidia-smi gives 27 KB a GPU in XML.
MOST_CHARACTERS = 8 << 20

_MOST_LINES = 2000
_LONGEST_LINE = 500
_MOST_LOST = 64

_UNREACHED = re.compile(
    r"unable to determine the device handle for gpu ?(?:\d+: ?)?([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]):? ?(.*)",
    re.IGNORECASE | re.ASCII,
)
_CORRUPT = re.compile(
    r"infoROM is corrupted at gpu ([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])", re.IGNORECASE | re.ASCII
)

#: What nvidia-smi prints instead of everything else, and what that means.
_FAILURES: tuple[tuple[str, str], ...] = (
    ("driver/library version mismatch", "library-mismatch"),
    ("couldn't communicate with the nvidia driver", "no-driver"),
    ("failed to initialize nvml: driver not loaded", "no-driver"),
    ("failed to initialize nvml: gpu access blocked by the operating system", "denied"),
    ("failed to initialize nvml: insufficient permissions", "denied"),
    ("couldn't find libnvidia-ml", "library-missing"),
    ("nvml shared library not found", "library-missing"),
    ("no devices were found", "no-devices"),
    ("gpu is lost", "gpu-lost"),
    ("unable to determine the device handle for gpu", "gpu-lost"),
    ("failed to initialize nvml", "failed"),
    ("is not a valid field to query", "unknown-field"),
    ("nvidia-smi: command not found", "no-driver"),
)
_LONGEST_FAILURE = 20


def parse_smi_failure(text: str | bytes) -> SectionEnd | None:
    """Return how nvidia-smi failed as a whole: library-mismatch, no-driver, library-missing, denied, no-devices, gpu-lost,
    unknown-field (of a CSV query), failed; None where the text is none of its refusals.

    A refusal is short: in a text of more than 20 lines these words are somebody else's.
    """
    if len(text) > _LONGEST_FAILURE * _LONGEST_LINE:
        return None
    lines = [line for line in text_of(text).split("\n") if line.strip()]
    if len(lines) > _LONGEST_FAILURE:
        return None
    for words, code in _FAILURES:
        said = next((line for line in lines if words in line.casefold()), None)
        if said is not None:
            return SectionEnd(
                status=SectionStatus.ERROR, code=code, message=printable_line(said.strip()[:_LONGEST_LINE])
            )
    return None


def add_said(section: GpuSection, beside: str) -> GpuSection:
    """Return the section with what sentences beside it say of its GPUs: lost ones, corrupt InfoROMs."""
    lines = [line[:_LONGEST_LINE] for line in beside.split("\n", _MOST_LINES)[:_MOST_LINES]]
    corrupt = {values.address(found[1]) for line in lines if (found := _CORRUPT.search(line))}
    there = {gpu.pci_address for gpu in section.gpus}
    lost = {gpu.pci_address: gpu for gpu in unreached(lines) if gpu.pci_address not in there}
    if not corrupt and not lost:
        return section
    gpus = [replace(gpu, inforom_valid=False) if gpu.pci_address in corrupt else gpu for gpu in section.gpus]
    return replace(section, gpus=in_order([*gpus, *list(lost.values())[:_MOST_LOST]]))


def unreached(lines: list[str]) -> Iterator[Gpu]:
    """Yield the GPUs that nvidia-smi found and could not get hold of. Why is in the sentence; it is not there either way."""
    for line in lines:
        found = _UNREACHED.search(line)
        if found is not None:
            yield lost_gpu(values.address(found[1]))


def text_of(text: str | bytes) -> str:
    """Return the text, without a byte order mark; UnreadableError where it is too long to be nvidia-smi's."""
    if len(text) > MOST_CHARACTERS:
        raise UnreadableError(f"the text is longer than {MOST_CHARACTERS >> 20} MiB, which nvidia-smi never prints")
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return decoded.removeprefix("\ufeff")
