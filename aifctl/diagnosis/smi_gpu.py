"""One GPU from the words that nvidia-smi prints of it, whichever format they stood in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from aifctl.diagnosis import smi_values as values
from aifctl.diagnosis.absent import NEUTRAL, Absent
from aifctl.diagnosis.capabilities import settle_capabilities
from aifctl.diagnosis.gpu import Gpu, GpuProcess, gpu_order
from aifctl.diagnosis.nvml_answers import worst_reason
from aifctl.diagnosis.smi_fields import FIELDS
from aifctl.diagnosis.smi_format import Format
from aifctl.diagnosis.smi_values import Reader
from aifctl.diagnosis.unreadable import UnreadableError

#: Names of a field, best first; each with its parts, and of each part whether it may be left out of the sum.
_Alternatives = tuple[tuple[tuple[str, bool], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was printed of one GPU.

    Attributes:
        pci_address: as printed above the GPU's block; "" where nothing was.
        words: path or column → what stood there.
        processes: words of each process, by `pid`, `type`, `name`, `memory`; or why there is no list.
    """

    form: Format
    pci_address: str = ""
    words: Mapping[str, str]
    processes: tuple[Mapping[str, str], ...] | Absent = Absent.MISSING


def parse_told(told: Told, driver_version: str | Absent) -> Gpu:
    """Return the GPU; what was not told is absent, with the reason."""
    words = told.words
    found: dict[str, Any] = {
        name: _value(words, alternatives, read) for name, read, alternatives in _BY_FORMAT[told.form]
    }
    found["remap_banks"] = _banks(words, told.form)
    found["throttle_reasons"] = _throttle_reasons(words, told.form)
    found["fabric_health"] = _fabric_health(words, told.form)
    found["processes"] = _processes(told.processes)
    if not isinstance(found["fabric_state"], Absent) and found["fabric_state"] != "completed":
        found["fabric_status"] = Absent.NOT_AVAILABLE  # nvml.h: not to be read before the registration has ended
    _add_reset_status(found, words, told.form)
    said = {values.bare(word) for word in words.values() if len(word) <= _LONGEST_REASON}
    if "corrupted inforom" in said:
        found["inforom_valid"] = False
    lost = "gpu is lost" in said
    gpu = Gpu(
        pci_address=told.pci_address,
        lost=lost,
        requires_reset=not said.isdisjoint(_RESET) or _told_flag(words, _RESET_REQUIRED[told.form]),
        **found,
    )
    settled = settle_capabilities(gpu, driver_version)
    untold: dict[str, Any] = {name: Absent.LOST for name in found if lost and getattr(settled, name) is Absent.MISSING}
    return replace(settled, **untold) if untold else settled


def in_order(gpus: Iterable[Gpu]) -> tuple[Gpu, ...]:
    """Return GPUs in order of address; those without one last, by index. UnreadableError where one is told twice."""
    ordered = tuple(sorted(gpus, key=gpu_order))
    for one, other in pairwise(ordered):
        if one.pci_address and one.pci_address == other.pci_address:
            raise UnreadableError(f"the GPU at {one.pci_address} is told twice: not the output of one look at one node")
    return ordered


def lost_gpu(pci_address: str) -> Gpu:
    """Return a GPU of which nvidia-smi says no more than that it is lost."""
    return Gpu(pci_address=pci_address, lost=True)


_LONGEST_REASON = 80
_RESET = frozenset({"gpu requires reset", "gpu requires restart"})
_RESET_REQUIRED = {
    Format.XML: "gpu_reset_status/reset_required",
    Format.TEXT: "gpu reset status/reset required",
    Format.CSV: "reset_status.reset_required",
}
_DRAIN_AND_RESET = {
    Format.XML: "gpu_reset_status/drain_and_reset_recommended",
    Format.TEXT: "gpu reset status/drain and reset recommended",
    Format.CSV: "reset_status.drain_and_reset_recommended",
}


def _add_reset_status(found: dict[str, Any], words: Mapping[str, str], form: Format) -> None:
    """Let what field 227 says stand for the recovery action, on drivers that did not have field 230 yet."""
    if found["recovery_action"] is Absent.MISSING and _told_flag(words, _DRAIN_AND_RESET[form]):
        found["recovery_action"] = "drain-and-reset"


def _told_flag(words: Mapping[str, str], name: str) -> bool:
    return values.flag(words.get(name, "")) is True


def _split(alternatives: Iterable[str]) -> _Alternatives:
    return tuple(tuple(_parts(one)) for one in alternatives)


def _parts(alternative: str) -> Iterator[tuple[str, bool]]:
    for strict in alternative.split(" + "):
        for number, part in enumerate(strict.split(" ?")):
            yield part.strip(), " ?" in strict or number > 0


def _value(words: Mapping[str, str], alternatives: _Alternatives, read: Reader) -> Any:
    """Return the first that is told; else the reason of the first that is there. Only neutral reasons let others in."""
    reason = Absent.MISSING
    for parts in alternatives:
        value = _one(words, parts, read)
        if not isinstance(value, Absent):
            return value
        if value not in NEUTRAL and value is not Absent.MISSING:
            return value
        reason = value if reason is Absent.MISSING else reason
    return reason


def _one(words: Mapping[str, str], parts: tuple[tuple[str, bool], ...], read: Reader) -> Any:
    if len(parts) == 1:
        return read(_word(words, parts[0][0]))
    found = [(read(_word(words, name)), optional) for name, optional in parts]
    missing = [value for value, optional in found if isinstance(value, Absent) and not (optional and value in NEUTRAL)]
    told = [value for value, _ in found if not isinstance(value, Absent)]
    if missing:
        return worst_reason(missing)
    return sum(told) if told else found[0][0]


def _word(words: Mapping[str, str], name: str) -> str:
    """Return what stands there, "" for nothing; a section of which nothing but a reason is told gives that reason."""
    found = words.get(name)
    while found is None and "/" in name:
        name = name.rpartition("/")[0]
        above = words.get(name)
        if above is not None:
            return above if values.absence(above) else ""
    return found or ""


_BANK_NAMES = ("max", "high", "partial", "low", "none")
_BANKS = {
    Format.XML: "remapped_rows/row_remapper_histogram/row_remapper_histogram_",
    Format.TEXT: "remapped rows/bank remap availability histogram/",
    Format.CSV: "remapped_rows.histogram.",
}
_read_banks = values.count("bank(s)")


def _banks(words: Mapping[str, str], form: Format) -> dict[str, int] | Absent:
    found = {name: _read_banks(_word(words, _BANKS[form] + name)) for name in _BANK_NAMES}
    reasons = [value for value in found.values() if isinstance(value, Absent)]
    return worst_reason(reasons) if reasons else found


#: Bits of the mask (nvml.h, nvmlClocksEventReason*), with the names in XML, text and CSV.
_REASONS: tuple[tuple[int, str, str, str], ...] = (
    (0x1, "gpu_idle", "idle", "gpu_idle"),
    (0x2, "applications_clocks_setting", "applications clocks setting", "applications_clocks_setting"),
    (0x4, "sw_power_cap", "sw power cap", "sw_power_cap"),
    (0x8, "hw_slowdown", "hw slowdown", "hw_slowdown"),
    (0x40, "hw_thermal_slowdown", "hw slowdown/hw thermal slowdown", "hw_thermal_slowdown"),
    (0x80, "hw_power_brake_slowdown", "hw slowdown/hw power brake slowdown", "hw_power_brake_slowdown"),
    (0x10, "sync_boost", "sync boost", "sync_boost"),
    (0x20, "sw_thermal_slowdown", "sw thermal slowdown", "sw_thermal_slowdown"),
    (0x100, "display_clocks_setting", "display clock setting", ""),
)


def _throttle_reasons(words: Mapping[str, str], form: Format) -> int | Absent:
    """Return the mask. Until R530 the reasons were called throttle reasons, then event reasons. All have to be told."""
    if form is Format.CSV:
        told = _value(words, _MASKS, values.mask)
        if told is not Absent.MISSING:
            return told  # type: ignore[no-any-return]  # values.mask reads no other
    mask = 0
    reasons: list[Absent] = []
    for bit, names in _REASON_NAMES[form]:
        value = _value(words, names, values.flag)
        if isinstance(value, Absent):
            reasons.append(value)
        elif value:
            mask |= bit
    unread = [reason for reason in reasons if reason not in NEUTRAL]
    if unread or len(reasons) == len(_REASON_NAMES[form]):
        return worst_reason(reasons)
    return mask


def _reason_names(form: Format) -> Iterator[tuple[int, _Alternatives]]:
    for bit, xml, text, csv in _REASONS:
        if form is Format.XML:
            names = [f"clocks_{kind}_reasons/clocks_{kind}_reason_{xml}" for kind in ("event", "throttle")]
        elif form is Format.TEXT:
            paths = (text, text.rpartition("/")[2])
            names = [f"clocks {kind} reasons/{path}" for kind in ("event", "throttle") for path in paths]
        else:
            names = [f"clocks_{kind}_reasons.{csv}" for kind in ("event", "throttle") if csv]
        if names:
            yield bit, _split(dict.fromkeys(names))


_REASON_NAMES = {form: tuple(_reason_names(form)) for form in Format}
_MASKS = _split(("clocks_event_reasons.active", "clocks_throttle_reasons.active"))

#: What is bad about a fabric's health, and what it then is; names in XML, in text, in CSV.
_DETAILS: tuple[tuple[str, Reader, tuple[str, str, str]], ...] = (
    ("limited-capacity", values.whether("degraded"), ("bandwidth", "bandwidth", "bandwidth")),
    (
        "limited-capacity",
        values.whether("true"),
        ("route_recovery_in_progress", "route recovery in progress", "route_recovery_in_progress"),
    ),
    ("unhealthy", values.whether("true"), ("route_unhealthy", "route unhealthy", "route_unhealthy")),
    (
        "unhealthy",
        values.whether("true"),
        ("access_timeout_recovery", "access timeout recovery", "access_timeout_recovery"),
    ),
)
_HEALTH = {Format.XML: "fabric/health/", Format.TEXT: "fabric/health/", Format.CSV: "fabric.health."}


def _fabric_health(words: Mapping[str, str], form: Format) -> str | Absent:
    """Return the worse of the summary (from R580 on) and of what its parts add up to; healthy needs every part told."""
    place = tuple(Format).index(form)
    parts = {names[place]: read(_word(words, _HEALTH[form] + names[place])) for _, read, names in _DETAILS}
    bad = {worse for worse, _, names in _DETAILS if parts[names[place]] is True}
    summary = values.slug(_word(words, f"{_HEALTH[form]}summary"))
    if "unhealthy" in bad or summary == "unhealthy":
        return "unhealthy"
    if not isinstance(summary, Absent) and summary != "healthy":
        return summary
    if bad:
        return "limited-capacity"
    reasons = [value for value in parts.values() if isinstance(value, Absent)]
    if isinstance(summary, Absent) and summary is not Absent.MISSING:
        reasons.append(summary)
    return worst_reason(reasons) if reasons else "healthy"


_MOST_PROCESSES = 256
_GRAPHICS = "g"


def _processes(listed: tuple[Mapping[str, str], ...] | Absent) -> tuple[GpuProcess, ...] | Absent:
    """Return the compute processes; one whose pid is not told makes the list one that can't be told."""
    if isinstance(listed, Absent):
        return listed
    made = [_process(one) for one in listed[:_MOST_PROCESSES] if values.bare(one.get("type", "")) != _GRAPHICS]
    told = tuple(process for process in made if process is not None)
    return told if len(told) == len(made) else Absent.ERROR


_pid, _memory = values.count(), values.integer("MiB", factor=1 << 20)


def _process(words: Mapping[str, str]) -> GpuProcess | None:
    pid = _pid(words.get("pid", ""))
    if isinstance(pid, Absent):
        return None
    name = values.text(words.get("name", ""))
    memory = _memory(words.get("memory", ""))
    return GpuProcess(pid=pid, name="" if isinstance(name, Absent) else name[:64], memory_bytes=memory)


_BY_FORMAT = {
    form: tuple((field.name, field.read, _split(field.alternatives(form))) for field in FIELDS) for form in Format
}
