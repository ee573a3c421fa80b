"""GPUs that are built alike, read once: of the others it is read who they are, and what moves.

Reading all that NVML told of one GPU takes 150 us, and a fleet of 6,250 nodes has 50,000 of them, of a handful of kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.alike import Alike
from aifctl.diagnosis.capabilities import settle_capabilities
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.nvml_answers import LARGEST, LONGEST_TEXT, thousandth
from aifctl.diagnosis.nvml_gpu import microseconds, parse_gpu, performance_state
from aifctl.diagnosis.nvml_links import parse_processes

_Convert = Callable[[int], Any] | None

#: Keys under `fields` that hold a number which is one field of Gpu; of a field that two keys tell, the later one counts.
_OF_FIELDS: Mapping[str, tuple[str, _Convert]] = {
    "74": ("sw_power_cap_us", microseconds),
    "82": ("memory_temperature_c", None),
    "94": ("pcie_replay_count", None),
    "269": ("sw_thermal_us", microseconds),
    "270": ("hw_thermal_us", microseconds),
    "271": ("hw_power_brake_us", microseconds),
}
_OF_GPU: Mapping[str, tuple[str, _Convert]] = {
    "dram_vc": ("dram_corrected_volatile_count", None),
    "dram_vu": ("dram_uncorrected_volatile_count", None),
    "dram_ac": ("dram_corrected_aggregate_count", None),
    "dram_au": ("dram_uncorrected_aggregate_count", None),
    "reasons": ("throttle_reasons", None),
    "temp": ("temperature_c", None),
    "margin": ("margin_c", None),
    "power_mw": ("power_w", thousandth),
    "pstate": ("performance_state", performance_state),
    "sm": ("sm_clock_mhz", None),
    "mem": ("memory_clock_mhz", None),
    "gen": ("pcie_generation", None),
    "width": ("pcie_width", None),
    "replay": ("pcie_replay_count", None),
}
#: Lists of two numbers: the field that each is, "" for one that does not move.
_PAIRS: Mapping[str, tuple[str, str]] = {
    "memory": ("", "memory_used_bytes"),
    "use": ("utilization_pct", "memory_utilization_pct"),
}
#: Stands where something was taken out; nothing in JSON is equal to it.
_TAKEN = ...
_NAMES = tuple(field.name for field in fields(Gpu))
#: One GPU and its 18 links are 1.6 KB.
_READ: Alike[dict[str, Any]] = Alike(most_count=2048)


def parse_alike(data: Mapping[str, Any], driver_version: str | Absent) -> Gpu:
    """Return what NVML said of one GPU, as `parse_gpu` and `settle_capabilities` do.

    What is taken for itself is of the plainest form alone (a number in range, a printable text); where it is not, it
    stays part of what must be alike, and is read with all the rest.
    """
    own: dict[str, Any] = {}
    rest = dict(data)
    if type(data.get("fields")) is dict:
        rest["fields"] = of_fields = dict(data["fields"])
        _take_numbers(of_fields, _OF_FIELDS, own)
    _take_numbers(rest, _OF_GPU, own)
    for key, names in _PAIRS.items():
        _take_pair(rest, key, names, own)
    for key in ("uuid", "serial"):
        _take_text(rest, key, own)
    _take_processes(rest, own)
    read = _READ.made(rest, lambda: _read(data, driver_version), by=driver_version)
    return Gpu(**{**read, **own})


def _read(data: Mapping[str, Any], driver_version: str | Absent) -> dict[str, Any]:
    gpu = settle_capabilities(parse_gpu(data), driver_version)
    return {name: getattr(gpu, name) for name in _NAMES}


def _take_numbers(told: dict[str, Any], names: Mapping[str, tuple[str, _Convert]], own: dict[str, Any]) -> None:
    for key, (name, convert) in names.items():
        value = told.get(key)
        if type(value) is int and -LARGEST < value < LARGEST:
            told[key] = _TAKEN
            own[name] = convert(value) if convert else value


def _take_pair(told: dict[str, Any], key: str, names: tuple[str, str], own: dict[str, Any]) -> None:
    pair = told.get(key)
    if type(pair) is not list or list(map(type, pair)) != [int, int]:
        return
    if all(-LARGEST < value < LARGEST for value in pair):
        own.update({name: value for name, value in zip(names, pair, strict=True) if name})
        told[key] = [_TAKEN if name else value for name, value in zip(names, pair, strict=True)]


def _take_text(told: dict[str, Any], key: str, own: dict[str, Any]) -> None:
    value = told.get(key)
    if (
        type(value) is str
        and value.isascii()
        and value.isprintable()
        and 0 < len(value.strip()) == len(value) <= LONGEST_TEXT
    ):
        told[key] = _TAKEN
        own[key] = value


def _take_processes(told: dict[str, Any], own: dict[str, Any]) -> None:
    rows = told.get("processes")
    if type(rows) is list and isinstance(found := parse_processes(rows), tuple):
        told["processes"] = _TAKEN
        own["processes"] = found
