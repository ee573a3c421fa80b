"""One line of a kernel's log to what it means; most lines mean nothing, and a healthy boot has none that alarms.

Every form is looked for from the line's beginning: what a process is called, or writes, stands further behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from aifctl.core.printable import printable_line
from aifctl.diagnosis import kernel_nvidia as nvidia
from aifctl.diagnosis.kernel import KernelEvent

_TEXT_MOST = 500
_FLAGS = re.ASCII
_ADDRESS = r"([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])"

Understand = Callable[[str], KernelEvent | None]


def understand(text: str) -> KernelEvent | None:
    """Return what a line means, its time stamp cut off before; None where it means nothing."""
    if not _FIRST_WORD.search(text):
        return None
    text = text.strip()
    for word, rule in _RULES:
        if word in text and (event := rule(text)):
            return replace(event, text=printable_line(text)[:_TEXT_MOST])
    return None


_BUS_ERROR = re.compile(
    rf"\S{{1,40}} {_ADDRESS}: (?:AER: )?PCIe Bus Error: severity=([^,]{{1,40}})(?:, type=([A-Za-z ]{{1,40}}))?", _FLAGS
)
_AER_FATAL = re.compile(
    rf"\S{{1,40}} {_ADDRESS}: AER: (?:Multiple )?Uncorrect(?:ed|able) \((Fatal|Non-Fatal)\)", _FLAGS
)


def _aer(text: str) -> KernelEvent | None:
    found = _BUS_ERROR.match(text)
    if found:
        severity = found[2].lower()
        facts: dict[str, object] = {"severity": _severity_of_aer(severity)}
        if found[3]:
            facts["layer"] = found[3].strip().lower()
        return KernelEvent(kind="aer", pci_address=found[1], facts=facts)
    found = _AER_FATAL.match(text)
    if found:
        return KernelEvent(kind="aer", pci_address=found[1], facts={"severity": _severity_of_aer(found[2].lower())})
    return None


def _severity_of_aer(word: str) -> str:
    if word.startswith("correct"):
        return "corrected"
    return "nonfatal" if "non-fatal" in word or "nonfatal" in word else "fatal"


_MCE = re.compile(r"(?:mce: )?\[Hardware Error\]: (?:CPU|Machine check|.{0,20}Machine Check)", _FLAGS)
_MCE_STATUS = re.compile(r"Bank [0-9]{1,3}: ([0-9a-f]{16})", _FLAGS)
_MCE_FATAL = re.compile(
    r"(?:Kernel panic.*|mce: \[Hardware Error\]: )?.*Machine check: Processor context corrupt|mce: \[Hardware Error\]: PANIC",
    _FLAGS,
)
_MCE_HOT = re.compile(r"(?:mce: )?CPU[0-9]{1,4}: (?:Core|Package) temperature above threshold", _FLAGS)
#: Intel SDM volume 3B, IA32_MCi_STATUS: bit 61 is UC, an uncorrected error; bit 57 PCC, the processor's context is lost.
_UNCORRECTED, _CONTEXT_LOST = 1 << 61, 1 << 57


#: What the firmware tells of hardware errors (ACPI's APEI), whichever part has them.
_APEI = re.compile(r"\{[0-9]{1,6}\}\[Hardware Error\]: event severity: (corrected|recoverable|fatal)", _FLAGS)


def _mce(text: str) -> KernelEvent | None:
    if found := _APEI.match(text):
        return KernelEvent(kind="mce", facts={"severity": found[1]})
    if _MCE_HOT.match(text):
        return KernelEvent(kind="mce", facts={"severity": "thermal"})
    if _MCE_FATAL.match(text):
        return KernelEvent(kind="mce", facts={"severity": "fatal"})
    status = _MCE_STATUS.search(text)
    if not _MCE.match(text) or not status:
        return None
    bits = int(status[1], 16)
    severity = "corrected"
    if bits & _UNCORRECTED:
        severity = "fatal" if bits & _CONTEXT_LOST else "uncorrected"
    return KernelEvent(kind="mce", facts={"severity": severity})


_EDAC = re.compile(r"EDAC [A-Za-z0-9_ -]{1,40}: ([0-9]{1,9}) (CE|UE) ", _FLAGS)
_EDAC_PLAIN = re.compile(r"EDAC [A-Za-z0-9_ -]{1,40}: (CE|UE) ", _FLAGS)


def _edac(text: str) -> KernelEvent | None:
    found, plain = _EDAC.match(text), _EDAC_PLAIN.match(text)
    if found:
        facts: dict[str, object] = {"severity": _ECC[found[2]], "count": int(found[1])}
    elif plain:
        facts = {"severity": _ECC[plain[1]], "count": 1}
    else:
        return None
    return KernelEvent(kind="edac", facts=facts)


_ECC = {"CE": "corrected", "UE": "uncorrected"}

_MLX5 = re.compile(rf"mlx5_core {_ADDRESS}[: ].{{0,400}}", _FLAGS)
#: In this order. What a healthy boot says of cables and of a slot's power (each HCA, each boot) is not among it.
_MLX5_SAYS = (
    (re.compile(r"health compromised|unrecoverable|[Hh]ealth.{0,40}(?:FATAL|fatal)|device'?s? health.{0,20}fail"), "fatal"),
    (re.compile(r"severity\([0-2]\)|handling bad device|FW fatal|fatal error"), "fatal"),
    (re.compile(r"internal error|[Hh]ealth issue|assert_var\[0\]|cmd.{0,60}leak|leak of a command|synd 0x[0-9a-f]*[1-9a-f]"), "error"),
    (re.compile(r"[Hh]igh [Tt]emperature|temperature.{0,40}(?:above|exceed|high)"), "warning"),
)  # fmt: skip
_CABLE = re.compile(r"Port module event.{0,40}Cable (unplugged|error)(?!, [Hh]igh [Tt]emp)")
_LINK_DOWN = re.compile(rf"mlx5_core {_ADDRESS} ([A-Za-z0-9_.-]{{1,15}}): Link down", _FLAGS)


def _mlx5(text: str) -> KernelEvent | None:
    found = _MLX5.match(text)
    if not found:
        return None
    if down := _LINK_DOWN.match(text):
        return KernelEvent(kind="link-flap", pci_address=down[1], facts={"interface": down[2]})
    if cable := _CABLE.search(text):
        what = "unplugged" if cable[1] == "unplugged" else "cable-error"
        return KernelEvent(kind="mlx5", pci_address=found[1], facts={"severity": "warning", "what": what})
    severity = next((severity for form, severity in _MLX5_SAYS if form.search(text)), "")
    return KernelEvent(kind="mlx5", pci_address=found[1], facts={"severity": severity}) if severity else None


_DOWN = (
    re.compile(r"(?:\S{1,20} )?(?:[0-9a-f:.]{7,16} )?([A-Za-z0-9_.-]{1,15}): (?:NIC )?[Ll]ink is [Dd]own", _FLAGS),
    re.compile(r"([A-Za-z0-9_.-]{1,15}): [Ll]ost carrier", _FLAGS),
)


def _link(text: str) -> KernelEvent | None:
    found = next((found for form in _DOWN if (found := form.match(text))), None)
    return KernelEvent(kind="link-flap", facts={"interface": found[1]}) if found else None


_KILLED = re.compile(
    r"(?:Memory cgroup o|O)ut of memory: Kill(?:ed)? process ([0-9]{1,10}),?(?: UID [0-9]+,)? \(([^)]{1,32})\)", _FLAGS
)
_KILLS = re.compile(r"oom-kill:constraint=([A-Z_]{1,32})", _FLAGS)
_CGROUP = re.compile(r"oom_memcg=([^,]{1,200})", _FLAGS)
_PROCESS = re.compile(r"task=([^,]{1,32}),pid=([0-9]{1,10})", _FLAGS)


def _oom(text: str) -> KernelEvent | None:
    if found := _KILLED.match(text):
        return KernelEvent(kind="oom", facts={"process": found[2], "pid": int(found[1])})
    if not (found := _KILLS.match(text)):
        return None
    facts: dict[str, object] = {"constraint": found[1]}
    if cgroup := _CGROUP.search(text):
        facts["cgroup"] = printable_line(cgroup[1])
    if process := _PROCESS.search(text):
        facts |= {"process": process[1], "pid": int(process[2])}
    return KernelEvent(kind="oom", facts=facts)


_PANIC = re.compile(r"Kernel panic - not syncing", _FLAGS)
_OOPS = re.compile(r"Oops(?: - [A-Za-z ]{1,40})?: |(?:watchdog: )?BUG: |general protection fault", _FLAGS)
_LOCKUP = re.compile(
    r"(?:watchdog: )?BUG: soft lockup - CPU#([0-9]{1,4}) stuck for ([0-9]{1,6})s! \[([^:\]]{1,32}):([0-9]{1,10})\]",
    _FLAGS,
)
_LOCKED = re.compile(
    r"(?:NMI )?watchdog: (?:Watchdog detected|BUG:) hard LOCKUP|(?:watchdog: )?BUG: soft lockup", _FLAGS
)
_HUNG = re.compile(r"INFO: task (.{1,32}):([0-9]{1,10}) blocked for more than ([0-9]{1,7}) seconds", _FLAGS)


def _stopped(text: str) -> KernelEvent | None:
    if found := _HUNG.match(text):
        facts: dict[str, object] = {"process": found[1], "pid": int(found[2]), "seconds": int(found[3])}
        return KernelEvent(kind="hung-task", facts=facts)
    if found := _LOCKUP.match(text):
        facts = {"process": found[3], "pid": int(found[4]), "seconds": int(found[2]), "hard": False}
        return KernelEvent(kind="lockup", facts=facts)
    if _LOCKED.match(text):
        return KernelEvent(kind="lockup", facts={"hard": "hard LOCKUP" in text})
    if _PANIC.match(text):
        return KernelEvent(kind="panic", facts={"severity": "panic"})
    return KernelEvent(kind="panic", facts={"severity": "oops"}) if _OOPS.match(text) else None


_SEGFAULT = re.compile(r"(.{1,16})\[([0-9]{1,10})\]: segfault at ", _FLAGS)
_IN = re.compile(r" in ([^\[ ]{1,80})\[", _FLAGS)


def _segfault(text: str) -> KernelEvent | None:
    found = _SEGFAULT.match(text)
    if not found:
        return None
    facts: dict[str, object] = {"process": found[1], "pid": int(found[2])}
    if library := _IN.search(text):
        facts["library"] = library[1]
    return KernelEvent(kind="segfault", facts=facts)


def _peermem(text: str) -> KernelEvent | None:
    if not text.startswith(("nvidia-peermem", "nvidia_peermem", "nv_peer_mem")):
        return None
    # After a killed process it means nothing, and a job that ends says it by the dozen.
    severity = "info" if "invalid context" in text else "error"
    return KernelEvent(kind="peermem", facts={"severity": severity})


_FILESYSTEMS = (
    (re.compile(r"(EXT4-fs) \(([A-Za-z0-9_-]{1,32})\): Remounting filesystem read-only", _FLAGS), "read-only"),
    (re.compile(r"(XFS) \(([A-Za-z0-9_-]{1,32})\): .{0,80}(?:[Ss]hut(?:ting)? ?down)", _FLAGS), "read-only"),
    (re.compile(r"(BTRFS)[: a-z]{0,20}\(device ([A-Za-z0-9_-]{1,32}).{0,40}\).{0,80}forced readonly", _FLAGS), "read-only"),
    (re.compile(r"(EXT4-fs) error \(device ([A-Za-z0-9_-]{1,32})\)", _FLAGS), "error"),
    (re.compile(r"(XFS) \(([A-Za-z0-9_-]{1,32})\): .{0,80}(?:[Cc]orruption|I/O error|[Ii]nternal error)", _FLAGS), "error"),
    (re.compile(r"(BTRFS) (?:error|critical) \(device ([A-Za-z0-9_-]{1,32})", _FLAGS), "error"),
)  # fmt: skip
_NFS = re.compile(r"nfs: server (\S{1,100}) (not responding|OK|timed out)", _FLAGS)


def _filesystem(text: str) -> KernelEvent | None:
    if found := _NFS.match(text):
        severity = "info" if found[2] == "OK" else "warning"
        return KernelEvent(kind="filesystem", facts={"severity": severity, "server": found[1].rstrip(",")})
    for form, severity in _FILESYSTEMS:
        if found := form.match(text):
            return KernelEvent(kind="filesystem", facts={"severity": severity, "device": found[2]})
    return None


_DISK_ERROR = re.compile(
    r"(?:blk_update_request: |Buffer )?(?:critical medium |I/O |critical target )error,? (?:on )?dev (?:ice )?([A-Za-z0-9_-]{1,32})",
    _FLAGS,
)
#: From Linux 5.16 on the disk itself tells of a command that failed: "nvme3n1: I/O Cmd(0x2) @ LBA 12, ..., I/O Error".
_NVME = re.compile(r"(?:nvme )?(nvme[0-9]{1,3}(?:n[0-9]{1,3})?): (.{1,200})", _FLAGS)
_NVME_GONE = re.compile(
    r"Removing after probe failure|controller is down|Device not ready; aborting|Disabling device after reset failure|failed to (?:set|reset)|removing ctrl",
    re.ASCII | re.IGNORECASE,
)
_NVME_LATE = re.compile(r"I/O .{0,80}timeout|aborting|I/O Error|reset controller", re.ASCII)


def _disk(text: str) -> KernelEvent | None:
    if found := _DISK_ERROR.match(text):
        return KernelEvent(kind="disk", facts={"severity": "error", "device": found[1]})
    found = _NVME.match(text)
    if found and _NVME_GONE.search(found[2]):
        return KernelEvent(kind="disk", facts={"severity": "gone", "device": found[1]})
    if found and _NVME_LATE.search(found[2]):
        return KernelEvent(kind="disk", facts={"severity": "error", "device": found[1]})
    return None


#: A word that stands in every line of the form, and what understands the line.
_RULES: tuple[tuple[str, Understand], ...] = (
    ("NVRM: Xid", nvidia.xid),
    ("SXid", nvidia.sxid),
    ("bus", nvidia.gpu_lost),
    ("lost", nvidia.gpu_lost),
    ("NVRM:", nvidia.driver),
    ("peer", _peermem),
    ("PCIe Bus Error", _aer),
    ("AER:", _aer),
    ("mlx5_core", _mlx5),
    ("ardware Error]", _mce),
    ("achine check", _mce),
    ("temperature above", _mce),
    ("EDAC ", _edac),
    ("ut of memory", _oom),
    ("oom-kill", _oom),
    ("blocked for more", _stopped),
    ("Kernel panic", _stopped),
    ("Oops", _stopped),
    ("BUG: ", _stopped),
    ("LOCKUP", _stopped),
    ("general protection", _stopped),
    ("segfault", _segfault),
    ("EXT4-fs", _filesystem),
    ("XFS", _filesystem),
    ("BTRFS", _filesystem),
    ("nfs: ", _filesystem),
    ("error", _disk),
    ("nvme", _disk),
    ("arrier", _link),
    ("ink is ", _link),
)

#: Lines of a stack that say in whose code a process waits.
STACK = re.compile(
    r"\s*(?:\? )?[\w.]{1,80}\+0x[0-9a-f]{1,8}/0x[0-9a-f]{1,8} \[(nvidia|nvidia_uvm|nfs|nfsv[34]|sunrpc|lustre)\b",
    _FLAGS,
)
_FIRST_WORD = re.compile("|".join(re.escape(word) for word, _ in _RULES))
