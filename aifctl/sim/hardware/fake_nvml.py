"""A stand-in for the module `pynvml`: its functions answer for simulated GPUs, its constants, structures and errors are
the real module's.

Like NVML it refuses with codes: NOT_SUPPORTED where a GPU has no such thing, FUNCTION_NOT_FOUND where the driver is too
old, GPU_IS_LOST for all but what the driver has in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pynvml

from aifctl.sim.hardware.boards import GPU_IS_LOST, NOT_SUPPORTED, Board
from aifctl.sim.hardware.nvml_answers import ANSWERS, OF_A_LOST_GPU, Refusal, field_value
from aifctl.sim.hardware.nvml_history import knows_field, knows_function

INVALID_ARGUMENT, NOT_FOUND, FUNCTION_NOT_FOUND = 2, 6, 13


class Handle:
    """What stands for a GPU in questions about it."""

    def __init__(self, board: Board) -> None:
        self.board = board


class FakeNvml:
    """One process's view of the GPUs of one node.

    Attributes:
        errors: function → the code it refuses with, whichever GPU is asked: for nvmlInit, nvmlDeviceGetCount, ...
        hangs: function → called before it answers; one that blocks is a driver that hangs.
        asked: names of the functions called so far, in order.
    """

    def __init__(
        self,
        boards: Sequence[Board],
        *,
        driver_version: str = "580.105.08",
        cuda: int = 13000,
        excluded: Sequence[str] = (),
        errors: dict[str, int] | None = None,
        hangs: dict[str, Callable[[], object]] | None = None,
    ) -> None:
        self.boards, self.driver_version, self.cuda = boards, driver_version, cuda
        self.excluded = excluded
        self.errors, self.hangs = errors if errors is not None else {}, hangs if hangs is not None else {}
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        """Return a function of ours, or what else the real module has under that name."""
        real = getattr(pynvml, name)  # an AttributeError where it has none
        if not name.startswith("nvml") or isinstance(real, type) or not callable(real):
            return real
        return lambda *arguments: self._answer(name, *arguments)

    def _nvmlGetFunctionPointer(self, name: str) -> Callable[..., int]:  # noqa: N802 - the bindings' own name
        """Return an entry of the driver's library: it returns a code and fills what it is given a pointer to."""
        self._refuse_unknown(name)

        def entry(handle: Handle, pointer: Any) -> int:
            try:
                pointer.contents[0] = self._answer(name, handle)
            except pynvml.NVMLError as error:
                return int(error.value)
            return 0

        return entry

    def _answer(self, name: str, *arguments: Any) -> Any:
        self.asked.append(name)
        if name in self.hangs:
            self.hangs[name]()
        self._refuse_unknown(name)
        if name in self.errors:
            raise pynvml.NVMLError(self.errors[name])
        try:
            if name in _OF_SYSTEM:
                return _OF_SYSTEM[name](self, *arguments)
            return self._of_gpu(name, *arguments)
        except Refusal as refusal:
            raise pynvml.NVMLError(refusal.code) from refusal

    def _refuse_unknown(self, name: str) -> None:
        if not knows_function(self.driver_version, name):
            raise pynvml.NVMLError(FUNCTION_NOT_FOUND)

    def _of_gpu(self, name: str, handle: Handle, *arguments: Any) -> Any:
        board = handle.board
        if board.handle_error == GPU_IS_LOST and name not in OF_A_LOST_GPU:
            raise Refusal(GPU_IS_LOST)
        if name in board.errors:
            raise Refusal(board.errors[name])
        if name == "nvmlDeviceGetFieldValues":
            return self._field_values(board, *arguments)
        if name not in ANSWERS:
            raise Refusal(NOT_SUPPORTED)
        return ANSWERS[name](board, self.driver_version, *arguments)

    def _field_values(self, board: Board, wanted: Sequence[int | tuple[int, int]]) -> list[Any]:
        return [
            field_value(board, *(one if isinstance(one, tuple) else (one, 0)), known=self._knows(one)) for one in wanted
        ]

    def _knows(self, wanted: int | tuple[int, int]) -> bool:
        return knows_field(self.driver_version, wanted[0] if isinstance(wanted, tuple) else wanted)


def _excluded_info(nvml: FakeNvml, index: int) -> Any:
    if not 0 <= index < len(nvml.excluded):
        raise Refusal(INVALID_ARGUMENT)
    info = pynvml.c_nvmlExcludedDeviceInfo_t()
    info.pci.busId = nvml.excluded[index]
    return info


def _handle_by_index(nvml: FakeNvml, index: int) -> Handle:
    if not 0 <= index < len(nvml.boards):
        raise Refusal(INVALID_ARGUMENT)
    return _handle(nvml.boards[index])


def _handle_by_address(nvml: FakeNvml, address: str) -> Handle:
    for board in nvml.boards:
        if _place(board.bus) == _place(address):
            return _handle(board)
    raise Refusal(NOT_FOUND)


def _handle(board: Board) -> Handle:
    if board.handle_error:
        raise Refusal(board.handle_error)
    return Handle(board)


def _place(address: str) -> tuple[int, str]:
    domain, _, rest = address.lower().partition(":")
    return int(domain, 16), rest


_OF_SYSTEM: Mapping[str, Callable[..., Any]] = {
    "nvmlInit": lambda _: None,
    "nvmlSystemGetDriverVersion": lambda nvml: nvml.driver_version,
    "nvmlSystemGetCudaDriverVersion": lambda nvml: nvml.cuda,
    "nvmlDeviceGetCount": lambda nvml: len(nvml.boards),
    "nvmlGetExcludedDeviceCount": lambda nvml: len(nvml.excluded),
    "nvmlGetExcludedDeviceInfoByIndex": _excluded_info,
    "nvmlDeviceGetHandleByIndex": _handle_by_index,
    "nvmlDeviceGetHandleByPciBusId": _handle_by_address,
}
