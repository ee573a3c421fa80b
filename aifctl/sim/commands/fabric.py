"""ibstat and ibdev2netdev, as MLNX_OFED answers on eight ConnectX-7."""

from __future__ import annotations

from aifctl.sim.node.parts import HCA_FIRMWARE, FabricPort, rails
from aifctl.sim.shell.context import Call, CommandError, Program
from aifctl.sim.shell.flags import parse_flags


async def _ibstat(call: Call) -> int:
    flags = parse_flags(call, "lps")
    ports = [port for port in rails(call.machine) if not flags.operands or port.hca == flags.operands[0]]
    if not ports:
        raise CommandError(f"'{flags.operands[0][:40]}' IB device can't be found", 255)
    if "l" in flags:
        return await call.say("".join(f"{port.hca}\n" for port in ports))
    return await call.say("".join(_adapter(port) for port in ports))


def _adapter(port: FabricPort) -> str:
    guid = "0x" + port.guid.replace(":", "")
    return (
        f"CA '{port.hca}'\n\tCA type: MT4129\n\tNumber of ports: 1\n\tFirmware version: {HCA_FIRMWARE}\n"
        f"\tHardware version: 0\n\tNode GUID: {guid}\n\tSystem image GUID: {guid}\n\tPort 1:\n\t\tState: Active\n"
        f"\t\tPhysical state: LinkUp\n\t\tRate: 400\n\t\tBase lid: {port.lid}\n\t\tLMC: 0\n\t\tSM lid: 1\n"
        f"\t\tCapability mask: 0xa751e848\n\t\tPort GUID: {guid}\n\t\tLink layer: InfiniBand\n"
    )


async def _ibdev2netdev(call: Call) -> int:
    return await call.say("".join(f"{port.hca} port 1 ==> ib{port.rail} (Up)\n" for port in rails(call.machine)))


COMMANDS: dict[str, Program] = {"ibdev2netdev": _ibdev2netdev, "ibstat": _ibstat}
