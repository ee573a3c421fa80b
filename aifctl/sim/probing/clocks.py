"""What faults change in a node's clock as the probe tells it."""

from __future__ import annotations

from typing import Any

#: adjtimex(2): nobody keeps the clock right. An address of chrony's own, where it has no source.
_STA_UNSYNC, _TIME_ERROR = 0x40, 5
_NO_SOURCE = ["7F7F0101", "", "0", "0.0"]


def lose_source(clock: dict[str, Any]) -> None:
    """Let the clock run on by itself."""
    clock["timex"]["state"] = _TIME_ERROR
    clock["timex"]["status"] |= _STA_UNSYNC
    words = clock["chrony"].split(",")
    clock["chrony"] = ",".join([*_NO_SOURCE, *words[len(_NO_SOURCE) : -1], "Not synchronised"])
