"""What an SXid, an NVSwitch's own error, means and asks for.

Source: the list of SXids in NVIDIA's Fabric Manager guide as leptonai/gpud has it (components/.../sxid.go): which are
fatal always, which may be, which are only told.
"""

from __future__ import annotations

from enum import StrEnum


class SxidClass(StrEnum):
    """How bad it is by its number; the line's own word counts where that is worse."""

    ALWAYS_FATAL = "always-fatal"
    MAY_BE_FATAL = "may-be-fatal"
    CORRECTED = "corrected"
    THERMAL = "thermal"
    OTHER = "other"


_ALWAYS = frozenset({12020, 22003, 22011, *range(23001, 23018)})
_MAY_BE = frozenset(
    {11001, 11009, 11013, 12001, 12002, 12022, *range(12024, 12028), 14017, 15001, 15006, *range(19047, 19071), 20034}
) | frozenset(range(24004, 24008))
_CORRECTED = frozenset({11012, 12021, 20001, 20009})
_THERMAL = frozenset({10004, 10005})


def class_of(number: int) -> SxidClass:
    """Return how bad an SXid is by its number."""
    for kind, numbers in _CLASSES:
        if number in numbers:
            return kind
    return SxidClass.OTHER


_CLASSES = (
    (SxidClass.ALWAYS_FATAL, _ALWAYS),
    (SxidClass.MAY_BE_FATAL, _MAY_BE),
    (SxidClass.CORRECTED, _CORRECTED),
    (SxidClass.THERMAL, _THERMAL),
)
