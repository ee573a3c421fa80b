"""What `nvidia-smi -q` prints, as the GPU section of a reading: a tree by indentation, any driver's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aifctl.diagnosis import smi_values as values
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.smi_format import Format
from aifctl.diagnosis.smi_gpu import Told, in_order, parse_told
from aifctl.diagnosis.smi_says import add_said, text_of
from aifctl.diagnosis.unreadable import UnreadableError

_MARK = "=NVSMI LOG="
_GPU = re.compile(r"GPU ([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])", re.IGNORECASE | re.ASCII)

_MOST_GPUS = 64
_DEEPEST = 8
_LONGEST_LINE = 4096
_MOST_WORDS = 4096

_PROCESSES = "processes"
_PROCESS_WORDS = {"process id": "pid", "type": "type", "name": "name", "used gpu memory": "memory"}

#: Each GPU begins with it and ends with the other, unless `-d` chose some parts alone.
_FIRST, _LAST = "product name", _PROCESSES


def parse_smi_text(text: str | bytes) -> GpuSection:
    """Return the GPUs, in order of PCI address. Of several looks in one text (`-l`) the last holds.

    Raises:
        UnreadableError: the text is no such output, or ends before its GPUs do.
    """
    before, mark, log = text_of(text).rpartition(_MARK)
    if not mark:
        raise UnreadableError("the text is no output of nvidia-smi -q: there is no NVSMI LOG in it")
    head, blocks, beside = _blocks(log)
    driver_version = values.text(head.get("driver version", ""))
    section = GpuSection(
        source=Format.TEXT.value,
        driver_version=driver_version,
        cuda_version=values.text(head.get("cuda version", "")),
        told_count=values.count()(head.get("attached gpus", "")),
        gpus=in_order(parse_told(block.told(), driver_version) for block in blocks),
    )
    section = add_said(section, "\n".join([before.rpartition(_MARK)[2], *beside]))
    _refuse_a_cut_text(section, blocks)
    return section


@dataclass(slots=True)
class _Block:
    """What was printed of one GPU."""

    address: str
    words: dict[str, str] = field(default_factory=dict)
    sections: dict[str, None] = field(default_factory=dict)
    processes: list[dict[str, str]] = field(default_factory=list)

    def keep(self, path: tuple[str, ...], word: str) -> None:
        """Keep a word; what is told twice and differently is told by nobody."""
        if len(path) > 1 and path[0] == _PROCESSES:
            self._keep_of_process(path[-1], word)
            return
        name = "/".join(path)
        if self.words.setdefault(name, word) != word:
            self.words[name] = "ERR!"
        if len(self.words) > _MOST_WORDS:
            raise UnreadableError(f"the output of nvidia-smi -q tells more than {_MOST_WORDS} things of one GPU")

    def told(self) -> Told:
        reason = values.absence(self.words.get(_PROCESSES, "")) if _PROCESSES in self.words else None
        if _PROCESSES not in self.sections:
            reason = Absent.MISSING
        return Told(
            form=Format.TEXT,
            pci_address=values.address(self.address),
            words=self.words,
            processes=tuple(self.processes) if reason is None else reason,
        )

    def _keep_of_process(self, name: str, word: str) -> None:
        wanted = _PROCESS_WORDS.get(name)
        if wanted == "pid":
            self.processes.append({})
        if wanted and self.processes:
            self.processes[-1].setdefault(wanted, word)


def _blocks(log: str) -> tuple[dict[str, str], list[_Block], list[str]]:
    """Return the log's head, its GPUs, and the lines that belong to neither."""
    head: dict[str, str] = {}
    blocks: list[_Block] = []
    beside: list[str] = []
    path: list[tuple[int, str]] = []
    inside = False
    for line in _whole_lines(log):
        indent = len(line) - len(line.lstrip(" "))
        found = _GPU.match(line) if indent == 0 else None
        if found is not None:
            inside = True
            blocks.append(_Block(found[1]))
            if len(blocks) > _MOST_GPUS:
                raise UnreadableError(f"the output of nvidia-smi -q has more than {_MOST_GPUS} GPUs")
        elif indent == 0:
            inside = False
            beside.append(line)
            if not blocks:
                _keep_of_head(head, line)
        elif inside:
            _keep_of_gpu(blocks[-1], path, indent, line)
    return head, blocks, beside


def _keep_of_head(head: dict[str, str], line: str) -> None:
    name, colon, word = _split(line)
    if colon:
        head.setdefault(name, word)


def _keep_of_gpu(block: _Block, path: list[tuple[int, str]], indent: int, line: str) -> None:
    name, colon, word = _split(line)
    while path and path[-1][0] >= indent:
        path.pop()
    path.append((indent, name))
    if len(path) > _DEEPEST:
        raise UnreadableError(f"the output of nvidia-smi -q is nested more than {_DEEPEST} deep")
    if len(path) == 1:
        block.sections[name] = None
    if colon:
        block.keep(tuple(step for _, step in path), word)


def _whole_lines(log: str) -> Iterator[str]:
    """Yield the lines, but for a last one that has no end, unless nothing can be missing from it."""
    *whole, last = log.split("\n")
    for line in whole:
        if line.strip():
            yield line[:_LONGEST_LINE].rstrip("\r ")
    name, _, word = _split(last)
    if word.casefold() == "none" and name == _PROCESSES:
        yield last


def _split(line: str) -> tuple[str, bool, str]:
    """Return name and value; a line without a value opens a section."""
    name, colon, word = line.partition(" : ")
    if not colon and line.endswith(" :"):
        name, colon = line[:-2], ":"
    return " ".join(name.split()).casefold(), bool(colon), word.strip()


def _refuse_a_cut_text(section: GpuSection, blocks: list[_Block]) -> None:
    """Refuse a text that tells fewer GPUs than are attached, or less of one than of another: it ends before its end."""
    told = section.told_count
    if isinstance(told, Absent) and not blocks:
        raise UnreadableError("the output of nvidia-smi -q tells neither of GPUs nor of how many there are")
    if not isinstance(told, Absent) and len(section.gpus) < told:
        raise UnreadableError(
            f"the output of nvidia-smi -q is cut or is not of all GPUs: {told} are attached, {len(section.gpus)} are told"
        )
    full: Mapping[str, None] = max((block.sections for block in blocks), key=len, default={})
    for block in blocks:
        if _FIRST in block.sections and _LAST not in block.sections:
            raise UnreadableError(f"the output of nvidia-smi -q is cut: GPU {block.address} ends before its processes")
    if blocks and _after(_LAST, full) - set(blocks[-1].sections):
        raise UnreadableError(f"the output of nvidia-smi -q is cut in GPU {blocks[-1].address}")


def _after(name: str, sections: Mapping[str, None]) -> set[str]:
    names = list(sections)
    return set(names[names.index(name) + 1 :]) if name in names else set(names)
