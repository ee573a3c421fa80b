"""The HCAs of a simulated node beneath the probe, a function for each way in which they go bad, and their sysfs tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aifctl.sim.hardware.trees import link, write_files
from aifctl.sim.node.parts import GPU_BUSES, HCA_FIRMWARE, HCAS, FabricPort, guid_with_colons

#: As sysfs names the generations' rates; a port that is down tells the slowest.
_RATES = {10: "10 Gb/sec (4X SDR)", 40: "40 Gb/sec (4X QDR)", 100: "100 Gb/sec (4X EDR)", 200: "200 Gb/sec (4X HDR)",
          400: "400 Gb/sec (4X NDR)"}  # fmt: skip
_STATES = {"down": "1: DOWN", "init": "2: INIT", "armed": "3: ARMED", "active": "4: ACTIVE"}
_PHYSICAL = {
    "polling": "2: Polling",
    "disabled": "3: Disabled",
    "training": "4: PortConfigurationTraining",
    "link-up": "5: LinkUp",
}
_DEFAULT_RATE = 10

#: What the ports of a healthy node count differs from one to the next: the most that is drawn for each.
_HEALTHY_COUNTS = {"excessive_buffer_overrun_errors": 15, "port_rcv_errors": 14, "port_rcv_switch_relay_errors": 3}
_COUNTERS = (
    "VL15_dropped", "excessive_buffer_overrun_errors", "link_downed", "link_error_recovery",
    "local_link_integrity_errors", "multicast_rcv_packets", "multicast_xmit_packets", "port_rcv_constraint_errors",
    "port_rcv_data", "port_rcv_errors", "port_rcv_packets", "port_rcv_remote_physical_errors",
    "port_rcv_switch_relay_errors", "port_xmit_constraint_errors", "port_xmit_data", "port_xmit_discards",
    "port_xmit_packets", "port_xmit_wait", "symbol_error", "unicast_rcv_packets", "unicast_xmit_packets",
)  # fmt: skip
_HW_COUNTERS = ("duplicate_request", "local_ack_timeout_err", "out_of_buffer", "out_of_sequence", "rnr_nak_retry_err")

#: Two more adapters for storage and management, on Ethernet: none of the fabric's business.
_OTHERS = (("mlx5_1", "0000:29:00.0", "ens1np0"), ("mlx5_7", "0000:aa:00.0", "ens2np0"))


@dataclass(slots=True)
class Hca:
    """One adapter with its one port.

    Attributes:
        rate: Gbit/s that the link has trained to; what sysfs tells while it is down is another matter.
        state, physical: down, init, armed, active; polling, disabled, training, link-up.
    """

    name: str
    address: str
    guid: str
    netdev: str
    lid: int = 0
    sm_lid: int = 1
    rate: int = 400
    layer: str = "InfiniBand"
    state: str = "active"
    physical: str = "link-up"
    type: str = "MT4129"
    psid: str = "MT_0000000838"
    firmware: str = HCA_FIRMWARE
    numa: int = 0
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class FabricHardware:
    """The HCAs of one node. Faults are by rail, 0 to 7; no rail means all of them."""

    rails: list[Hca]
    others: list[Hca]

    @classmethod
    def of(cls, ports: Sequence[FabricPort], random: Random) -> FabricHardware:
        """Return the hardware under a simulated node's ports (`parts.rails(machine)`)."""
        return cls([_rail(port, random) for port in ports], [_other(at, random) for at in range(len(_OTHERS))])

    @classmethod
    def healthy(cls, *, seed: int = 0) -> FabricHardware:
        """Return a node of no fleet."""
        random = Random(seed)  # noqa: S311  a simulation that repeats itself, no secret
        guids = [f"a088c2{random.getrandbits(40):010x}" for _ in HCAS]
        ports = [
            FabricPort(rail=at, hca=name, guid=guid_with_colons(guids[at]), lid=at + 1) for at, name in enumerate(HCAS)
        ]
        return cls.of(ports, random)

    def take_down(self, *rails: int, physical: str = "polling") -> None:
        """A link is down: nobody answers at the other end (polling), or it was turned off here (disabled)."""
        self.never_bring_up(*rails, physical=physical)
        self.count("link_downed", 1, *rails)

    def never_bring_up(self, *rails: int, physical: str = "polling") -> None:
        """A link has not been up since boot."""
        for hca in self._at(rails):
            hca.state, hca.physical, hca.lid = "down", physical, 0

    def train_to(self, rate: int, *rails: int) -> None:
        for hca in self._at(rails):
            hca.rate = rate

    def set_ethernet(self, *rails: int) -> None:
        """The adapter's link type is wrong: it speaks RoCE, at full rate."""
        for hca in self._at(rails):
            hca.layer, hca.lid, hca.sm_lid = "Ethernet", 0, 0

    def flap(self, times: int, *rails: int) -> None:
        """Links have gone down and come back since anybody looked."""
        self.count("link_downed", times, *rails)

    def count(self, counter: str, by: int, *rails: int) -> None:
        """A counter has grown: symbol_error, link_error_recovery, port_rcv_errors and so on."""
        for hca in self._at(rails):
            hca.counters[counter] += by

    def remove(self, rail: int) -> Hca:
        """An adapter is not there; its place on the PCI bus is another description's to empty."""
        return self.rails.pop(rail)

    def skew_firmware(self, *rails: int, version: str = "28.36.1010") -> None:
        for hca in self._at(rails):
            hca.firmware = version

    def lose_subnet_manager(self, *rails: int) -> None:
        """Ports that were active stay so, and know no subnet manager any more."""
        for hca in self._at(rails):
            hca.sm_lid = 0

    def stop_before_active(self, *rails: int) -> None:
        """The link is up, and no subnet manager has brought the port further."""
        for hca in self._at(rails):
            hca.state, hca.lid, hca.sm_lid = "init", 0, 0

    def _at(self, rails: Sequence[int]) -> Iterator[Hca]:
        return (self.rails[rail] for rail in rails or range(len(self.rails)))


def hca_addresses() -> list[str]:
    """Return where the rails' adapters sit on the PCI bus, in order: three buses before the GPU that each is next to."""
    return [f"0000:{int(bus, 16) - 3:02x}:00.0" for bus in GPU_BUSES]


def other_addresses() -> list[str]:
    """Return where the adapters for storage and management sit."""
    return [address for _, address, _ in _OTHERS]


def write_fabric(root: Path, hardware: FabricHardware) -> None:
    """Write /sys/class/infiniband below `root`, which must not have one yet."""
    classes = root / "sys/class/infiniband"
    classes.mkdir(parents=True)
    for hca in (*hardware.rails, *hardware.others):
        _write_hca(root, classes / hca.name, hca)


def _write_hca(root: Path, folder: Path, hca: Hca) -> None:
    # The kernel's own link leads into the PCI tree; only its last part, the address, is anybody's business.
    device = root / "sys/devices/hca" / hca.address
    write_files(device, {"numa_node": str(hca.numa), f"net/{hca.netdev}/operstate": "up"})
    link(folder / "device", device)
    guid = guid_with_colons(hca.guid)
    up = hca.physical == "link-up"
    write_files(
        folder,
        {
            "board_id": hca.psid,
            "fw_ver": hca.firmware,
            "hca_type": hca.type,
            "node_guid": guid,
            "sys_image_guid": guid,
            "ports/1/state": _STATES[hca.state],
            "ports/1/phys_state": _PHYSICAL[hca.physical],
            "ports/1/rate": _RATES[hca.rate if up else _DEFAULT_RATE],
            "ports/1/link_layer": hca.layer,
            "ports/1/lid": f"0x{hca.lid:x}",
            "ports/1/sm_lid": f"0x{hca.sm_lid:x}",
            "ports/1/gids/0": f"fe80:0000:0000:0000:{guid}",
            **{f"ports/1/counters/{name}": str(hca.counters[name]) for name in _COUNTERS},
            **{f"ports/1/hw_counters/{name}": str(hca.counters[name]) for name in _HW_COUNTERS},
        },
    )


def _rail(port: FabricPort, random: Random) -> Hca:
    address = hca_addresses()[port.rail]
    return Hca(
        name=port.hca, address=address, guid=port.guid.replace(":", ""), netdev=f"ibp{int(address[5:7], 16)}s0",
        lid=port.lid, numa=port.rail // 4, counters=_counters(random),
    )  # fmt: skip


def _other(at: int, random: Random) -> Hca:
    name, address, netdev = _OTHERS[at]
    return Hca(
        name=name, address=address, guid=f"a088c2{random.getrandbits(40):010x}", netdev=netdev, sm_lid=0, rate=200,
        layer="Ethernet", psid="MT_0000000834", numa=at, counters=_counters(random),
    )  # fmt: skip


def _counters(random: Random) -> dict[str, int]:
    """Return what a healthy port has counted: traffic, waiting, and a few errors of long ago."""
    packets = random.randrange(10**11, 4 * 10**11)
    counted = dict.fromkeys((*_COUNTERS, *_HW_COUNTERS), 0)
    counted |= {name: random.randint(0, most) for name, most in _HEALTHY_COUNTS.items()}
    counted |= {name: packets for name in _COUNTERS if name.endswith("_packets")}
    counted |= {name: packets * 725 for name in _COUNTERS if name.endswith("_data")}
    return counted | {"port_xmit_wait": random.randrange(10**9, 4 * 10**9)}
