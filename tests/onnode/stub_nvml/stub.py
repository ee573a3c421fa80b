"""Building the stub of libnvidia-ml, telling it what to answer, and asking it as a node's Python would."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pynvml
import pytest

from aifctl.onnode.probe.nvml_fields import FIELDS
from aifctl.sim.hardware.fake_nvml import FakeNvml
from aifctl.sim.hardware.gpus import GpuHardware

_SOURCE = Path(__file__).with_name("nvml.c")

#: What the subprocess runs: argv is the archive with the probe and the bindings, and the root to read under.
_READ = """\
import json, sys
sys.path.insert(0, sys.argv[1])
from probe.sections import gpu
from probe.trouble import NotHere, Trouble
try:
    said = gpu.read(sys.argv[2], {}, lambda *words: None)
except NotHere as nothing:
    said = {"nothing": str(nothing)}
except Trouble as trouble:
    said = {"trouble": trouble.code}
sys.stdout.write(json.dumps(said))
"""

_Question = tuple[str, str, tuple[Any, ...], Callable[[Any], Sequence[object]]]


def build(folder: Path, *options: str) -> Path:
    """Compile the stub into a folder of its own, for LD_LIBRARY_PATH; skips the test where no C compiler is."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler on this machine; make deps installs gcc")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "libnvidia-ml.so.1"
    command = [compiler, "-Wall", "-Werror", "-shared", "-fPIC", *options, "-o", str(target), str(_SOURCE)]
    subprocess.run(command, check=True)
    return folder


def read_through_stub(hardware: GpuHardware, *, library: Path, archive: Path, root: Path, python: str) -> Any:
    """Return what the section reads from the stub through the real bindings, under a Python of its own."""
    answers = root / "stub-nvml.tsv"
    answers.write_text("".join("\t".join(map(str, line)) + "\n" for line in answer_lines(hardware)), encoding="utf-8")
    environment = {
        "LD_LIBRARY_PATH": str(library),
        "STUB_NVML": str(answers),
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [python, "-I", "-c", _READ, str(archive), str(root)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def answer_lines(hardware: GpuHardware) -> Iterator[tuple[object, ...]]:
    """Yield function, GPU, arguments, code, values...: all that the hardware would say to whoever asks."""
    nvml = hardware.nvml()
    yield from _line("nvmlInitWithFlags", "-", "-", nvml.nvmlInit, lambda _: ())
    for name in ("nvmlSystemGetDriverVersion", "nvmlSystemGetCudaDriverVersion", "nvmlGetExcludedDeviceCount"):
        yield from _line(name, "-", "-", getattr(nvml, name), lambda value: (value,))
    yield from _line("nvmlDeviceGetCount_v2", "-", "-", nvml.nvmlDeviceGetCount, lambda value: (value,))
    for index in range(len(hardware.excluded)):
        ask = _asking(nvml.nvmlGetExcludedDeviceInfoByIndex, index)
        yield from _line("nvmlGetExcludedDeviceInfoByIndex", "-", str(index), ask, lambda info: (info.pci.busId, 0))
    for address in hardware.addresses():
        ask, place = _asking(nvml.nvmlDeviceGetHandleByPciBusId, address), _place_of(hardware)
        yield from _line("nvmlDeviceGetHandleByPciBusId_v2", "-", address, ask, place)
    for index in range(len(hardware.boards)):
        yield from _of_gpu(nvml, hardware, index)


def _of_gpu(nvml: FakeNvml, hardware: GpuHardware, index: int) -> Iterator[tuple[object, ...]]:
    ask = _asking(nvml.nvmlDeviceGetHandleByIndex, index)
    yield from _line("nvmlDeviceGetHandleByIndex_v2", "-", str(index), ask, _place_of(hardware))
    try:
        handle = ask()
    except pynvml.NVMLError:
        return
    for symbol, name, arguments, values in _questions(nvml):
        spelled = ",".join(map(str, arguments)) or "-"
        yield from _line(symbol, index, spelled, _asking(getattr(nvml, name), handle, *arguments), values)
    yield from _structures(nvml, handle, index)
    yield from _fields(nvml, handle, index, len(hardware.boards[index].links))


def _questions(nvml: FakeNvml) -> Iterator[_Question]:
    """Yield symbol, name in the bindings, arguments, and how the answer becomes values."""
    for name in _ONE_VALUE:
        yield name, name, (), lambda value: (value.decode() if isinstance(value, bytes) else value,)
    for name, arguments in _kinds():
        yield name, name, arguments, lambda value: (value,)
    for name in ("nvmlDeviceGetEccMode", "nvmlDeviceGetMigMode", "nvmlDeviceGetRemappedRows"):
        yield name, name, (), tuple
    yield "nvmlDeviceGetRepairStatus", "nvmlDeviceGetRepairStatus", (), tuple
    yield "nvmlDeviceValidateInforom", "nvmlDeviceValidateInforom", (), lambda _: ()
    yield "nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v3", (), _parts("busId", "pciDeviceId")
    yield "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetMemoryInfo", (), _parts("total", "used")
    yield "nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetMemoryInfo", (), _parts("total", "used")
    yield "nvmlDeviceGetUtilizationRates", "nvmlDeviceGetUtilizationRates", (), _parts("gpu", "memory")
    name = "nvmlDeviceGetRowRemapperHistogram"
    yield name, name, (), _parts("max", "high", "partial", "low", "none")
    for link in range(36):
        name = "nvmlDeviceGetNvLinkRemotePciInfo"
        yield f"{name}_v2", name, (link,), _parts("busId", "pciDeviceId")
    name = "nvmlDeviceGetComputeRunningProcesses_v3"
    yield name, name, (), lambda found: [part for one in found for part in (one.pid, _used(one.usedGpuMemory))]


def _kinds() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the functions that tell one number of several, and which."""
    for kind, span, location in product((0, 1), (0, 1), (2, 7)):
        yield "nvmlDeviceGetMemoryErrorCounter", (kind, span, location)
    for clock, kind in product(("Clock", "MaxClock"), (0, 1, 2)):
        yield f"nvmlDeviceGet{clock}Info", (kind,)
    yield from (("nvmlDeviceGetApplicationsClock", (kind,)) for kind in (0, 1, 2))
    yield from (("nvmlDeviceGetTemperatureThreshold", (which,)) for which in (0, 1))
    yield from (("nvmlDeviceGetNvLinkState", (link,)) for link in range(36))
    yield "nvmlDeviceGetTemperatureV", (0,)
    yield "nvmlDeviceGetTemperature", (0,)


def _parts(*names: str) -> Callable[[Any], Sequence[object]]:
    return lambda value: [getattr(value, name) for name in names]


def _structures(nvml: FakeNvml, handle: Any, index: int) -> Iterator[tuple[object, ...]]:
    """Ask what fills a structure that it is given: nothing where the driver has no such function."""
    sram = pynvml.c_nvmlEccSramErrorStatus_v1_t()
    counts = ("Cor", "UncParity", "UncSecDed")
    names = [f"{span}{count}" for span in ("volatile", "aggregate") for count in counts] + ["bThresholdExceeded"]
    name = "nvmlDeviceGetSramEccErrorStatus"
    ask = _asking(getattr(nvml, name), handle, ctypes.pointer(sram))
    yield from _line(name, index, "-", ask, lambda _: [getattr(sram, one) for one in names])
    for kind, function, arguments, parts in _FABRICS:
        info = getattr(pynvml, kind)()
        ask = _asking(getattr(nvml, function), handle, ctypes.pointer(info))
        yield from _line(function, index, arguments, ask, _parts_of(info, parts))
    words = (ctypes.c_uint * 2)()
    name = "nvmlDeviceGetUnrepairableMemoryFlag_v1"
    yield from _line(name, index, "-", _asking(_flag, nvml, handle, words), lambda _: (words[0],))


def _parts_of(info: Any, names: Sequence[str]) -> Callable[[Any], Sequence[object]]:
    return lambda _: [getattr(info, name) for name in names]


def _fields(nvml: FakeNvml, handle: Any, index: int, links: int) -> Iterator[tuple[object, ...]]:
    wanted = [(field, 0) for field in FIELDS] + [(field, link) for field in range(161, 165) for link in range(links)]
    name = "nvmlDeviceGetFieldValues"
    yield from _line(name, index, "*", _asking(getattr(nvml, name), handle, []), lambda _: ())
    for field, scope in wanted:
        try:
            entry = nvml.nvmlDeviceGetFieldValues(handle, [(field, scope)])[0]
        except pynvml.NVMLError:
            return
        value = entry.value.siVal if entry.valueType == 5 else entry.value.ullVal
        yield name, index, f"{field},{scope}", entry.nvmlReturn, entry.valueType, value


def _line(
    symbol: str, gpu: object, arguments: str, ask: Callable[[], Any], values: Callable[[Any], Sequence[object]]
) -> Iterator[tuple[object, ...]]:
    try:
        yield symbol, gpu, arguments, 0, *values(ask())
    except pynvml.NVMLError as error:
        yield symbol, gpu, arguments, error.value


def _asking(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    return lambda: function(*arguments)


def _flag(nvml: FakeNvml, handle: Any, words: Any) -> None:
    code = nvml._nvmlGetFunctionPointer("nvmlDeviceGetUnrepairableMemoryFlag_v1")(handle, ctypes.pointer(words))
    if code:
        raise pynvml.NVMLError(code)


def _place_of(hardware: GpuHardware) -> Callable[[Any], Sequence[object]]:
    return lambda handle: (next(at for at, board in enumerate(hardware.boards) if board is handle.board),)


def _used(used_bytes: int | None) -> int:
    """Return NVML's word for "not available" where the driver does not tell."""
    return 2**64 - 1 if used_bytes is None else used_bytes


_V1 = ("state", "status", "cliqueId")
_FABRICS = (
    ("c_nvmlGpuFabricInfo_v3_t", "nvmlDeviceGetGpuFabricInfoV", "3", (*_V1, "healthMask", "healthSummary")),
    ("c_nvmlGpuFabricInfo_v2_t", "nvmlDeviceGetGpuFabricInfoV", "2", (*_V1, "healthMask")),
    ("c_nvmlGpuFabricInfo_t", "nvmlDeviceGetGpuFabricInfo", "-", _V1),
)
_ONE_VALUE = (
    "nvmlDeviceGetUUID",
    "nvmlDeviceGetSerial",
    "nvmlDeviceGetName",
    "nvmlDeviceGetBoardPartNumber",
    "nvmlDeviceGetVbiosVersion",
    "nvmlDeviceGetInforomImageVersion",
    "nvmlDeviceGetGspFirmwareVersion",
    "nvmlDeviceGetModuleId",
    "nvmlDeviceGetPersistenceMode",
    "nvmlDeviceGetComputeMode",
    "nvmlDeviceGetCurrentClocksEventReasons",
    "nvmlDeviceGetCurrentClocksThrottleReasons",
    "nvmlDeviceGetMarginTemperature",
    "nvmlDeviceGetPowerUsage",
    "nvmlDeviceGetEnforcedPowerLimit",
    "nvmlDeviceGetPowerManagementDefaultLimit",
    "nvmlDeviceGetPerformanceState",
    "nvmlDeviceGetCurrPcieLinkGeneration",
    "nvmlDeviceGetMaxPcieLinkGeneration",
    "nvmlDeviceGetCurrPcieLinkWidth",
    "nvmlDeviceGetMaxPcieLinkWidth",
    "nvmlDeviceGetPcieReplayCounter",
)
