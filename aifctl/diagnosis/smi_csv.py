"""What `nvidia-smi --query-gpu=... --format=csv` prints, as the GPU section of a reading. The header has to be there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aifctl.diagnosis import smi_values as values
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.smi_fields import FIELDS
from aifctl.diagnosis.smi_format import Format
from aifctl.diagnosis.smi_gpu import Told, in_order, parse_told
from aifctl.diagnosis.smi_says import add_said, parse_smi_failure, text_of
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_GPUS = 64
_MOST_COLUMNS = 1024
_LONGEST_LINE = 1 << 16
_MOST_LINES = 4096

#: The column that tells which GPU a row is of, and columns of the node.
_ADDRESS = "pci.bus_id"
_WHOSE = (_ADDRESS, "uuid", "serial", "index")
_NODE = frozenset({"count", "driver_version"})
_COLUMNS = frozenset(name for field in FIELDS for name in field.alternatives(Format.CSV)) | {_ADDRESS, *_NODE}
_FAMILIES = ("clocks_event_reasons", "clocks_throttle_reasons", "remapped_rows.", "fabric.health.")


def looks_like_smi_csv(line: str) -> bool:
    """Return whether a line is a header: nothing but names of columns, two of them known, or all of them."""
    names = [name for name, _ in _header(line)]
    known = sum(name in _COLUMNS or name.startswith(_FAMILIES) for name in names)
    return bool(names) and known >= min(2, len(names))


def parse_smi_csv(text: str | bytes) -> GpuSection:
    """Return the GPUs, in order of PCI address; fields that were not asked for are MISSING.

    Raises:
        UnreadableError: there is no header, a row is cut, or there are fewer rows than the `count` column says.
    """
    lines, whole = _lines(text_of(text))
    at = next((at for at, line in enumerate(lines) if looks_like_smi_csv(line)), None)
    if at is None:
        failure = parse_smi_failure(text)
        why = f": it says {failure.message}" if failure else ""
        raise UnreadableError(f"the text is no output of nvidia-smi --query-gpu with its header{why}")
    header, beside = _header(lines[at]), lines[:at]
    rows = []
    for number, line in enumerate(lines[at + 1 :], at + 1):
        cells = line.split(",", _MOST_COLUMNS)
        if len(cells) == len(header):
            rows.append(_row(header, cells, cut=not whole and number == len(lines) - 1))
        elif len(cells) == 1 and (whole or number < len(lines) - 1):
            beside.append(line)
        else:
            raise UnreadableError(
                f"row {len(rows) + 1} of nvidia-smi --query-gpu has {len(cells)} of {len(header)} columns"
            )
    return _section(rows, beside)


def _lines(text: str) -> tuple[list[str], bool]:
    """Return the lines that are not empty, and whether the last one has its end."""
    lines = text.split("\n", _MOST_LINES)[:_MOST_LINES]
    return [line[:_LONGEST_LINE] for line in lines if line.strip()], not lines[-1].strip()


def _header(line: str) -> list[tuple[str, str]]:
    """Return name and unit of each column of `memory.total [MiB], pstate`."""
    found = []
    for cell in line[:_LONGEST_LINE].split(",", _MOST_COLUMNS):
        name, _, unit = cell.strip().casefold().partition(" [")
        found.append((name, cell.strip()[len(name) + 2 : -1] if unit.endswith("]") else ""))
    return found


def _row(header: Sequence[tuple[str, str]], cells: Sequence[str], *, cut: bool) -> dict[str, str]:
    """Return column → word; without units (`nounits`) each has its column's. What a cut may have shortened is not told."""
    row = {}
    for (name, unit), cell in zip(header, cells, strict=True):
        word = cell.strip()
        bare = word.lstrip("+-").replace(".", "", 1).isdecimal()
        row[name] = f"{word} {unit}" if unit and bare else word
    if cut:
        row[header[-1][0]] = ""
    return row


def _section(rows: Sequence[dict[str, str]], beside: Sequence[str]) -> GpuSection:
    first = rows[0] if rows else {}
    driver_version = values.text(first.get("driver_version", ""))
    section = GpuSection(
        source=Format.CSV.value,
        driver_version=driver_version,
        told_count=values.count()(first.get("count", "")),
        gpus=in_order(_gpu(row, driver_version) for row in _newest(rows)),
    )
    section = add_said(section, "\n".join(beside))
    told = section.told_count
    if not section.gpus:
        raise UnreadableError("the output of nvidia-smi --query-gpu is cut behind its header, or there is no GPU")
    if not isinstance(told, Absent) and len(section.gpus) < told:
        raise UnreadableError(
            f"of {told} GPUs nvidia-smi --query-gpu tells {len(section.gpus)}: cut, or not of all GPUs"
        )
    return section


def _newest(rows: Sequence[dict[str, str]]) -> Iterable[dict[str, str]]:
    """Return the last row of each GPU: `-l` prints them again and again."""
    by_gpu = {next((row[name] for name in _WHOSE if name in row), str(at)): row for at, row in enumerate(rows)}
    if len(by_gpu) > _MOST_GPUS:
        raise UnreadableError(f"the output of nvidia-smi --query-gpu tells more than {_MOST_GPUS} GPUs")
    return by_gpu.values()


def _gpu(row: dict[str, str], driver_version: str | Absent) -> Gpu:
    address = values.address(row.get(_ADDRESS, ""))
    return parse_told(Told(form=Format.CSV, pci_address=address, words=row), driver_version)
