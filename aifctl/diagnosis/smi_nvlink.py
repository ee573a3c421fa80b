"""What `nvidia-smi nvlink -s`, `nvlink -e` and `nvidia-smi -L` print: GPUs by index, and their NVLinks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis import smi_values as values
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import Gpu, GpuSection, NvLink
from aifctl.diagnosis.smi_gpu import in_order
from aifctl.diagnosis.smi_says import add_said, text_of
from aifctl.diagnosis.unreadable import UnreadableError

SOURCE, LIST_SOURCE = "nvlink-s", "nvidia-smi-L"

_MOST_GPUS = 64
_MOST_LINKS = 64
_LONGEST_LINE = 1000

_GPU = re.compile(r"GPU (\d{1,3}): (.{1,200}) \(UUID: ([\w-]{1,80})\)", re.ASCII)
_LINK = re.compile(r"Link (\d{1,2}): (.{1,80})", re.ASCII)
_RATE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) GB/s", re.ASCII)
_ERRORS = re.compile(r"(Replay|Recovery|CRC)(?: FLIT)? Errors: (\d{1,19})", re.ASCII)
_INACTIVE = frozenset({"<inactive>", "inactive", "<disabled>", "disabled"})
#: What begins like a line that should have been understood.
_OURS = ("GPU ", "Link ")
_NONE_ACTIVE = "all links are inactive"


def parse_smi_nvlink(text: str | bytes) -> GpuSection:
    """Return the GPUs with `nvlinks`, or of `nvlink -e` with the sums of their error counters; all else is MISSING.

    A GPU of which it is said that none of its links is active has one link, 0, that is not: how many it has, nobody told.
    A GPU with nothing below it has MISSING links: a PCIe card, or the end of a cut text.

    Raises:
        UnreadableError: the text is no such output, or ends before its links do.
    """
    blocks, beside = _blocks(text_of(text))
    if not any(block.links or block.errors or block.none_active for block in blocks):
        raise UnreadableError("the text is no output of nvidia-smi nvlink -s: no GPU in it has a link")
    _refuse_a_cut_text(blocks)
    return _section(SOURCE, blocks, beside)


def parse_smi_list(text: str | bytes) -> GpuSection:
    """Return the GPUs of `nvidia-smi -L`, which lists all there are: index, name and UUID; all else is MISSING.

    Raises:
        UnreadableError: the text is no such output.
    """
    blocks, beside = _blocks(text_of(text))
    section = _section(LIST_SOURCE, blocks, beside)
    if not section.gpus:
        raise UnreadableError("the text is no output of nvidia-smi -L: there is no GPU in it")
    return replace(section, told_count=len(section.gpus))


@dataclass(slots=True)
class _Block:
    """What stands below one `GPU n:` line."""

    index: int
    name: str
    uuid: str
    links: dict[int, NvLink] = field(default_factory=dict)
    errors: dict[tuple[int, str], int] = field(default_factory=dict)
    none_active: bool = False

    def gpu(self, links_count: int) -> Gpu:
        """Return the GPU; of `links_count` links, those that nothing was said of are MISSING."""
        made = Gpu(index=self.index, name=values.text(self.name), uuid=values.text(self.uuid), **self._sums())
        if self.none_active:
            return replace(made, nvlinks=(NvLink(index=0, active=False, rate_gbytes_s=Absent.NOT_AVAILABLE),))
        if not self.links:
            return made
        return replace(made, nvlinks=tuple(self.links.get(at, NvLink(index=at)) for at in range(links_count)))

    def _sums(self) -> dict[str, Any]:
        """Return the sum of each counter that every link tells."""
        last = max((at for at, _ in self.errors), default=-1)
        by_kind = {kind: [count for (_, one), count in self.errors.items() if one == kind] for _, kind in self.errors}
        return {kind: sum(those) for kind, those in by_kind.items() if len(those) == last + 1}


def _blocks(text: str) -> tuple[list[_Block], list[str]]:
    blocks: list[_Block] = []
    beside: list[str] = []
    *whole, last = text.split("\n")
    for number, said in enumerate((*whole, last)):
        line = said[:_LONGEST_LINE].strip()
        found = _GPU.fullmatch(line)
        if found is not None:
            blocks.append(_Block(int(found[1]), found[2], found[3]))
            if len(blocks) > _MOST_GPUS:
                raise UnreadableError(f"the text has more than {_MOST_GPUS} GPUs")
        elif not _take(blocks, line):
            beside.append(line)
            unfinished = number == len(whole) and bool(line) and bool(blocks) and not line.startswith("MIG ")
            if unfinished or line.startswith(_OURS):
                raise UnreadableError(f"the text is cut or garbled at {printable_line(line[:80])!r}")
    return blocks, beside


def _take(blocks: list[_Block], line: str) -> bool:
    """Take what a line says of the last GPU; return whether it does."""
    if not blocks:
        return False
    block = blocks[-1]
    if _NONE_ACTIVE in line.casefold():
        block.none_active = True
        return True
    found = _LINK.fullmatch(line)
    if found is None or int(found[1]) >= _MOST_LINKS:
        return False
    return _take_link(block, int(found[1]), found[2].strip())


def _take_link(block: _Block, number: int, said: str) -> bool:
    rate, errors = _RATE.fullmatch(said), _ERRORS.fullmatch(said)
    if errors is not None:
        kind = f"nvlink_{errors[1].casefold()}_count"
        block.errors[number, kind] = max(int(errors[2]), block.errors.get((number, kind), 0))
    elif rate is not None:
        speed = float(rate[1])
        link = NvLink(index=number, active=speed > 0, rate_gbytes_s=speed or Absent.NOT_AVAILABLE)
        _keep(block, link)
    elif said.casefold() in _INACTIVE:
        _keep(block, NvLink(index=number, active=False, rate_gbytes_s=Absent.NOT_AVAILABLE))
    else:
        reason = values.absence(said)
        if reason is None:
            return False
        _keep(block, NvLink(index=number, active=reason, rate_gbytes_s=reason))
    return True


def _keep(block: _Block, link: NvLink) -> None:
    """Keep a link; one that is told twice and differently is told by nobody."""
    if block.links.setdefault(link.index, link) != link:
        block.links[link.index] = NvLink(index=link.index, active=Absent.ERROR, rate_gbytes_s=Absent.ERROR)


def _refuse_a_cut_text(blocks: Sequence[_Block]) -> None:
    """Refuse a text whose last GPU tells less than another does: it ends before its end."""
    *others, last = blocks
    links = max((len(block.links) for block in others), default=0)
    errors = max((len(block.errors) for block in others), default=0)
    if not last.none_active and (len(last.links) < links or len(last.errors) < errors):
        raise UnreadableError(f"the output of nvidia-smi nvlink is cut in GPU {last.index}")


def _section(source: str, blocks: Sequence[_Block], beside: Iterable[str]) -> GpuSection:
    links_count = max((at + 1 for block in blocks for at in block.links), default=0)
    section = GpuSection(source=source, gpus=in_order(block.gpu(links_count) for block in blocks))
    return add_said(section, "\n".join(beside))
