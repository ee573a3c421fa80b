"""Lines of NVIDIA's driver in a kernel's log: Xid, SXid, a GPU off the bus, a driver that loads or can't."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aifctl.diagnosis.kernel import KernelEvent

#: "PCI:0000:91:00", "0000:91:00.0", "PCI:00000000:91:00".
_PLACE = r"(?:PCI:)?([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}(?:\.[0-7])?)"
_FLAGS = re.ASCII | re.IGNORECASE

_XID = re.compile(rf"NVRM: Xid \({_PLACE}\): ([0-9]{{1,5}})(?![0-9])(?:[,:]? ?(.*))?", _FLAGS)
_SXID = re.compile(
    rf"(?:nvidia-)?(nvswitch[0-9]{{1,3}}): SXid \({_PLACE}\): ([0-9]{{1,6}})(?![0-9])(?:[,:]? ?(.*))?", _FLAGS
)
_FALLEN = re.compile(rf"NVRM: (?:The NVIDIA )?GPU (?:at )?{_PLACE}\b.*", _FLAGS)
_FALLEN_ALONE = re.compile(r"NVRM: .*\bfallen off the bus", _FLAGS)
_LOST = re.compile(r"fallen off the bus|GPU (?:is|was) lost|lost from the bus", _FLAGS)
_INIT = re.compile(rf"NVRM: (?:GPU {_PLACE}: )?(?:RmInitAdapter|rm_init_adapter) failed", _FLAGS)
_LOAD = re.compile(r"NVRM: loading NVIDIA .{0,80}?Kernel Module.{0,40}?  ?([0-9]{3}\.[0-9.]{1,12})", _FLAGS)
_MISMATCH = re.compile(r"NVRM: API mismatch: .*?has the version ([0-9.]{1,16})", _FLAGS)
_MISMATCH_ALONE = re.compile(r"NVRM: API mismatch\b", _FLAGS)

_PID = re.compile(r"pid='?([0-9]{1,10})", _FLAGS)
_NAME = re.compile(r"name=([^,]{1,64}),", _FLAGS)
_GPC = re.compile(r"GPC ([0-9]{1,2}), TPC ([0-9]{1,2})(?:, SM ([0-9]{1,2}))?", _FLAGS)
_LINK = re.compile(r"link ([0-9]{1,3})\b", _FLAGS)
_REGISTERS = re.compile(r"\((0x[0-9a-f]{1,8}(?:, 0x[0-9a-f]{1,8}){4,7})\)", _FLAGS)
_TO = re.compile(r"changed from .{1,60}? to 0x([0-9a-f]{1,2})\b", _FLAGS)
_PREVIOUS = re.compile(r"previous Xid ([0-9]{1,4})", _FLAGS)
_SEVERITY = re.compile(r"(non-?fatal|fatal)\b", _FLAGS)

_DOMAIN_DIGITS = 4
#: nvidia's own numbers of recovery actions, as nvmlDeviceGpuRecoveryAction_t has them.
_ACTIONS = ("none", "gpu-reset", "node-reboot", "drain-p2p", "drain-and-reset")


def address_of(place: str) -> str:
    """Return a PCI address as sysfs has it: a domain of four digits where it has no more, function 0 where none is told."""
    domain, _, rest = place.lower().partition(":")
    domain = domain[-_DOMAIN_DIGITS:] if not domain[:-_DOMAIN_DIGITS].strip("0") else domain
    return f"{domain}:{rest}" if "." in rest else f"{domain}:{rest}.0"


def xid(text: str) -> KernelEvent | None:
    """Understand an Xid."""
    found = _XID.match(text)
    if not found:
        return None
    told = found[3] or ""
    facts: dict[str, object] = {}
    if pid := _PID.search(told):
        facts["pid"] = int(pid[1])
    if (name := _NAME.search(f"{told},")) and not name[1].strip("'").startswith("<"):
        facts["process"] = name[1].strip("'")
    if where := _GPC.search(told):
        facts |= {"gpc": int(where[1]), "tpc": int(where[2])} | ({"sm": int(where[3])} if where[3] else {})
    number = int(found[2])
    facts |= _of_number(number, told)
    return KernelEvent(kind="xid", number=number, pci_address=address_of(found[1]), facts=facts)


def _of_number(number: int, told: str) -> Mapping[str, object]:
    facts: dict[str, object] = {}
    if number == 154 and (to := _TO.search(told)):  # noqa: PLR2004  the Xid that tells what to do
        code = int(to[1], 16)
        facts["action"] = _ACTIONS[code] if code < len(_ACTIONS) else f"code-{code}"
    if number == 45 and (previous := _PREVIOUS.search(told)):  # noqa: PLR2004  the Xid that follows others
        facts["previous"] = int(previous[1])
    if number == 74:  # noqa: PLR2004  the Xid of NVLinks
        if link := _LINK.search(told):
            facts["link"] = int(link[1])
        if registers := _REGISTERS.search(told):
            facts["registers"] = [int(word, 16) for word in registers[1].split(", ")]
    return facts


def sxid(text: str) -> KernelEvent | None:
    """Understand an SXid."""
    found = _SXID.match(text)
    if not found:
        return None
    told = found[4] or ""
    facts: dict[str, object] = {"switch": found[1].lower()}
    if severity := _SEVERITY.search(told):
        facts["severity"] = "nonfatal" if severity[1].lower().startswith("non") else "fatal"
    if link := _LINK.search(told):
        facts["link"] = int(link[1])
    return KernelEvent(kind="sxid", number=int(found[3]), pci_address=address_of(found[2]), facts=facts)


def gpu_lost(text: str) -> KernelEvent | None:
    """Understand that a GPU is off the bus, where no Xid says so: the line names it, or the line above has."""
    if not _LOST.search(text):
        return None
    if found := _FALLEN.match(text):
        return KernelEvent(kind="gpu-lost", pci_address=address_of(found[1]))
    return KernelEvent(kind="gpu-lost") if _FALLEN_ALONE.match(text) else None


def gpu_named(text: str) -> str:
    """Return the address of the GPU that a line of the driver begins with, "" where it names none."""
    found = _FALLEN.match(text)
    return address_of(found[1]) if found else ""


def driver(text: str) -> KernelEvent | None:
    """Understand how the driver itself stands."""
    if found := _INIT.match(text):
        return KernelEvent(kind="gpu-init", pci_address=address_of(found[1]) if found[1] else "")
    if found := _LOAD.match(text):
        return KernelEvent(kind="driver-load", facts={"version": found[1]})
    if found := _MISMATCH.match(text):
        return KernelEvent(kind="nvml-mismatch", facts={"version": found[1]})
    return KernelEvent(kind="nvml-mismatch") if _MISMATCH_ALONE.match(text) else None
