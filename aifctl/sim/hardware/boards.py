"""One GPU board as NVML would tell it, in NVML's units; everything can be changed.

The values are a healthy idle H100 SXM5's: replays counted, seconds spent below the power cap, no word of retired pages
or of the fabric's health.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from aifctl.sim.node.parts import GPU_MEMORY_MIB, GPU_NAME, GPU_POWER_LIMIT_W, VBIOS, Gpu

LINKS = 18
LINK_SPEED_MB_S = 26562
#: What NVML counts of each link, and its speed: ids of fields as the probe writes them.
LINK_FIELDS = ("161", "162", "163", "164")
_MIB = 1 << 20

#: As on a DGX H100: four NVSwitches, and which of them each link leads to.
_SWITCHES = ("00000000:07:00.0", "00000000:08:00.0", "00000000:09:00.0", "00000000:0A:00.0")
_LINKS_TO = (0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3)

#: nvmlClocksEventReason*: bits of `throttle_reasons`.
IDLE, SW_POWER_CAP, HW_SLOWDOWN, SW_THERMAL, HW_THERMAL, POWER_BRAKE = 0x1, 0x4, 0x8, 0x20, 0x40, 0x80
NOT_SUPPORTED, GPU_IS_LOST, RESET_REQUIRED, CORRUPTED_INFOROM = 3, 15, 16, 14
NOT_STARTED, IN_PROGRESS, COMPLETED = 1, 2, 3

#: Field ids that NVML refuses on an H100: pages are not retired, rows are remapped instead.
_NOT_ON_HOPPER = (29, 30, 31)


@dataclass(slots=True)
class Link:
    """One NVLink; `errors` is by field id: 161 replays, 162 recoveries, 163 CRC."""

    remote: str
    active: bool = True
    speed_mb_s: int = LINK_SPEED_MB_S
    errors: dict[int, int] = field(default_factory=lambda: {161: 0, 162: 0, 163: 0})


@dataclass(slots=True)
class Process:
    """A compute process; `used_bytes` is None where the driver does not tell."""

    pid: int
    used_bytes: int | None = 1 << 30


@dataclass(slots=True)
class Board:
    """One GPU.

    Attributes:
        bus: as NVML writes it, 00000000:1B:00.0.
        device_id: device and vendor as NVML packs them.
        sram: corrected, uncorrected parity, uncorrected SEC-DED; volatile, then the same aggregate.
        dram: corrected, uncorrected; volatile, then aggregate.
        remap: rows for corrected, for uncorrected errors, pending, failure.
        banks: of row remapping: max, high, partial, low, none.
        fields: field values by id; None: the GPU has none (NOT_SUPPORTED).
        fabric: state, status, clique, health mask, health summary.
        handle_error: NVML refuses even the handle.
        errors: function or field id → NVML's error code for it.
    """

    bus: str
    uuid: str
    serial: str
    module: int
    name: str = GPU_NAME
    device_id: int = 0x233010DE
    part: str = "692-2G520-0200-000"
    vbios: str = VBIOS
    inforom: str = "G520.0200.00.05"
    gsp: str = ""
    persistence: bool = True
    ecc: tuple[int, int] = (1, 1)
    mig: tuple[int, int] = (0, 0)
    compute_mode: int = 0
    memory_total_bytes: int = GPU_MEMORY_MIB * _MIB
    memory_used_bytes: int = 0
    sram: list[int] = field(default_factory=lambda: [0] * 6)
    sram_exceeded: bool = False
    dram: list[int] = field(default_factory=lambda: [0] * 4)
    remap: list[int] = field(default_factory=lambda: [0] * 4)
    banks: list[int] = field(default_factory=lambda: [2560, 0, 0, 0, 0])
    repair: tuple[int, int] = (0, 0)
    unrepairable: int = 0
    throttle_reasons: int = IDLE
    temperature_c: int = 29
    margin_c: int = 58
    power_mw: int = 68570
    limit_mw: int = GPU_POWER_LIMIT_W * 1000
    default_limit_mw: int = GPU_POWER_LIMIT_W * 1000
    performance_state: int = 0
    clocks_mhz: dict[int, int] = field(default_factory=lambda: {0: 345, 1: 345, 2: 2619})
    clocks_max_mhz: dict[int, int] = field(default_factory=lambda: {0: 1980, 1: 1980, 2: 2619})
    application_clocks_mhz: dict[int, int] = field(default_factory=lambda: {0: 1980, 1: 1980, 2: 2619})
    use_pct: tuple[int, int] = (0, 0)
    pcie: list[int] = field(default_factory=lambda: [5, 5, 16, 16])
    replays: int = 0
    fields: dict[int, int | None] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    fabric: list[int] = field(default_factory=lambda: [COMPLETED, 0, 0, 0, 0])
    processes: list[Process] = field(default_factory=list)
    handle_error: int = 0
    errors: dict[str | int, int] = field(default_factory=dict)


def board(gpu: Gpu, driver_version: str, random: Random) -> Board:
    """Return a healthy board; what differs from one to the next on a healthy node is drawn."""
    return Board(
        bus=gpu.bus,
        uuid=gpu.uuid,
        serial=gpu.serial,
        module=gpu.index + 1,
        gsp=driver_version,
        temperature_c=gpu.temperature_c,
        margin_c=87 - gpu.temperature_c,
        power_mw=round(gpu.power_w * 1000),
        replays=random.randint(43, 174),
        fields=_fields(gpu, random),
        links=[Link(remote=remote) for remote in remotes()],
    )


def remotes() -> list[str]:
    """Return where each link of a GPU leads to."""
    return [_SWITCHES[switch] for switch in _LINKS_TO]


def _fields(gpu: Gpu, random: Random) -> dict[int, int | None]:
    """Return the field values that no function tells; those that one does, the fake NVML takes from there."""
    none: dict[int, int | None] = dict.fromkeys(_NOT_ON_HOPPER)
    return none | {
        74: random.randrange(7 * 10**12),  # ns below the power cap since the driver was loaded
        82: gpu.memory_temperature_c,
        90: LINK_SPEED_MB_S,
        91: LINKS,
        **dict.fromkeys(range(173, 184), 0),
        193: -8,
        194: -2,
        195: 0,
        196: 0,
        230: 0,
        269: 0,
        270: 0,
        271: 0,
    }


def inactive(links: Sequence[Link], count: int) -> None:
    """Take down the first links that are up."""
    for link in [link for link in links if link.active][:count]:
        link.active = False
