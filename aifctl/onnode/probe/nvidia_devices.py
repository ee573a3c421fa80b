"""The NVIDIA GPUs that the kernel sees on the PCI bus, whatever the driver says of them."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

_NVIDIA = "0x10de"
_DISPLAY = "0x03"  # PCI's base class of VGA (0300) and 3D controllers (0302); an NVSwitch is a bridge (0680)
_MOST_DEVICES = 4096


def pci_addresses(root: str) -> "List[str]":
    """Return `0000:1b:00.0` of every NVIDIA GPU under sysfs, in order; none where there is no PCI bus."""
    folder = os.path.join(root, "sys/bus/pci/devices")
    try:
        names = sorted(os.listdir(folder))[:_MOST_DEVICES]
    except OSError:
        return []
    return [name.lower() for name in names if _is_gpu(os.path.join(folder, name))]


def same_address(text: str) -> str:
    """Write an address as sysfs does: NVML says 00000000:1B:00.0 where sysfs says 0000:1b:00.0."""
    domain, colon, rest = text.strip().lower().partition(":")
    try:
        return "{:04x}:{}".format(int(domain, 16), rest) if colon else ""
    except ValueError:
        return ""


def _is_gpu(device: str) -> bool:
    return _word(device, "vendor") == _NVIDIA and _word(device, "class").startswith(_DISPLAY)


def _word(device: str, name: str) -> str:
    try:
        with open(os.path.join(device, name), "rb") as file:
            return file.read(32).decode("ascii", "replace").strip().lower()
    except OSError:
        return ""
