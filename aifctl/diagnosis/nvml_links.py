"""NVLinks, the fabric and the processes of one GPU, as NVML told them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import GpuProcess, NvLink
from aifctl.diagnosis.nvml_answers import Answers, either, refusal, total, worst_reason

_INVALID_ARGUMENT = 2
_MOST_LINKS = 64
_MOST_PROCESSES = 256

#: nvml.h, NVML_GPU_FABRIC_STATE_*.
_STATES: Mapping[int, str] = {0: "not-supported", 1: "not-started", 2: "in-progress", 3: "completed"}
_COMPLETED = 3

#: nvml.h, NVML_GPU_FABRIC_HEALTH_SUMMARY_*; 0 is "not supported": Hopper.
_HEALTHY, _UNHEALTHY, _LIMITED = _HEALTH = (1, 2, 3)

#: nvml.h, NVML_GPU_FABRIC_HEALTH_MASK_SHIFT_*: degraded bandwidth and route recovery, which limit; route unhealthy and
#: access timeout recovery, which break. Two bits each: 0 not supported, 1 true, 2 false.
_SHIFTS = (0, 2, 4, 6)
_TRUE = 1
_CONFIGURATION_SHIFT, _CONFIGURATION_RIGHT = 8, 1

#: nvml.h, nvmlReturn_t: how the registration with the fabric ended.
_ENDS: Mapping[int, str] = {
    0: "success",
    1: "uninitialized",
    2: "invalid-argument",
    3: "not-supported",
    4: "no-permission",
    6: "not-found",
    9: "driver-not-loaded",
    10: "timeout",
    15: "gpu-is-lost",
    16: "reset-required",
    17: "operating-system",
    19: "in-use",
    20: "memory",
    21: "no-data",
    23: "insufficient-resources",
    27: "not-ready",
    28: "gpu-not-found",
    29: "invalid-state",
    999: "unknown",
}


def link_fields(answers: Answers) -> dict[str, Any]:
    """Return the fields of Gpu that are about links, fabric and processes."""
    numbers = _numbers(answers)
    return {
        "nvlinks": numbers if isinstance(numbers, Absent) else _links(answers, numbers),
        "nvlink_replay_count": _sum(answers, numbers, "161"),
        "nvlink_recovery_count": _sum(answers, numbers, "162"),
        "nvlink_crc_count": _sum(answers, numbers, "163"),
        **_fabric(answers),
        "processes": parse_processes(answers.at("processes")),
    }


def _numbers(answers: Answers) -> tuple[int, ...] | Absent:
    """Return the numbers of the links that it has: NVML refuses others as arguments."""
    states = answers.at("links", "state")
    if isinstance(states, Absent):
        return states
    if not isinstance(states, list):
        return Absent.ERROR
    return tuple(at for at, state in enumerate(states[:_MOST_LINKS]) if refusal(state) != _INVALID_ARGUMENT)


def _links(answers: Answers, numbers: tuple[int, ...]) -> tuple[NvLink, ...] | Absent:
    links = answers.at("links")
    states, rates = answers.integers("links", "state"), answers.integers("links", "164")
    if states and rates and len(states) == len(rates) == len(numbers) and "remote" not in links:  # type: ignore[operator]  # a mapping: it has states
        return _healthy(states, rates)
    return _each(answers, numbers)


@lru_cache(maxsize=64)
def _healthy(states: tuple[int, ...], rates: tuple[int, ...]) -> tuple[NvLink, ...] | Absent:
    """Return links of which all is told. Those of 50,000 GPUs are alike, and making them took a third of all parsing."""
    told = Answers({"links": {"state": list(states), "164": list(rates)}})
    return _each(told, tuple(range(len(states))))


def _each(answers: Answers, numbers: tuple[int, ...]) -> tuple[NvLink, ...] | Absent:
    links = tuple(_link(answers, number) for number in numbers)
    reasons = [link.active for link in links if isinstance(link.active, Absent)]
    if reasons and len(reasons) == len(links):
        return worst_reason(reasons)
    return links


def _link(answers: Answers, number: int) -> NvLink:
    active = answers.flag("links", "state", number)
    speed = either(answers.thousandths("links", "164", number), answers.thousandths("fields", "90"))
    links = answers.at("links")
    asked = isinstance(links, Mapping) and "remote" in links
    return NvLink(
        index=number,
        active=active,
        rate_gbytes_s=speed if active is True else Absent.NOT_AVAILABLE,
        remote=_place(answers.text("links", "remote", number)) if asked else Absent.NOT_AVAILABLE,
    )


def _place(address: str | Absent) -> str | Absent:
    if isinstance(address, Absent):
        return address
    domain, colon, rest = address.lower().partition(":")
    return f"{domain[-4:]}:{rest}" if colon and domain.startswith("0000") else address.lower()


def _sum(answers: Answers, numbers: tuple[int, ...] | Absent, field: str) -> int | Absent:
    if isinstance(numbers, Absent):
        return numbers
    told = answers.integers("links", field)
    if told and numbers and len(told) == len(numbers) == numbers[-1] + 1:
        return sum(told)
    return total(answers.integer("links", field, number) for number in numbers)


def _fabric(answers: Answers) -> dict[str, Any]:
    state = answers.integer("fabric", 0)
    if isinstance(state, Absent):
        return dict.fromkeys(("fabric_state", "fabric_status", "fabric_cluster_uuid", "fabric_health"), state)
    finished = state == _COMPLETED  # what the status says before then is not to be read (nvml.h)
    return {
        "fabric_state": _STATES.get(state, str(state)),
        "fabric_status": answers.named(_ENDS, "fabric", 1) if finished else Absent.NOT_AVAILABLE,
        "fabric_cluster_uuid": _uuid(answers.text("cluster")),
        "fabric_health": _health(answers),
    }


def _health(answers: Answers) -> str | Absent:
    """Return the worse of the summary (third structure on) and of what the parts add up to; healthy needs them all."""
    mask = answers.integer("fabric", 3)
    if isinstance(mask, Absent):
        return Absent.NOT_SUPPORTED if mask is Absent.MISSING else mask  # the first structure tells nothing of health
    summary = answers.integer("fabric", 4)
    parts = [mask >> shift & 0b11 for shift in _SHIFTS]
    wrong = mask >> _CONFIGURATION_SHIFT & 0b1111
    if summary == _UNHEALTHY or _TRUE in parts[2:] or wrong > _CONFIGURATION_RIGHT:
        return "unhealthy"
    if _TRUE in parts or summary == _LIMITED:
        return "limited-capacity"
    if isinstance(summary, int) and summary not in {0, *_HEALTH}:
        return str(summary)
    return "healthy" if summary == _HEALTHY or all(parts) else Absent.NOT_AVAILABLE


def _uuid(digits: str | Absent) -> str | Absent:
    if isinstance(digits, Absent) or len(digits) != 32:  # noqa: PLR2004  128 bits in hex
        return digits if isinstance(digits, Absent) else Absent.ERROR
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def parse_processes(found: object) -> tuple[GpuProcess, ...] | Absent:
    """Return the processes, or why they are not told; ERROR where one of them is none."""
    if isinstance(found, Absent):
        return found
    if not isinstance(found, list):
        return Absent.ERROR
    made = [_process(one) for one in found[:_MOST_PROCESSES]]
    told = tuple(process for process in made if process is not None)
    return told if len(told) == len(made) else Absent.ERROR


def _process(row: object) -> GpuProcess | None:
    match row:
        case [int(pid), int() | None as used, str(name)]:
            memory = Absent.NOT_AVAILABLE if used is None else used
            return GpuProcess(pid=pid, name=printable_line(name[:64]), memory_bytes=memory)
    return None
