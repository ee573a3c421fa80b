"""From one memory of a node to the next: growth of counters per boot, part and driver load; events of this boot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter

from aifctl.diagnosis.absent import Absent, known
from aifctl.diagnosis.alike import OfSame
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.lasting_events import lasting
from aifctl.diagnosis.memory import Growth, Memory
from aifctl.diagnosis.pci import PciSection
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.reading import Reading

_WINDOW_S = 24 * 3600.0
_MOST_GROWTHS = 48
#: A busy GPU is at its power cap much of the time, an idle one for milliseconds: counted in whole minutes, so that a node
#: on which nothing happens has nothing new to remember.
POWER_CAP_GRAIN_US = 60_000_000
#: Counts that climb on a healthy node as time goes by: no error by themselves, and remembering them would be writing
#: every node's memory with every look.
_TRAFFIC = frozenset({"port_xmit_wait", "port_xmit_data", "port_rcv_data"})


def gpu_identity(gpu: Gpu) -> str:
    """Return what a GPU's history goes by: its serial, or its place where it tells none."""
    return known(gpu.serial, "") or gpu.pci_address


def port_identity(port: Port) -> str:
    """Return what a port's history goes by: its GUID, or its device where it tells none."""
    return known(port.guid, "") or f"{port.device}/{port.number}"


def remember(memory: Memory, reading: Reading) -> Memory:
    """Return the memory after a look. A look that could not see a part leaves that part's last counters as they were."""
    same_boot = bool(reading.boot_id) and reading.boot_id == memory.boot_id
    before = memory if same_boot else Memory()
    loads = _driver_loads(before, reading)
    seconds = reading.at_s - memory.seen_at_s if same_boot and memory.seen_at_s else 0.0
    fresh_driver = loads != before.driver_loads
    counters, growths = dict(before.counters), _recent(before.growths, now_s=reading.at_s)
    for identity, values, by_driver in _counted(reading):
        old = {} if by_driver and fresh_driver else before.counters.get(identity, {})
        if values == old or values.items() <= old.items():
            counters[identity] = old
            continue
        for name, grown in _grown(old, values):
            made = Growth(at_s=reading.at_s, count=grown, seconds=seconds)
            most = 1 if name.endswith(_TIMES) else _MOST_GROWTHS
            growths[identity, name] = (*growths.get((identity, name), ()), made)[-most:]
        counters[identity] = {**old, **values}
    uptime_s = reading.host.uptime_s if reading.host else Absent.MISSING
    return Memory(
        boot_id=reading.boot_id or memory.boot_id,
        seen_at_s=reading.at_s,
        booted_at_s=before.booted_at_s if isinstance(uptime_s, Absent) else reading.at_s - uptime_s,
        driver_loads=loads,
        counters=counters,
        growths=growths,
        events=lasting(before.events, reading.kernel.events if reading.kernel else ()),
        cursor=(reading.kernel.cursor if reading.kernel else "") or before.cursor,
        occasions=memory.occasions,
    )


def _driver_loads(before: Memory, reading: Reading) -> str:
    """Return what tells this load of the driver from others: when the kernel said that it loaded it."""
    loads = [event for event in (reading.kernel.events if reading.kernel else ()) if event.kind == "driver-load"]
    return f"{loads[-1].monotonic_s or loads[-1].at_s or 0:.3f}" if loads else before.driver_loads


def _grown(old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Yield what grew. A counter that is lower than before was reset in between: it begins anew, and grew by nothing."""
    for name, value in new.items():
        if name in old and value > old[name]:
            yield name, value - old[name]


def _recent(
    growths: Mapping[tuple[str, str], tuple[Growth, ...]], *, now_s: float
) -> dict[tuple[str, str], tuple[Growth, ...]]:
    kept = {key: tuple(growth for growth in those if growth.at_s > now_s - _WINDOW_S) for key, those in growths.items()}
    return {key: those for key, those in kept.items() if those}


def _counted(reading: Reading) -> Iterator[tuple[str, dict[str, int], bool]]:
    """Yield identity, counters, and whether loading the GPU driver resets them."""
    for gpu in reading.gpu.gpus if reading.gpu else ():
        if gpu_identity(gpu) and not gpu.lost:
            yield gpu_identity(gpu), _gpu_counters(gpu), True
    for port in reading.port.ports if reading.port else ():
        if not isinstance(port.counters, Absent):
            errors = {name: count for name, count in port.counters.items() if name not in _TRAFFIC}
            yield port_identity(port), errors, False
    for address, found in _AERS.made(reading.pci, _aers) if reading.pci else ():
        yield address, found, False
    if reading.host and not isinstance(reading.host.edac, Absent):
        yield "node", {f"edac_{name}": count for name, count in reading.host.edac.items()}, False


_GPU_COUNTERS = tuple(one.name for one in fields(Gpu) if one.metadata.get("moves") and one.name.endswith("_count"))
#: Microseconds of clocks held back: of these the share of the time since the last look is judged, and no longer history.
_TIMES = "_us"
_GPU_TIMES = ("sw_thermal_us", "hw_thermal_us", "hw_power_brake_us")
_AER = ("aer_fatal_count", "aer_nonfatal_count", "aer_correctable_count")


_GPU_NAMES = (*_GPU_COUNTERS, *_GPU_TIMES)
_gpu_values = attrgetter(*_GPU_NAMES)
_aer_values = attrgetter(*_AER)


def _gpu_counters(gpu: Gpu) -> dict[str, int]:
    found = _told(_GPU_NAMES, _gpu_values(gpu))
    if not isinstance(gpu.sw_power_cap_us, Absent):
        found["sw_power_cap_us"] = gpu.sw_power_cap_us // POWER_CAP_GRAIN_US * POWER_CAP_GRAIN_US
    if not isinstance(gpu.pcie_errors, Absent):
        found.update(zip(_pcie_names(tuple(gpu.pcie_errors)), gpu.pcie_errors.values(), strict=True))
    return found


@lru_cache(maxsize=64)
def _pcie_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"pcie_{name}" for name in names)


#: By section, which nodes that are built alike share (sysfs_pci): reading them of each took a third of remembering.
_AERS: OfSame[Sequence[tuple[str, dict[str, int]]]] = OfSame()


def _aers(section: PciSection) -> Sequence[tuple[str, dict[str, int]]]:
    found = [(device.address, _told(_AER, _aer_values(device))) for device in section.devices]
    return [(address, counters) for address, counters in found if counters]


def _told(names: Sequence[str], values: Sequence[int | Absent]) -> dict[str, int]:
    if Absent not in map(type, values):  # as nearly always
        return dict(zip(names, values, strict=True))  # type: ignore[arg-type]  # none of them is absent
    return {name: value for name, value in zip(names, values, strict=True) if not isinstance(value, Absent)}
