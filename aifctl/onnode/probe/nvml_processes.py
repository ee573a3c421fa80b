"""Compute processes on a GPU. Asked last: the driver holds its global lock meanwhile (4.5 ms, MangoHud #2104)."""

import os

from .nvml_asking import Asking, Refused, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

_SPELLINGS = (
    "nvmlDeviceGetComputeRunningProcesses_v3",
    "nvmlDeviceGetComputeRunningProcesses_v2",
    "nvmlDeviceGetComputeRunningProcesses",
)
_MOST_PROCESSES = 64


def read_processes(asking: Asking, handle: "Any", root: str) -> "List[Any]":
    """Return [pid, bytes or null, name] of each, at most 64."""
    found = asking.first(*[(name, handle) for name in _SPELLINGS])
    return [told(_process, process, root) for process in found[:_MOST_PROCESSES]]


def _process(process: "Any", root: str) -> "List[Any]":
    try:
        return [process.pid, process.usedGpuMemory, _name(root, process.pid)]
    except AttributeError as error:
        raise Refused(type(error).__name__) from error


def _name(root: str, pid: int) -> str:
    try:
        with open(os.path.join(root, "proc", str(pid), "comm"), "rb") as file:
            return file.read(64).decode("utf-8", "replace").strip()
    except OSError:  # it is over, or another namespace's
        return ""
