"""Listings of ibstat and lspci of our own making, in the formats that their versions have."""

from __future__ import annotations

from collections.abc import Sequence

_PORT = {
    "State": "Active", "Physical state": "LinkUp", "Rate": "400", "Base lid": "17", "LMC": "0", "SM lid": "1",
    "Capability mask": "0xa751e848", "Port GUID": "0xa088c20300000001", "Link layer": "InfiniBand",
}  # fmt: skip


def adapter(name: str, *ports: dict[str, str], **fields: str) -> str:
    """Return a CA's block; each port's fields are changed by what is given, None of them leaves a port as usual."""
    usual = {
        "CA type": "MT4129", "Number of ports": str(len(ports or [0])), "Firmware version": "28.39.2048",
        "Hardware version": "0", "Node GUID": "0xa088c203000000f0", "System image GUID": "0xa088c203000000f0",
    }  # fmt: skip
    lines = [f"CA '{name}'"]
    lines += [
        f"\t{key}: {value}" for key, value in (usual | {k.replace("_", " "): v for k, v in fields.items()}).items()
    ]
    for number, port in enumerate(ports or ({},), 1):
        lines.append(f"\tPort {number}:")
        lines += [f"\t\t{key}: {value}" for key, value in (_PORT | port).items()]
    return "\n".join(lines) + "\n"


ETHERNET = {"Base lid": "0", "SM lid": "0", "Link layer": "Ethernet"}
DOWN = {"State": "Down", "Physical state": "Polling", "Rate": "10", "Base lid": "0", "SM lid": "0"}


def healthy_ibstat() -> str:
    """Eight fabric ports and a management port on Ethernet that is down, as MLNX_OFED lists them: mlx5_10 before mlx5_2."""
    names = [f"mlx5_{at}" for at in (0, 10, 11, 3, 4, 5, 6, 9)]
    blocks = [adapter(name, {"Port GUID": f"0xa088c2030000{at:04x}"}) for at, name in enumerate(names)]
    blocks.insert(1, adapter("mlx5_1", ETHERNET | {"State": "Down", "Physical state": "Disabled", "Rate": "40"}, CA_type="MT4125"))  # fmt: skip
    return "".join(blocks)


def device(
    head: str,
    *,
    link: tuple[str, str] | None = None,
    acs: str = "",
    secondary: str = "",
    driver: str = "",
    numa: int | None = 0,
    more: Sequence[str] = (),
) -> str:
    """Return one device as lspci -vvv prints it, the empty line behind it included. `link`: what it can, what it does."""
    lines = [head, "\tControl: I/O- Mem+ BusMaster+ SpecCycle-"]
    if numa is not None:
        lines.append(f"\tNUMA node: {numa}")
    if secondary:
        lines.append(f"\tBus: primary=00, secondary={secondary}, subordinate=ff, sec-latency=0")
    if link:
        lines += [
            "\tCapabilities: [60] Express (v2) Endpoint, MSI 00",
            "\t\tDevCap:\tMaxPayload 256 bytes",
            f"\t\tLnkCap:\tPort #0, {link[0]}, ASPM not supported",
            "\t\t\tClockPM- Surprise-",
            f"\t\tLnkSta:\t{link[1]}",
            "\t\tLnkCap2: Supported Link Speeds: 2.5-32GT/s, Crosslink- Retimer+",
        ]
    lines += [f"\t{line}" for line in more]
    if acs:
        lines += ["\tCapabilities: [220 v1] Access Control Services", "\t\tACSCap:\tSrcValid+ TransBlk+", f"\t\tACSCtl:\t{acs}"]  # fmt: skip
    if driver:
        lines.append(f"\tKernel driver in use: {driver}")
    return "\n".join(lines) + "\n\n"


GEN5 = ("Speed 32GT/s, Width x16", "Speed 32GT/s (ok), Width x16 (ok)")


def node_lspci(*, gpu_link: tuple[str, str] = GEN5, acs: str = "SrcValid- TransBlk-", gpu_head: str = "") -> str:
    """A root port, a switch, a GPU and an HCA below it."""
    bridge = {"link": GEN5, "driver": "pcieport"}
    return "".join(
        [
            device("15:01.0 PCI bridge: Intel Corporation Device 352a (rev 04) (prog-if 00 [Normal decode])", acs="SrcValid- TransBlk-", secondary="16", **bridge),  # type: ignore[arg-type]
            device("16:00.0 PCI bridge: Broadcom / LSI PEX890xx PCIe Gen 5 Switch (rev b0) (prog-if 00 [Normal decode])", secondary="17", **bridge),  # type: ignore[arg-type]
            device("17:01.0 PCI bridge: Broadcom / LSI PEX890xx PCIe Gen 5 Switch (rev b0) (prog-if 00 [Normal decode])", secondary="19", acs=acs, **bridge),  # type: ignore[arg-type]
            device("17:02.0 PCI bridge: Broadcom / LSI PEX890xx PCIe Gen 5 Switch (rev b0) (prog-if 00 [Normal decode])", secondary="1a", acs=acs, **bridge),  # type: ignore[arg-type]
            device(gpu_head or "19:00.0 3D controller: NVIDIA Corporation Device 2330 (rev a1)", link=gpu_link, driver="nvidia"),
            device("1a:00.0 Infiniband controller: Mellanox Technologies MT2910 Family [ConnectX-7]", link=GEN5, driver="mlx5_core"),
        ]
    )  # fmt: skip
