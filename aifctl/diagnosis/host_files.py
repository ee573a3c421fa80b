"""What the probe's host section read of /proc, /sys and /etc."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.alike import Alike
from aifctl.diagnosis.host import Host, StuckProcess
from aifctl.diagnosis.sysfs_values import as_mapping, integer, text, text_if_any, why_absent
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_ENTRIES, _LONGEST, _COMMAND_LINE_MOST = 128, 200, 4096
_KIB = 1024
_MOST_CPUS = 65536

_LIMITS = {"Max locked memory": "memlock_bytes", "Max open files": "open_files"}
_SERIALS = {"product_serial": "product", "board_serial": "board", "chassis_serial": "chassis"}
#: What makers leave in DMI where nobody has written anything.
NO_SERIALS = frozenset(
    {"", "0", "0123456789", "default string", "none", "not specified", "system serial number", "to be filled by o.e.m."}
)
_FABRIC_MANAGER = re.compile(r"version is ?: ?(\d{1,4}(?:\.\d{1,4}){1,3})", re.ASCII | re.IGNORECASE)
#: What pstore keeps of every boot, however it ended.
_NO_DEATHS = ("console-", "pmsg-", "ftrace-")
#: Equal on all nodes of a kind; counts of memory errors are nearly all 0.
_MODULES: Alike[Mapping[str, str] | Absent] = Alike(most_count=256)
_EDAC: Alike[dict[str, Any]] = Alike(most_count=1024)
_HUGE = re.compile(r"hugepages-(\d{1,12})kB", re.ASCII)


def parse_host_files(data: Mapping[str, Any]) -> Host:
    """Return the node as far as that section tells it.

    Args:
        data: the section's data as `onnode/probe/sections/host.py` makes it.

    Raises:
        UnreadableError: it is not of that shape.
    """
    if data.get("source") != "proc":
        raise UnreadableError("the host section is none that is known")
    dmi, cpu = as_mapping(data.get("dmi")), as_mapping(data.get("cpu"))
    memory, modules = data.get("memory"), _MODULES.made(data.get("modules"), partial(_modules, data.get("modules")))
    return Host(
        source="probe",
        hostname=text(data.get("hostname")),
        boot_id=text(data.get("boot_id")),
        uptime_s=_first_number(data.get("uptime")),
        load=_first_number(data.get("load")),
        os=_os(data.get("os")),
        kernel_version=text(data.get("kernel")),
        kernel_command_line=_long(data.get("cmdline")),
        product_name=_of_dmi(dmi, "product_name"),
        serials=_serials(dmi),
        bios_version=_of_dmi(dmi, "bios_version"),
        bmc_version=text_if_any(data.get("bmc")),
        cpu_model=text_if_any(cpu.get("model")),
        cpu_count=count_of(cpu.get("online")),
        cpu_sockets=_counts(cpu.get("packages"), len),
        cpu_governor=_counts(cpu.get("governors"), lambda found: ", ".join(sorted(found))),
        numa_nodes=_numa(data.get("numa")),
        memory_total_bytes=_kib(memory, "MemTotal"),
        memory_available_bytes=_kib(memory, "MemAvailable"),
        swap_total_bytes=_kib(memory, "SwapTotal"),
        hugepages=_hugepages(data.get("hugepages")),
        **_EDAC.made(data.get("edac"), partial(_edac, data.get("edac"))),
        limits=_limits(data.get("limits"), data.get("root")),
        modules=modules,
        ofed_version=_ofed(modules),
        fabric_manager_version=_fabric_manager(data.get("fabric_manager")),
        stuck=_stuck(data.get("stuck")),
        panics=_panics(data.get("panics")),
    )


def count_of(value: object) -> int | Absent:
    """Return how many "0-3,8" names: 5. ERROR for what is no such list, or has no end."""
    told = text(value)
    if isinstance(told, Absent):
        return told
    total = 0
    for part in told.split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last if dash else first).isdecimal() and len(part) < 12 and part.isascii()):  # noqa: PLR2004  digits of two CPUs
            return Absent.ERROR
        total += int(last or first) - int(first) + 1
        if not 0 < total <= _MOST_CPUS:
            return Absent.ERROR
    return total


def _first_number(value: object) -> float | Absent:
    told = text(value)
    if isinstance(told, Absent):
        return told
    first = told.split(" ", 1)[0]
    return float(first) if re.fullmatch(r"\d{1,12}(?:\.\d{1,6})?", first, re.ASCII) else Absent.ERROR


def _long(value: object) -> str | Absent:
    if not isinstance(value, str):
        return why_absent(value)
    return printable_line(value[:_COMMAND_LINE_MOST]) or Absent.NOT_AVAILABLE


def _os(value: object) -> str | Absent:
    if not isinstance(value, str):
        return why_absent(value)
    return parse_os_release(value)


def parse_os_release(said: str) -> str | Absent:
    """Return PRETTY_NAME of an /etc/os-release."""
    for line in said.splitlines()[:_MOST_ENTRIES]:
        if line.startswith("PRETTY_NAME="):
            return text(line.partition("=")[2].strip().strip("\"'"))
    return Absent.MISSING


def _of_dmi(dmi: Mapping[str, Any], name: str) -> str | Absent:
    """Return what DMI tells; a node without (a container, another architecture) has none."""
    return text_if_any(dmi.get(name))


def _serials(dmi: Mapping[str, Any]) -> Mapping[str, str] | Absent:
    """Return those that somebody has written; DENIED where only root may read them."""
    told = {short: _of_dmi(dmi, name) for name, short in _SERIALS.items()}
    found = {short: value for short, value in told.items() if not isinstance(value, Absent)}
    real = {short: value for short, value in found.items() if value.lower() not in NO_SERIALS}
    if real:
        return real
    refused = [value for value in told.values() if isinstance(value, Absent) and value is not Absent.NOT_AVAILABLE]
    return refused[0] if refused else Absent.NOT_AVAILABLE


def _counts(value: object, make: Callable[[Mapping[str, Any]], Any]) -> Any:
    if not isinstance(value, Mapping) or "!" in value:
        return why_absent(value)
    found = {printable_line(str(name)[:_LONGEST]): 1 for name in list(value)[:_MOST_ENTRIES]}
    return make(found) if found else Absent.NOT_AVAILABLE


def _numa(value: object) -> int | Absent:
    told = count_of(value)
    return Absent.NOT_AVAILABLE if told is Absent.MISSING else told


def _kib(memory: object, name: str) -> int | Absent:
    if not isinstance(memory, Mapping) or "!" in memory:
        return why_absent(memory)
    told = memory.get(name)
    number = told.removesuffix(" kB") if isinstance(told, str) else told
    found = integer(number)
    return found if isinstance(found, Absent) else found * _KIB


def _hugepages(value: object) -> Mapping[str, int] | Absent:
    if not isinstance(value, Mapping) or "!" in value:
        return why_absent(value)
    found = {
        size[1]: integer(value[name]) for name in list(value)[:_MOST_ENTRIES] if (size := _HUGE.fullmatch(str(name)))
    }
    return _all_told(found)


def _all_told(found: Mapping[str, int | Absent]) -> Mapping[str, int] | Absent:
    """Return the numbers, or why one of them is not there."""
    for value in found.values():
        if isinstance(value, Absent):
            return value
    return {name: value for name, value in found.items() if not isinstance(value, Absent)}


def _edac(value: object) -> dict[str, Any]:
    """Return both; n/a where no driver of the kernel's knows these memory controllers."""
    if not isinstance(value, Mapping) or "!" in value:
        return dict.fromkeys(("edac", "dimm_count"), why_absent(value))
    controllers = [as_mapping(value[name]) for name in list(value)[:_MOST_ENTRIES]]
    if not controllers:
        return dict.fromkeys(("edac", "dimm_count"), Absent.NOT_AVAILABLE)
    counters = {
        f"{short}{at}": integer(one.get(key))
        for at, one in enumerate(controllers)
        for short, key in (("c", "ce"), ("u", "ue"))
    }
    told = _all_told(counters)
    dimms = [one.get("dimms") for one in controllers]
    whole = all(isinstance(count, int) and 0 <= count <= _MOST_ENTRIES for count in dimms)
    return {
        "edac": told
        if isinstance(told, Absent)
        else {
            "corrected": sum(count for name, count in told.items() if name.startswith("c")),
            "uncorrected": sum(count for name, count in told.items() if name.startswith("u")),
        },
        "dimm_count": sum(count for count in dimms if isinstance(count, int)) if whole else Absent.ERROR,
    }


def _limits(value: object, as_root: object) -> Mapping[str, int] | Absent:
    """Return the soft limits. Root's are its own, and no job's: n/a."""
    if not isinstance(as_root, bool):
        return Absent.MISSING
    if as_root:
        return Absent.NOT_AVAILABLE
    if not isinstance(value, Mapping) or "!" in value:
        return why_absent(value)
    found = {short: _soft(value[name]) for name, short in _LIMITS.items() if name in value}
    return _all_told(found)


def _soft(value: object) -> int | Absent:
    told = text(value)
    if isinstance(told, Absent):
        return told
    first = told.split()[0] if told.split() else ""
    return -1 if first == "unlimited" else integer(first)


def _modules(value: object) -> Mapping[str, str] | Absent:
    if not isinstance(value, Mapping) or "!" in value:
        return why_absent(value)
    names = [name for name in list(value)[:_MOST_ENTRIES] if isinstance(value[name], str)]
    return {printable_line(name[:_LONGEST]): printable_line(value[name][:_LONGEST]) for name in names}


def _ofed(modules: Mapping[str, str] | Absent) -> str | Absent:
    """Return the release: with it comes a module that makes up for what older kernels lack, and the driver bears its name."""
    if isinstance(modules, Absent):
        return modules
    return (modules.get("mlx5_core", "") if "mlx_compat" in modules else "") or Absent.NOT_AVAILABLE


def _fabric_manager(value: object) -> str | Absent:
    if not isinstance(value, str):
        return Absent.TIMEOUT if as_mapping(value).get("!") == "ETIMEDOUT" else why_absent(value)
    if not value.strip():
        return Absent.NOT_AVAILABLE
    found = _FABRIC_MANAGER.search(value[:_LONGEST])
    return found[1] if found else Absent.ERROR


def _stuck(value: object) -> tuple[StuckProcess, ...] | Absent:
    if not isinstance(value, list):
        return why_absent(value)
    found = [_process(entry) for entry in value[:_MOST_ENTRIES]]
    return tuple(one for one in found if one is not None)


def _process(entry: object) -> StuckProcess | None:
    match entry:
        case [int(pid), str(state), str(name), float() | int() | None as age, str(wait)]:
            return StuckProcess(
                pid=pid,
                state=printable_line(state[:1]),
                name=printable_line(name[:_LONGEST]),
                age_s=Absent.MISSING if age is None else float(age),
                wait=printable_line(wait[:_LONGEST]),
            )
    return None


def _panics(value: object) -> tuple[str, ...] | Absent:
    """Return NAME@SECONDS of each. Only root may look into pstore."""
    if not isinstance(value, list):
        return why_absent(value)
    return tuple(sorted(_records(value[:_MOST_ENTRIES])))


def _records(entries: Iterable[object]) -> Iterable[str]:
    for entry in entries:
        match entry:
            case [str(name), int() | float() as at_s] if 0 <= at_s < 1e12 and not name.startswith(_NO_DEATHS):  # noqa: PLR2004  the year 33,658
                yield f"{printable_line(name[:_LONGEST])}@{at_s:.0f}"
