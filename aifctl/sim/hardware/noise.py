"""What moves on a healthy node from one look to the next: heat, power, traffic, and a few counters of errors.

Counters only ever grow, by a step that is the part's own; the rest wanders around where it began.
"""

from __future__ import annotations

from random import Random

from aifctl.sim.hardware.boards import Board
from aifctl.sim.hardware.fabric import FabricHardware, Hca
from aifctl.sim.hardware.gpus import GpuHardware

#: A replay in so many looks, one receive error in so many: a healthy node's totals of years, spread over its looks.
_LOOKS_PER_REPLAY, _LOOKS_PER_ERROR = 40, 300
_POWER_CAP_FIELD, _MEMORY_TEMPERATURE_FIELD = 74, 82
#: Nanoseconds below the power cap and ticks that packets waited, per look, at most.
_POWER_CAP_STEP, _WAIT_STEP = 2_000_000, 40_000_000


def move_gpus(hardware: GpuHardware, look: int, random: Random) -> None:
    """Bring GPUs from where they began to where they are at a look."""
    for at, one in enumerate(hardware.boards):
        _wander(one, random)
        step = _POWER_CAP_STEP * (at + 3) // 10
        one.fields[_POWER_CAP_FIELD] = (one.fields[_POWER_CAP_FIELD] or 0) + look * step
        one.replays += (look + one.replays) // _LOOKS_PER_REPLAY


def move_counters(hardware: FabricHardware, look: int) -> None:
    """Bring the ports' counters to where they are at a look."""
    for at, hca in enumerate((*hardware.rails, *hardware.others)):
        _count(hca, at, look)


def _wander(one: Board, random: Random) -> None:
    warmer = random.randint(-1, 1)
    one.temperature_c += warmer
    one.margin_c -= warmer
    one.fields[_MEMORY_TEMPERATURE_FIELD] = (one.fields[_MEMORY_TEMPERATURE_FIELD] or 0) + random.randint(-1, 1)
    one.power_mw += random.randint(-2500, 2500)


def _count(hca: Hca, at: int, look: int) -> None:
    counters = hca.counters
    counters["port_xmit_wait"] += look * (_WAIT_STEP * (at + 5) // 15)
    errors = counters["port_rcv_errors"] + counters["excessive_buffer_overrun_errors"] * 17 + at * 31
    counters["port_rcv_errors"] += (look + errors % _LOOKS_PER_ERROR) // _LOOKS_PER_ERROR
    for name in counters:
        if name.endswith("_data"):
            counters[name] += look * 10**9
        elif name.endswith("_packets"):
            counters[name] += look * 10**6
