"""Taking values out of what the probe said of NVML: each is what it should be, or the reason why it is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import NEUTRAL, Absent

T = TypeVar("T")

_MARK = "!"
LONGEST_TEXT = 200
LARGEST = 2**64

#: NVML's return codes (nvml.h, nvmlReturn_t) that say more than "error". A function that the installed library does not
#: have, or a structure it does not know, is beyond that driver; an argument that it does not understand is a field id
#: from after its time, if its version says so (`settle_capabilities`), and something that should be there, if not.
_CODES: Mapping[int, Absent] = {
    2: Absent.MISSING,
    3: Absent.NOT_AVAILABLE,
    4: Absent.DENIED,
    10: Absent.TIMEOUT,
    13: Absent.NOT_SUPPORTED,
    15: Absent.LOST,
    16: Absent.REQUIRES_RESET,
    25: Absent.NOT_SUPPORTED,
    26: Absent.DEPRECATED,
}


def absence(code: object) -> Absent:
    """Return what an error code of NVML's stands for."""
    return _CODES.get(code, Absent.ERROR) if isinstance(code, int) else Absent.ERROR


def refusal(value: object) -> object:
    """Return the code where a value is {"!": code}, else None. As everywhere here, objects are JSON's: dicts."""
    return value.get(_MARK) if type(value) is dict and len(value) == 1 else None


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said of one GPU, or of the node.

    Attributes:
        data: keys of the probe's own → value, list of values, or {"!": code}.
        unasked: why what is not in `data` is not.
    """

    data: Mapping[str, Any]
    unasked: Absent = field(default=Absent.MISSING)

    def at(self, *path: str | int) -> object:
        """Return what stands there, or why nothing does."""
        value: object = self.data
        for step in path:
            value = self._step(value, step)
            if type(value) is Absent:
                return value
        code = refusal(value)
        return value if code is None else absence(code)

    def integer(self, *path: str | int) -> int | Absent:
        value: Any = self.data
        try:  # what nearly every question comes to, in a third of the time
            for step in path:
                value = value[step]
        except (KeyError, IndexError, TypeError):
            value = None
        if type(value) is not int:
            value = self.at(*path)
        if type(value) is int and -LARGEST < value < LARGEST:
            return value
        return value if isinstance(value, Absent) else Absent.ERROR

    def integers(self, *path: str | int) -> tuple[int, ...] | None:
        """Return what stands there where it is a list of numbers and nothing else."""
        row = self.at(*path)
        if type(row) is not list or not all(type(one) is int and -LARGEST < one < LARGEST for one in row):
            return None
        return tuple(row)

    def flag(self, *path: str | int) -> bool | Absent:
        value = self.integer(*path)
        if isinstance(value, Absent):
            return value
        return bool(value) if value in {0, 1} else Absent.ERROR

    def text(self, *path: str | int) -> str | Absent:
        """Return one printable line; an empty text says nothing."""
        value = self.at(*path)
        if isinstance(value, Absent):
            return value
        if not isinstance(value, str):
            return Absent.ERROR
        return printable_line(value[:LONGEST_TEXT].strip()) or Absent.NOT_AVAILABLE

    def named(self, names: Mapping[int, str], *path: str | int) -> str | Absent:
        """Return the name of a number, or the number as text where it has none."""
        value = self.integer(*path)
        return value if isinstance(value, Absent) else names.get(value, str(value))

    def thousandths(self, *path: str | int) -> float | Absent:
        """Return mW as W, MB/s as GB/s."""
        value = self.integer(*path)
        return value if isinstance(value, Absent) else thousandth(value)

    def _step(self, value: object, step: str | int) -> object:
        code = refusal(value)
        if code is not None:
            return absence(code)
        if type(step) is str:
            return value.get(step, self.unasked) if isinstance(value, dict) else Absent.ERROR
        if not isinstance(value, list):
            return Absent.ERROR
        return value[step] if 0 <= step < len(value) else self.unasked  # type: ignore[operator,index]  # else a number


def thousandth(value: int) -> float:
    """Return mW as W, MB/s as GB/s."""
    return value / 1000


def either(first: T | Absent, second: T | Absent) -> T | Absent:
    """Return the first that is told; the first's reason where neither is."""
    return second if isinstance(first, Absent) and not isinstance(second, Absent) else first


def total(values: Iterable[int | Absent]) -> int | Absent:
    """Return the sum, where all are told: a sum of some would grow when another is told again."""
    numbers = list(values)
    missing = [value for value in numbers if isinstance(value, Absent)]
    if missing:
        return worst_reason(missing)
    return sum(value for value in numbers if not isinstance(value, Absent)) if numbers else Absent.NOT_AVAILABLE


def worst_reason(reasons: Iterable[Absent]) -> Absent:
    """Return one that is not neutral, where there is one: what could not be read must not pass for what is not there."""
    found = list(reasons)
    return next((reason for reason in found if reason not in NEUTRAL), found[0])
