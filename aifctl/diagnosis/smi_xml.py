"""What `nvidia-smi -q -x` prints, as the GPU section of a reading.

Read with expat alone and as a stream: no entity is declared or followed, no DTD is fetched, nothing is kept but words.
"""

from __future__ import annotations

from xml.parsers import expat

from aifctl.diagnosis import smi_values as values
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.smi_format import Format
from aifctl.diagnosis.smi_gpu import Told, in_order, parse_told
from aifctl.diagnosis.smi_says import add_said, text_of
from aifctl.diagnosis.unreadable import UnreadableError

_ROOT = "nvidia_smi_log"
_START, _END = f"<{_ROOT}", f"</{_ROOT}>"
_PROLOG = ("<?xml", "<!DOCTYPE")

_MOST_GPUS = 64
_DEEPEST = 24
_LONGEST_WORD = 4096
_MOST_WORDS = 4096  # of one GPU; the most that has been seen is below 400, its clocks not counted

#: Nothing judges them, and they are two thirds of the text.
_LEFT_OUT = frozenset({"supported_clocks", "accounted_processes", "mig_devices"})
_PROCESS = "processes/process_info"
_PROCESS_WORDS = {"pid": "pid", "type": "type", "process_name": "name", "used_memory": "memory"}


def parse_smi_xml(text: str | bytes) -> GpuSection:
    """Return the GPUs, in order of PCI address.

    `told_count` is how many GPUs are said to be attached: `-i` and a GPU that has gone make `gpus` fewer than that.

    Raises:
        UnreadableError: the text is no such XML, or is cut, or would have entities expanded.
    """
    before, log, after = _parts(text_of(text))
    reader = _Reader()
    reader.read(log)
    if not reader.told and "attached_gpus" not in reader.head:
        raise UnreadableError("the output of nvidia-smi -q -x tells neither of GPUs nor of how many there are")
    driver_version = values.text(reader.head.get("driver_version", ""))
    gpus = [parse_told(told, driver_version) for told in reader.told]
    section = GpuSection(
        source=Format.XML.value,
        driver_version=driver_version,
        cuda_version=values.text(reader.head.get("cuda_version", "")),
        told_count=values.count()(reader.head.get("attached_gpus", "")),
        gpus=in_order(gpus),
    )
    return add_said(section, f"{before}\n{after}")


def _parts(text: str) -> tuple[str, str, str]:
    """Return what stands before the log, the log itself with its DTD, and what stands behind it."""
    root, end = text.find(_START), text.rfind(_END)
    if root < 0:
        raise UnreadableError(f"the text is no output of nvidia-smi -q -x: there is no <{_ROOT}> in it")
    if end < 0:
        raise UnreadableError(f"the output of nvidia-smi -q -x is cut: there is no </{_ROOT}> in it")
    starts = [at for at in (text.find(word, 0, root) for word in _PROLOG) if at >= 0]
    start, end = min(starts, default=root), end + len(_END)
    return text[:start], text[start:end], text[end:]


class _Reader:
    """Collects the words of each GPU while expat walks through the text."""

    def __init__(self) -> None:
        self.head: dict[str, str] = {}
        self.told: list[Told] = []
        self._path: list[str] = []
        self._parts: list[str] = []
        self._leaf = False
        self._gpu: str | None = None
        self._words: dict[str, str] = {}
        self._process: dict[str, str] = {}
        self._processes: list[dict[str, str]] = []
        self._skipped_from = 0

    def read(self, log: str) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._say
        parser.EntityDeclHandler = _refuse
        parser.ExternalEntityRefHandler = _refuse
        parser.SkippedEntityHandler = _refuse
        try:
            parser.Parse(log.encode("utf-8", "replace"), True)
        except expat.ExpatError as problem:
            raise UnreadableError(f"the output of nvidia-smi -q -x is cut or garbled: {problem}") from problem

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        depth = len(self._path)
        if depth > _DEEPEST:
            raise UnreadableError(f"the output of nvidia-smi -q -x is nested more than {_DEEPEST} deep")
        self._parts.clear()
        self._leaf = True
        if depth == 2 and name == "gpu":  # noqa: PLR2004  the root's children are the log's head and the GPUs
            self._begin_gpu(attributes.get("id", ""))
        elif not self._skipped_from and name in _LEFT_OUT:
            self._skipped_from = depth

    def _say(self, text: str) -> None:
        if self._leaf and len(self._parts) < _LONGEST_WORD:
            self._parts.append(text[:_LONGEST_WORD])

    def _end(self, _name: str) -> None:
        depth = len(self._path)
        if not self._skipped_from:
            self._take("".join(self._parts).strip()[:_LONGEST_WORD], depth)
        elif self._skipped_from == depth:
            self._skipped_from = 0
        self._parts.clear()
        self._leaf = False
        self._path.pop()

    def _take(self, word: str, depth: int) -> None:
        name = self._path[-1]
        if self._gpu is None:
            if self._leaf and depth == 2:  # noqa: PLR2004  see _start
                _keep(self.head, name, word)
            return
        if depth == 2:  # noqa: PLR2004  see _start
            self._end_gpu()
            return
        below = "/".join(self._path[2:])
        if below == _PROCESS:
            self._processes.append(self._process)
            self._process = {}
        elif self._path[2:4] == _PROCESS.split("/"):
            if name in _PROCESS_WORDS:
                _keep(self._process, _PROCESS_WORDS[name], word)
        elif self._leaf or below == "processes":
            _keep(self._words, below, word if self._leaf else "")

    def _begin_gpu(self, place: str) -> None:
        if len(self.told) == _MOST_GPUS:
            raise UnreadableError(f"the output of nvidia-smi -q -x has more than {_MOST_GPUS} GPUs")
        self._gpu, self._words, self._process, self._processes = place, {}, {}, []

    def _end_gpu(self) -> None:
        said = self._words.get("processes")
        reason = Absent.MISSING if said is None else values.absence(said) if said else None
        told = Told(
            form=Format.XML,
            pci_address=values.address(self._gpu or "") or values.address(self._words.get("pci/pci_bus_id", "")),
            words=self._words,
            processes=tuple(self._processes) if reason is None else reason,
        )
        self.told.append(told)
        self._gpu = None


def _keep(words: dict[str, str], name: str, word: str) -> None:
    """Keep a word; what is told twice and differently is told by nobody."""
    if words.setdefault(name, word) != word:
        words[name] = "ERR!"
    if len(words) > _MOST_WORDS:
        raise UnreadableError(f"the output of nvidia-smi -q -x tells more than {_MOST_WORDS} things of one GPU")


def _refuse(*_declared: object) -> int:
    raise UnreadableError("the text declares entities, which nvidia-smi -q -x never does: it was made to do harm")
