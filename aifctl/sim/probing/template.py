"""What the probe's sections read of a healthy node: run once per process, then filled with each node's own values."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from aifctl.core.system_clock import SystemClock
from aifctl.onnode.probe.__main__ import NAMES, load
from aifctl.onnode.probe.reply import answer
from aifctl.onnode.probe.trouble import NotHere, Trouble
from aifctl.sim.hardware.fabric import Hca
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.hardware.trees import passing_folder
from aifctl.sim.layout import Layout
from aifctl.sim.node.contents import Pool
from aifctl.sim.node.machine import Machine, Surroundings
from aifctl.sim.node.parts import guid_with_colons
from aifctl.sim.probing.kernel import fill_kernel

_Data = dict[str, Any]

#: How long each section takes on a node of eight H100s: NVML answers within a second, sysfs at once.
_TOOK_S = {"gpu": 0.412, "mounts": 0.021, "units": 0.048, "kernel": 0.055, "pci": 0.034, "port": 0.017, "host": 0.026,
           "clock": 0.031, "disks": 0.064}  # fmt: skip


class Template:
    """The sections of a healthy node, by name; `fill` puts another node's values into those that have any."""

    def __init__(self, read: dict[str, str]) -> None:
        self._texts = read
        self._own = {name: json.loads(read[name]) for name in _FILLING}

    def texts(self, hardware: NodeHardware, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Return each section's text for one node at one look; `arguments`: what the probe was asked for."""
        filled = {}
        for name, fill in _FILLING.items():
            entry = self._own[name]
            if entry["status"] == "ok":
                fill(entry["data"], hardware, arguments)
                filled[name] = answer(**entry).text
        return self._texts | filled


@cache
def template() -> Template:
    """Return the process's template, made when it is first asked for: 0.2 s of CPU, most of it writing small files."""
    hardware = NodeHardware(_some_machine())
    with passing_folder() as folder:
        hardware.write(folder)
        return Template({name: read_section(name, str(folder), hardware.arguments()) for name in NAMES})


def _some_machine() -> Machine:
    nowhere = Surroundings(
        secret=b"", seed=0, clock=SystemClock(), pool=Pool(0), disk_bytes=0, boot_s=0.0, furnish=lambda *_: None,
        reboot=lambda _: None,
    )  # fmt: skip
    return Machine(Layout(1).place(0), nowhere)


def read_section(name: str, root: str, arguments: _Data) -> str:
    """Return what the probe tells of one section, read in this process: what it finds is made up, so that it can't hang."""
    took_s = _TOOK_S[name]
    try:
        return answer("ok", "", "", took_s, load(name).read(root, arguments)).text
    except NotHere as nothing:
        return answer("na", "", str(nothing), took_s).text
    except Trouble as trouble:
        return answer("error", trouble.code, trouble.message, took_s).text
    except ImportError as problem:
        return answer("error", "failed", f"{type(problem).__name__}: {problem}").text


def _fill_gpus(data: _Data, hardware: NodeHardware, _arguments: Mapping[str, Any]) -> None:
    for gpu, board in zip(data["gpus"], hardware.gpus.boards, strict=True):
        gpu["uuid"], gpu["serial"] = board.uuid, board.serial
        gpu["temp"], gpu["margin"] = board.temperature_c, board.margin_c
        gpu["power_mw"], gpu["replay"] = board.power_mw, board.replays
        fields = gpu["fields"]
        fields["74"], fields["82"], fields["94"] = board.fields[74], board.fields[82], board.replays


def _fill_ports(data: _Data, hardware: NodeHardware, _arguments: Mapping[str, Any]) -> None:
    devices = data["devices"]
    for hca in (*hardware.fabric.rails, *hardware.fabric.others):
        _fill_port(devices[hca.name], hca)


def _fill_port(device: _Data, hca: Hca) -> None:
    device["guid"] = guid_with_colons(hca.guid)
    port = device["ports"]["1"]
    port["lid"], port["gid"] = f"0x{hca.lid:x}", f"fe80:0000:0000:0000:{device['guid']}"
    counters, counted = port["c"], hca.counters
    for name in counters:
        counters[name] = str(counted[name])


def _fill_host(data: _Data, hardware: NodeHardware, _arguments: Mapping[str, Any]) -> None:
    host = hardware.host
    data["hostname"], data["boot_id"], data["uptime"] = host.hostname, host.boot_id, host.uptime_text
    data["dmi"].update(product_serial=host.serial, board_serial=host.board_serial, chassis_serial=host.serial)


def _fill_disks(data: _Data, hardware: NodeHardware, _arguments: Mapping[str, Any]) -> None:
    for at, disk in enumerate(hardware.host.disks):
        data["nvme"][f"nvme{at}"]["serial"] = disk.serial


def _fill_kernel(data: _Data, hardware: NodeHardware, arguments: Mapping[str, Any]) -> None:
    fill_kernel(data, hardware.kernel, boot_id=hardware.boot_id, booted_s=hardware.booted_s, arguments=arguments)


_FILLING: dict[str, Callable[[_Data, NodeHardware, Mapping[str, Any]], None]] = {
    "kernel": _fill_kernel,
    "gpu": _fill_gpus,
    "port": _fill_ports,
    "host": _fill_host,
    "disks": _fill_disks,
}
