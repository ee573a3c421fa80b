"""Why a field has no value. Each reason is told apart, because each is judged otherwise."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Absent(StrEnum):
    """What stands where a value would.

    The first three are neutral: a healthy node has dozens of them. The others are not: something that could have been
    told was not, or is wrong by itself.
    """

    NOT_AVAILABLE = "n/a"  # "[N/A]", "N/A": NVML_ERROR_NOT_SUPPORTED as nvidia-smi prints it
    NOT_SUPPORTED = "not-supported"  # "[Not Supported]", or a driver that is too old to know the field
    DEPRECATED = "deprecated"  # "[Requested functionality has been deprecated]"
    MISSING = "missing"  # nobody said anything of it: cut off, another schema, an unknown layout
    DENIED = "denied"  # NVML_ERROR_NO_PERMISSION, EACCES
    TIMEOUT = "timeout"  # asked, and no answer came in time
    ERROR = "error"  # "Unknown Error", "ERR!", any other error code
    REQUIRES_RESET = "requires-reset"  # "[GPU requires reset]", NVML_ERROR_RESET_REQUIRED
    LOST = "lost"  # "GPU is lost", NVML_ERROR_GPU_IS_LOST


NEUTRAL = frozenset({Absent.NOT_AVAILABLE, Absent.NOT_SUPPORTED, Absent.DEPRECATED})
UNTOLD = frozenset(Absent) - NEUTRAL


class NeutralError(Exception):
    """What was asked for does not exist on this hardware or with this driver: nothing to judge."""


class CannotTellError(Exception):
    """What was asked for should be there and is not: the result is unknown, never ok.

    Attributes:
        what: the field, as a person would name it.
        why: the reason, where there is one.
    """

    def __init__(self, what: str, why: Absent | str) -> None:
        super().__init__(f"{what}: {why}")
        self.what, self.why = what, why


def told(value: T | Absent, what: str) -> T:
    """Return a value that is there.

    Raises:
        NeutralError: it is absent for a neutral reason.
        CannotTellError: it is absent for any other.
    """
    if isinstance(value, Absent):
        if value in NEUTRAL:
            raise NeutralError(what)
        raise CannotTellError(what, value)
    return value


def known(value: T | Absent, otherwise: T) -> T:
    """Return the value, or `otherwise` where it is absent for whatever reason; for texts, never for a verdict."""
    return otherwise if isinstance(value, Absent) else value
