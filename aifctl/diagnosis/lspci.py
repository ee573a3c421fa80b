"""`lspci`, as the PCI section of a reading: -v, -vv, -vvv, -n, -nn, -D, or none of them; as root or not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.lspci_names import class_of, device_id_of
from aifctl.diagnosis.pci import PciDevice, PciSection
from aifctl.diagnosis.sysfs_values import integer, speed_gt_s, text, width
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_DEVICES, _MOST_CHARACTERS, _LONGEST_LINE = 8192, 16 << 20, 400
_HEAD = re.compile(r"((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) ([^:]{2,60}): (.+)", re.ASCII)
_NUMBERS = re.compile(r"\[[0-9a-f]{4}:[0-9a-f]{4}\](?: \(rev [0-9a-f]{2}\))?(?: \(prog-if .*\))?", re.ASCII)
_REVISION = re.compile(r" \(rev ([0-9a-f]{2})\)", re.ASCII)
_SECONDARY = re.compile(r"Bus: primary=[0-9a-f]{2}, secondary=([0-9a-f]{2}),", re.ASCII)
#: "Speed 32GT/s, Width x16", "Speed 16GT/s (downgraded), Width x16 (ok)", "Speed unknown, Width x0".
_LINK = re.compile(r"Speed ([0-9.]{1,5}GT/s|unknown)(?: \([a-z]+\))?, Width x([0-9]{1,3})(?![0-9])", re.ASCII)
_ACS = re.compile(r"SrcValid([+-])")
_LINES = ("LnkCap:", "LnkSta:", "ACSCtl:", "NUMA node:", "Kernel driver in use:", "Bus:", "!!! Unknown header type")
_NOISE = ("pcilib:", "lspci:")
_DENIED = "Capabilities: <access denied>"
_EXPRESS = re.compile(r"Capabilities: \[[0-9a-f]{2}\] Express\b")


@dataclass(slots=True)
class _Block:
    """One device's lines, those that matter. `detailed`: there are any; `cut`: the text ends in the middle of it."""

    address: str
    kind: str
    name: str
    lines: dict[str, str] = field(default_factory=dict)
    detailed: bool = False
    denied: bool = False
    express: bool = False
    cut: bool = False


def parse_lspci(told: str) -> PciSection:
    """Return the devices, in order of address. What this listing's options leave out is n/a; `complete` is False, and
    what is not told of the last device is MISSING, where the text ends in the middle of it.

    Raises:
        UnreadableError: no lspci, its tree (-t) or its listing for scripts (-m), or the listings of several nodes.
    """
    if len(told) > _MOST_CHARACTERS:
        raise UnreadableError(f"{len(told)} characters: no lspci prints more than {_MOST_CHARACTERS}")
    lines = told.splitlines()
    blocks, complete = _blocks(lines)
    if not blocks:
        raise UnreadableError(_why_not(lines))
    verbose = any(block.detailed for block in blocks.values())
    last = list(blocks.values())[-1]
    last.cut = not _is_ended(told, last, verbose=verbose)
    above = _bridges(blocks.values()) if verbose else None
    detailed = any("LnkSta:" in block.lines or "LnkCap:" in block.lines for block in blocks.values())
    found = [_device(block, above, detailed=detailed) for block in blocks.values()]
    return PciSection(
        source="lspci",
        devices=tuple(sorted(found, key=lambda device: device.address)),
        complete=complete and not last.cut,
    )


def _blocks(lines: Iterable[str]) -> tuple[dict[str, _Block], bool]:
    blocks: dict[str, _Block] = {}
    here: _Block | None = None
    complete = True
    for line in lines:
        if line[:1] in {"\t", " "}:
            if here is not None:
                _take(here, line.strip()[:_LONGEST_LINE])
        elif found := _HEAD.fullmatch(line[:_LONGEST_LINE].rstrip()):
            here = _Block(_full(found[1]), found[2], found[3])
            if here.address in blocks:
                raise UnreadableError(f"{here.address} stands in it twice: this is of several nodes, or pasted twice")
            blocks[here.address] = here
        elif line.strip() and here is not None and not line.startswith(_NOISE):
            complete = False
        if len(blocks) > _MOST_DEVICES:
            raise UnreadableError(f"more than {_MOST_DEVICES} devices: no node has so many")
    return blocks, complete


def _take(block: _Block, line: str) -> None:
    block.detailed = True
    if line.startswith(_LINES):
        name = next(name for name in _LINES if line.startswith(name))
        block.lines.setdefault(name, line[len(name) :].strip())
    elif line == _DENIED:
        block.denied = True
    elif _EXPRESS.match(line):
        block.express = True


def _full(address: str) -> str:
    return address if address.count(":") > 1 else f"0000:{address}"


def _is_ended(told: str, last: _Block, *, verbose: bool) -> bool:
    """Whether the last device is told to its end: -v ends each with an empty line, a plain listing each with a line's end.

    Of a plain listing whose last line's end got lost, ids in brackets at its end say that it is whole.
    """
    if verbose:
        return told.endswith(("\n\n", "\n\r\n"))
    return told.endswith("\n") or bool(_NUMBERS.search(last.name) and last.name.endswith((")", "]")))


def _bridges(blocks: Iterable[_Block]) -> dict[tuple[str, str], str]:
    """Return domain and bus -> the bridge that leads there."""
    found: dict[tuple[str, str], str] = {}
    for block in blocks:
        if led := _SECONDARY.match("Bus: " + block.lines.get("Bus:", "")):
            found.setdefault((block.address.rpartition(":")[0].rpartition(":")[0], led[1]), block.address)
    return found


def _device(block: _Block, above: Mapping[tuple[str, str], str] | None, *, detailed: bool) -> PciDevice:
    domain, bus, _ = block.address.rsplit(":", 2)
    untold = Absent.MISSING if block.cut else Absent.NOT_AVAILABLE
    speed, lanes = _link(block, "LnkSta:", detailed=detailed)
    speed_max, lanes_max = _link(block, "LnkCap:", detailed=detailed)
    return PciDevice(
        address=block.address,
        device_id=device_id_of(block.name),
        pci_class=class_of(block.kind, block.name),
        driver=text(block.lines["Kernel driver in use:"]) if "Kernel driver in use:" in block.lines else untold,
        upstream=untold if above is None else above.get((domain, bus), ""),
        numa_node=integer(block.lines["NUMA node:"]) if "NUMA node:" in block.lines else untold,
        link_speed_gt_s=speed,
        link_speed_max_gt_s=speed_max,
        link_width=lanes,
        link_width_max=lanes_max,
        acs_source_validation=_acs(block),
        revision_ff=_is_all_ones(block),
        aer_fatal_count=Absent.NOT_AVAILABLE,
        aer_nonfatal_count=Absent.NOT_AVAILABLE,
        aer_correctable_count=Absent.NOT_AVAILABLE,
    )


def _link(block: _Block, name: str, *, detailed: bool) -> tuple[float | Absent, int | Absent]:
    if name in block.lines:
        found = _LINK.search(block.lines[name])
        cut = block.cut and list(block.lines)[-1] == name
        return (speed_gt_s(found[1]), width(found[2])) if found and not cut else (Absent.MISSING, Absent.MISSING)
    if block.denied:
        return Absent.DENIED, Absent.DENIED
    gone = block.cut or (block.express and detailed and not _is_all_ones(block))
    why = Absent.MISSING if gone else Absent.NOT_AVAILABLE
    return why, why


def _acs(block: _Block) -> bool | Absent:
    if found := _ACS.match(block.lines.get("ACSCtl:", "")):
        return found[1] == "+"
    if block.denied:
        return Absent.DENIED
    return Absent.MISSING if block.cut or "ACSCtl:" in block.lines else Absent.NOT_AVAILABLE


def _is_all_ones(block: _Block) -> bool | Absent:
    if "!!! Unknown header type" in block.lines:
        return True
    revision = _REVISION.search(block.name)
    if revision is None and block.cut:
        return Absent.MISSING
    return revision is not None and revision[1] == "ff"


def _why_not(lines: list[str]) -> str:
    first = next((line.strip() for line in lines if line.strip()), "")
    if not first:
        return "it is empty: lspci prints a line for each device"
    if first.startswith(("-[", "-+-[", "+-[")):
        return "this is lspci's tree (-t): it tells neither links nor ids; send lspci -vvv"
    return f"this is no lspci: no line begins a device; its first is {printable_line(first[:80])!r}"
