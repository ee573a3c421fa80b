"""What the probe of one node is about to say: sections that share their text with other nodes until something changes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aifctl.onnode.probe.fitting import make_line
from aifctl.onnode.probe.reply import Answer, answer
from aifctl.sim.node.parts import GPU_BUSES, HCAS
from aifctl.sim.probing.pci_devices import devices_of, render_devices

_Data = dict[str, Any]


class Told:
    """One reply in the making.

    Attributes:
        about: what stands beside the sections: hostname, boot_id, wall_s, ...
        arguments: what the probe was asked for.
        fault_age: how many looks have seen the fault that is being told of, this one included.
    """

    def __init__(self, texts: Mapping[str, str], about: _Data, arguments: Mapping[str, Any]) -> None:
        self.about, self.arguments, self.fault_age = about, arguments, 1
        self._texts = dict(texts)
        self._changed: dict[str, _Data] = {}
        self._devices: dict[str, _Data] | None = None

    def data(self, section: str) -> _Data:
        """Return a section's data, this node's own from now on."""
        return self._entry(section)["data"]  # type: ignore[no-any-return]

    def end(self, section: str, status: str, code: str, message: str) -> None:
        """Say that a section came to nothing."""
        self._entry(section).update(status=status, code=code, message=message, data={})

    def tells(self, section: str) -> bool:
        """Whether a section has data at all: an earlier fault may have ended it."""
        return bool(self._entry(section)["status"] == "ok")

    def line(self) -> bytes:
        """Return the reply as the probe writes it."""
        if self._devices is not None and self.tells("pci"):
            self.data("pci")["devices"] = render_devices(self._devices)
        changed = {name: answer(**entry) for name, entry in self._changed.items()}
        return make_line({name: Answer(text) for name, text in self._texts.items()} | changed, self.about)

    # ── where faults go ──

    def gpus(self, at: Sequence[int]) -> list[_Data]:
        """Return the GPUs at positions, 0 to 7; fewer where an earlier fault took one away or left nothing to tell."""
        if not self.tells("gpu"):
            return []
        wanted = [gpu_address(position) for position in at]
        return [gpu for gpu in self.data("gpu")["gpus"] if "!" not in gpu and address_of(gpu) in wanted]

    def hcas(self, *names: str) -> list[_Data]:
        """Return adapters by name, those that are there."""
        devices = self.data("port")["devices"] if self.tells("port") else {}
        return [devices[name] for name in names if name in devices]

    def ports(self, *names: str) -> list[_Data]:
        """Return the one port of each of these adapters."""
        return [hca["ports"]["1"] for hca in self.hcas(*names)]

    def rails(self, at: Sequence[int]) -> list[_Data]:
        """Return the ports of rails, 0 to 7."""
        return self.ports(*(HCAS[rail] for rail in at))

    def devices(self) -> dict[str, _Data]:
        """Return the PCI devices by address, each by its columns."""
        if not self.tells("pci"):
            return {}
        if self._devices is None:
            self._devices = devices_of(self.data("pci")["devices"])
        return self._devices

    def mounts(self, place: str) -> list[_Data]:
        """Return the file system mounted at a place, where there is one."""
        return (
            [mount for mount in self.data("mounts")["mounts"] if mount["at"] == place] if self.tells("mounts") else []
        )

    def disks(self, at: int) -> list[_Data]:
        """Return an NVMe disk by its number, where it is there."""
        nvme = self.data("disks")["nvme"] if self.tells("disks") else {}
        return [nvme[name] for name in (f"nvme{at}",) if name in nvme]

    def _entry(self, section: str) -> _Data:
        if section not in self._changed:
            self._changed[section] = json.loads(self._texts[section])
        return self._changed[section]


def gpu_address(at: int) -> str:
    """Return where sysfs has the GPU at a position, 0 to 7."""
    return f"0000:{GPU_BUSES[at].lower()}:00.0"


def address_of(gpu: _Data) -> str:
    """Return where sysfs has a GPU that NVML tells of."""
    return gpu["pci"][0].removeprefix("0000").lower()  # type: ignore[no-any-return]
