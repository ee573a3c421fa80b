"""The eight GPUs of a simulated node beneath the probe, and a function for each way in which they go bad."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from aifctl.sim.hardware.boards import (
    CORRUPTED_INFOROM,
    GPU_IS_LOST,
    HW_SLOWDOWN,
    HW_THERMAL,
    IN_PROGRESS,
    NOT_STARTED,
    POWER_BRAKE,
    RESET_REQUIRED,
    SW_THERMAL,
    Board,
    Process,
    board,
    inactive,
)
from aifctl.sim.hardware.fake_nvml import FakeNvml
from aifctl.sim.node.machine import DRIVER
from aifctl.sim.node.parts import GPU_BUSES, Gpu

LIBRARY_MISMATCH, DRIVER_NOT_LOADED, LIBRARY_NOT_FOUND = 18, 9, 12
_FABRIC_ERROR = 999
GIB = 1 << 30
#: What a braked GPU does at most, and for how long it has been braked.
BRAKED_MHZ, BRAKED_NS = 990, 600_000_000_000
#: An H100 tells how far it is from 87 °C.
MARGIN_AND_TEMPERATURE_C = 87


@dataclass(slots=True)
class GpuHardware:
    """The GPUs of one node and the driver that tells of them. Faults are by position, 0 to 7; no position means all.

    Attributes:
        excluded: PCI addresses of GPUs that the driver was told to leave alone; they are not among `boards`.
        errors: NVML function → the code it refuses with.
        hangs: NVML function → called before it answers.
    """

    boards: list[Board]
    driver_version: str = DRIVER
    excluded: list[str] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    hangs: dict[str, Callable[[], object]] = field(default_factory=dict)

    @classmethod
    def of(cls, gpus: Sequence[Gpu], random: Random, driver_version: str = DRIVER) -> GpuHardware:
        """Return the hardware under a simulated node's GPUs (`parts.gpus(machine)`)."""
        return cls([board(gpu, driver_version, random) for gpu in gpus], driver_version)

    @classmethod
    def healthy(cls, *, driver_version: str = DRIVER, seed: int = 0) -> GpuHardware:
        """Return a node of no fleet."""
        random = Random(seed)  # noqa: S311  a simulation that repeats itself, no secret
        return cls.of([_gpu(index, random) for index in range(len(GPU_BUSES))], random, driver_version)

    def nvml(self) -> FakeNvml:
        """Return what a process that loads libnvidia-ml would talk to."""
        cuda = CUDA_VERSIONS.get(int(self.driver_version.partition(".")[0]), 12040)
        return FakeNvml(
            self.boards, driver_version=self.driver_version, cuda=cuda, excluded=self.excluded,
            errors=self.errors, hangs=self.hangs,
        )  # fmt: skip

    def addresses(self) -> list[str]:
        """Return where sysfs shows them all, lost and excluded ones too."""
        buses = [one.bus for one in self.boards] + self.excluded
        return sorted(bus.lower().removeprefix("0000") for bus in buses)

    # ── gone ──

    def lose(self, *at: int) -> None:
        """GPUs fall off the bus: not even a handle is to be had (Xid 79)."""
        for one in self._at(at):
            one.handle_error = GPU_IS_LOST

    def lose_while_read(self, *at: int) -> None:
        """The handle is given, and all that is not in the driver's memory is refused."""
        for one in self._at(at):
            one.errors |= dict.fromkeys(_ASKED_OF_HARDWARE, GPU_IS_LOST)

    def remove(self, at: int) -> None:
        """A GPU is not there at all: neither NVML nor the bus knows it."""
        del self.boards[at]

    def exclude(self, at: int) -> None:
        self.excluded.append(self.boards.pop(at).bus)

    def require_reset(self, *at: int) -> None:
        """NVML refuses what it would have to ask the GPU for."""
        for one in self._at(at):
            one.errors |= dict.fromkeys(_ASKED_OF_HARDWARE, RESET_REQUIRED)
            one.fields[230] = 1

    def hang(self, block: Callable[[], object], function: str = "nvmlDeviceGetPowerUsage") -> None:
        """The driver does not come back from a function."""
        self.hangs[function] = block

    def mismatch_library(self) -> None:
        self.errors["nvmlInit"] = LIBRARY_MISMATCH

    def unload_driver(self) -> None:
        self.errors["nvmlInit"] = DRIVER_NOT_LOADED

    def remove_library(self) -> None:
        self.errors["nvmlInit"] = LIBRARY_NOT_FOUND

    # ── memory ──

    def count_sram_errors(self, count: int, *at: int, exceeded: bool = False) -> None:
        """Uncorrectable ones, since the driver was loaded and for ever; with NVIDIA's own verdict to replace."""
        for one in self._at(at):
            one.sram[2] += count
            one.sram[5] += count
            one.sram_exceeded |= exceeded

    def count_dram_errors(self, count: int, *at: int) -> None:
        """Uncorrectable ones; a row each waits to be remapped."""
        for one in self._at(at):
            one.dram[1] += count
            one.dram[3] += count
            one.remap[1], one.remap[2] = one.remap[1] + count, 1
            one.fields[230] = 1

    def pend_remap(self, *at: int) -> None:
        for one in self._at(at):
            one.remap[1], one.remap[2] = one.remap[1] + 1, 1

    def fail_remap(self, *at: int) -> None:
        """No spare rows are left in a bank."""
        for one in self._at(at):
            one.remap[3] = 1
            one.banks[0], one.banks[4] = one.banks[0] - 1, one.banks[4] + 1

    def corrupt_inforom(self, *at: int) -> None:
        for one in self._at(at):
            one.errors["nvmlDeviceValidateInforom"] = CORRUPTED_INFOROM

    def recommend(self, action: int, *at: int) -> None:
        """The driver's own verdict, as field 230 numbers it."""
        for one in self._at(at):
            one.fields[230] = action

    # ── links ──

    def cut_links(self, count: int, *at: int) -> None:
        for one in self._at(at):
            inactive(one.links, count)

    def stop_fabric_manager(self) -> None:
        """Nobody has set up the fabric since boot: the GPUs wait, their links are down."""
        for one in self.boards:
            one.fabric[0] = NOT_STARTED
            inactive(one.links, len(one.links))

    def delay_fabric(self, *at: int) -> None:
        for one in self._at(at):
            one.fabric[0] = IN_PROGRESS

    def fail_fabric(self, *at: int) -> None:
        for one in self._at(at):
            one.fabric[1] = _FABRIC_ERROR

    def downtrain_pcie(self, *at: int, generation: int = 3, width: int = 16) -> None:
        for one in self._at(at):
            one.pcie[0], one.pcie[2] = generation, width

    # ── power and heat ──

    def brake(self, *at: int) -> None:
        """HW power brake: the board is told from outside to draw less."""
        for one in self._at(at):
            one.throttle_reasons |= HW_SLOWDOWN | POWER_BRAKE
            one.clocks_mhz[1] = BRAKED_MHZ
            one.fields[271] = (one.fields[271] or 0) + BRAKED_NS

    def heat(self, *at: int, margin_c: int = -3) -> None:
        """Hotter than it may be: T.Limit says how far from the slowdown temperature."""
        self.warm(*at, margin_c=margin_c)
        for one in self._at(at):
            one.throttle_reasons |= HW_SLOWDOWN | HW_THERMAL | SW_THERMAL

    def warm(self, *at: int, margin_c: int) -> None:
        for one in self._at(at):
            one.margin_c, one.temperature_c = margin_c, MARGIN_AND_TEMPERATURE_C - margin_c

    def limit_power(self, limit_w: int, *at: int) -> None:
        for one in self._at(at):
            one.limit_mw = limit_w * 1000

    # ── set-up ──

    def skew_vbios(self, *at: int, version: str = "96.00.89.00.01") -> None:
        for one in self._at(at):
            one.vbios = version

    def skew_driver(self, version: str) -> None:
        """Another driver of the same branch: it brings its own firmware for the GPUs."""
        self.driver_version = version
        for one in self.boards:
            one.gsp = version

    def forget_persistence(self, *at: int) -> None:
        for one in self._at(at):
            one.persistence = False

    def turn_ecc_off(self, *at: int, pending: int = 0) -> None:
        for one in self._at(at):
            one.ecc = (0, pending)

    def turn_mig_on(self, *at: int) -> None:
        for one in self._at(at):
            one.mig = (1, 1)

    def leave_process(self, pid: int, *at: int) -> None:
        for one in self._at(at):
            one.processes.append(Process(pid))
            one.memory_used_bytes += GIB

    def _at(self, at: Iterable[int]) -> list[Board]:
        positions = list(at)
        return [self.boards[position] for position in positions] if positions else list(self.boards)


#: What nvidia-smi prints beside a driver's version, as NVML numbers it.
CUDA_VERSIONS = {535: 12020, 550: 12040, 560: 12060, 565: 12070, 570: 12080, 575: 12090, 580: 13000, 590: 13010}

_ASKED_OF_HARDWARE = (
    "nvmlDeviceGetFieldValues", "nvmlDeviceGetTemperatureV", "nvmlDeviceGetTemperature", "nvmlDeviceGetMarginTemperature",
    "nvmlDeviceGetPowerUsage", "nvmlDeviceGetClockInfo", "nvmlDeviceGetUtilizationRates", "nvmlDeviceGetNvLinkState",
    "nvmlDeviceGetMemoryErrorCounter", "nvmlDeviceGetSramEccErrorStatus", "nvmlDeviceGetPerformanceState",
    "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetComputeRunningProcesses_v3",
)  # fmt: skip


def _gpu(index: int, random: Random) -> Gpu:
    temperature = random.randint(29, 32)
    return Gpu(
        index=index, uuid=f"GPU-{random.getrandbits(32):08x}-0000-4000-8000-{random.getrandbits(48):012x}",
        serial=f"16{random.randrange(10**11):011d}", bus=f"00000000:{GPU_BUSES[index]}:00.0",
        temperature_c=temperature, memory_temperature_c=temperature + 8, power_w=round(random.uniform(68.0, 72.0), 2),
    )  # fmt: skip
