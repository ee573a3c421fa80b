"""What the probe's clock section read: the kernel's own word, and chrony's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.sysfs_values import as_mapping, text, why_absent
from aifctl.diagnosis.unreadable import UnreadableError

#: <sys/timex.h>
_STA_UNSYNC, _STA_NANO, _TIME_ERROR = 0x0040, 0x2000, 5
#: chronyc(1), tracking, as it stands with -c: reference id, address, stratum, reference time, offset of the system
#: clock in seconds (positive: fast of the source), ...; the last is the leap status.
_OFFSET_AT, _FIELDS_COUNT, _UNSYNCED = 4, 14, "Not synchronised"
_CHRONY_LONGEST = 512


def parse_clock(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return {"clock_synced", "clock_offset_s", "clock_source"}.

    The offset is chrony's, which tells the kernel nothing of it; without chrony it is the kernel's, which ntpd and
    timesyncd steer by; n/a where nobody keeps the clock, since an offset from nothing is none.

    Raises:
        UnreadableError: it is not what `onnode/probe/sections/clock.py` makes.
    """
    if data.get("source") != "adjtimex":
        raise UnreadableError("the clock section is none that is known")
    synced, offset_s = _kernel(data.get("timex"))
    if not isinstance(data.get("chrony"), str):
        offset_s = Absent.MISSING  # where there is no chrony, that is said
    chrony = _chrony(data.get("chrony"))
    if chrony is not None:
        offset_s = chrony[1]
        synced = chrony[0] if synced is not False else False
    return {"clock_synced": synced, "clock_offset_s": offset_s, "clock_source": text(data.get("counter"))}


def _kernel(timex: object) -> tuple[bool | Absent, float | Absent]:
    match as_mapping(timex):
        case {"state": int(state), "status": int(status), "offset": int(offset)} if abs(offset) < 1 << 62:
            synced = state != _TIME_ERROR and not status & _STA_UNSYNC
            scale = 1e9 if status & _STA_NANO else 1e6
            return synced, round(offset / scale, 9) if synced else Absent.NOT_AVAILABLE
        case told:
            why = why_absent(timex) if "!" in told else Absent.ERROR
            return why, why


def _chrony(said: object) -> tuple[bool, float | Absent] | None:
    """Return whether it follows a source, and by how much the clock is off; None where no chrony answers."""
    if not isinstance(said, str) or not said.strip():
        return None
    fields = said[:_CHRONY_LONGEST].strip().split(",")
    if len(fields) < _FIELDS_COUNT:
        return None
    synced = fields[-1] != _UNSYNCED
    try:
        offset_s = float(fields[_OFFSET_AT])
    except ValueError:
        return synced, Absent.ERROR
    if not math.isfinite(offset_s):
        return synced, Absent.ERROR
    return synced, offset_s if synced else Absent.NOT_AVAILABLE
