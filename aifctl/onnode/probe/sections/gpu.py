"""The GPUs, as NVML tells them; where the bindings can't load its library, the text of nvidia-smi instead.

NVML hangs where the driver does, and nothing in this process could stop it: `beat` is called after each answer, and who
watches the section ends it when no answer has come for SILENCE_S.
"""

from .. import nvidia_devices
from ..nvml_asking import (
    DRIVER_NOT_LOADED,
    FUNCTION_NOT_FOUND,
    GPU_IS_LOST,
    LIBRARY_MISMATCH,
    LIBRARY_NOT_FOUND,
    NO_PERMISSION,
    Asking,
    Refused,
    told,
)
from ..nvml_gpu import read_gpu
from ..trouble import NotHere, Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Mapping, Optional, Set, Tuple

    _Data = Dict[str, Any]
    _Beat = Optional[Callable[..., None]]

#: Without persistence mode each GPU takes some 3 s to come up at its first question, 24-30 s in all on a node of eight
#: (aks-gpu #105): slow, and no hang. A hang is silence: 2 and 5 s were too short on busy GPUs (sonar #92).
LIMIT_S = 45.0
SILENCE_S = 10.0

#: For nvidia-smi, which is silent until it is done; from `beat("nvidia-smi")` on.
SLOW_LIMIT_S = 45.0

_MOST_GPUS = 64

_NO_LIBRARY = (LIBRARY_NOT_FOUND, FUNCTION_NOT_FOUND)


def read(root: str, arguments: "Mapping[str, Any]", beat: "_Beat" = None) -> "_Data":
    """Return {"source": "nvml", "driver", "cuda", "count", "excluded", "gpus": [...]}, or what `nvidia_smi.read_xml` does.

    Raises:
        NotHere: neither a driver nor an NVIDIA GPU on the PCI bus.
        Trouble: no-driver, library-mismatch, library-missing, denied, driver-hung (of nvidia-smi), failed.
    """
    nvml = arguments.get("nvml") or _bindings()
    if nvml is None:
        return _read_by_tool(root, beat)
    asking = Asking(nvml, beat)
    try:
        asking.call("nvmlInit")
    except Refused as refused:
        if refused.code in _NO_LIBRARY:
            return _read_by_tool(root, beat)
        raise _trouble(refused, root) from refused
    # Never shut down: the process ends with the section, and without persistence mode that alone takes seconds.
    return _read_by_nvml(asking, root)


def _bindings() -> "Any":
    try:
        import pynvml  # noqa: PLC0415 - 8,000 lines, which other sections need not wait for
    except ImportError:
        return None
    return pynvml


def _read_by_nvml(asking: Asking, root: str) -> "_Data":
    excluded = told(asking.call, "nvmlGetExcludedDeviceCount")
    data: "_Data" = {
        "source": "nvml",
        "driver": told(asking.call, "nvmlSystemGetDriverVersion"),
        "cuda": told(asking.call, "nvmlSystemGetCudaDriverVersion"),
        "count": told(asking.call, "nvmlDeviceGetCount"),
        "excluded": excluded,
    }
    data["gpus"] = _each(asking, root, data["count"])
    if any("pci" not in gpu and "address" not in gpu for gpu in data["gpus"]):
        _place_lost(asking, root, data)
    return data


def _each(asking: Asking, root: str, count: "Any") -> "List[_Data]":
    """Read all, whichever of them is lost. Where NVML can't say how many there are, those that the kernel sees."""
    if isinstance(count, int):
        handles = [("nvmlDeviceGetHandleByIndex", index) for index in range(min(count, _MOST_GPUS))]
        return [_one(asking, root, {"index": where}, (name, where)) for name, where in handles]
    addresses = nvidia_devices.pci_addresses(root)[:_MOST_GPUS]
    return [_one(asking, root, {"address": it}, ("nvmlDeviceGetHandleByPciBusId", it)) for it in addresses]


def _one(asking: Asking, root: str, gpu: "_Data", handle: "Tuple[Any, ...]") -> "_Data":
    try:
        gpu.update(read_gpu(asking, asking.call(*handle), root))
    except Refused as refused:
        gpu["!"] = refused.code
    if isinstance(gpu.get("pci"), dict):  # refused: where it is must be found out otherwise
        gpu["pci_refused"] = gpu.pop("pci")["!"]
    return gpu


def _place_lost(asking: Asking, root: str, data: "_Data") -> None:
    """Find out where GPUs are that would not even say that: by elimination among those that the kernel sees.

    Which is which of several that say nothing at all does not matter: the address is all the identity they have.
    """
    placeless = [gpu for gpu in data["gpus"] if "pci" not in gpu and "address" not in gpu]
    known = {nvidia_devices.same_address(str(gpu["pci"][0])) for gpu in data["gpus"] if "pci" in gpu}
    known |= _excluded_addresses(asking, data["excluded"])
    left = [address for address in nvidia_devices.pci_addresses(root) if address not in known]
    if len(left) > len(placeless):
        left = [address for address in left if _lost_at(asking, address)]
    if len(left) == len(placeless) and (len(left) == 1 or all(_is_nameless(gpu) for gpu in placeless)):
        for at, gpu in enumerate(placeless):
            gpu["address"] = left[at]


def _is_nameless(gpu: "_Data") -> bool:
    """Whether nothing tells it from another: a serial number must not be put where it may not belong."""
    return not any(isinstance(gpu.get(key), str) for key in ("uuid", "serial"))


def _excluded_addresses(asking: Asking, count: "Any") -> "Set[str]":
    found = set()
    for index in range(min(count, _MOST_GPUS) if isinstance(count, int) else 0):
        info = told(lambda index=index: asking.call("nvmlGetExcludedDeviceInfoByIndex", index).pci.busId)
        if isinstance(info, str):
            found.add(nvidia_devices.same_address(info))
    return found


def _lost_at(asking: Asking, address: str) -> bool:
    """Tell a lost GPU from one that this NVML has nothing to do with."""
    return bool(told(asking.call, "nvmlDeviceGetHandleByPciBusId", address) == {"!": GPU_IS_LOST})


def _read_by_tool(root: str, beat: "_Beat") -> "_Data":
    from .. import nvidia_smi  # noqa: PLC0415 - subprocess, which most nodes need not load

    path = nvidia_smi.find(root)
    if path is None:
        if not nvidia_devices.pci_addresses(root):
            raise NotHere("there is no NVIDIA GPU and no driver for one on this node")
        raise Trouble(
            "library-missing", "neither libnvidia-ml.so.1 nor nvidia-smi was found: install the driver's tools"
        )
    if beat is not None:
        beat("nvidia-smi")
    try:
        return nvidia_smi.read_xml(path, SLOW_LIMIT_S - 1.0)
    except Trouble as trouble:
        if trouble.code == "no-driver" and not nvidia_devices.pci_addresses(root):
            raise NotHere("nvidia-smi is installed, and there is no NVIDIA GPU on this node") from trouble
        raise


def _trouble(refused: Refused, root: str) -> Exception:
    if refused.code == DRIVER_NOT_LOADED:
        devices = nvidia_devices.pci_addresses(root)
        if not devices:
            return NotHere("there is no NVIDIA GPU and no driver for one on this node")
        return Trouble("no-driver", "{} NVIDIA GPU(s) and no driver loaded for them".format(len(devices)))
    if refused.code == LIBRARY_MISMATCH:
        return Trouble("library-mismatch", "the NVIDIA libraries and the loaded driver are of two versions: reboot")
    if refused.code == NO_PERMISSION:
        return Trouble("denied", "NVML refuses to start for this user (code 4)")
    return Trouble("failed", "NVML does not start (code {})".format(refused.code))
