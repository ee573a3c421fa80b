"""Compute processes on a GPU. Asked last: the driver holds its global lock meanwhile (4.5 ms, MangoHud #2104)."""

import os
import typing

from .nvml_asking import Asking, Refused, told

_SPELLINGS = (
    "nvmlDeviceGetComputeRunningProcesses_v3",
    "nvmlDeviceGetComputeRunningProcesses_v2",
    "nvmlDeviceGetComputeRunningProcesses",
)
_MOST_PROCESSES = 64


def read_processes(asking: Asking, handle: typing.Any, root: str) -> typing.List[typing.Any]:
    """Return [pid, bytes or null, name] of each, at most 64."""
    found = asking.first(*[(name, handle) for name in _SPELLINGS])
    return [told(_process, process, root) for process in found[:_MOST_PROCESSES]]


def _process(process: typing.Any, root: str) -> typing.List[typing.Any]:
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
