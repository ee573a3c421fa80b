"""A node that drops connections before the banner, as sshd does beyond its MaxStartups."""

from __future__ import annotations

from aifctl.core.units import parse_share
from aifctl.sim.fault import Admission, Argument, Door, FaultKind

#: sshd's MaxStartups 10:30:100 begins to drop above ten connections that have not authenticated.
_ALWAYS_SERVED = 10


async def _drop_some(door: Door, share: float) -> Admission:
    """Drop by lot; without a share only above ten waiting connections, then every one."""
    if not share:
        return Admission.CLOSE if door.waiting_count > _ALWAYS_SERVED else Admission.SERVE
    return Admission.CLOSE if door.random.random() < share else Admission.SERVE


FAULT = FaultKind(
    name="throttle",
    about="closes connections before the banner: that share of them, or all above 10 at once",
    argument=Argument(name="share", parse=parse_share, default=0.0),
    admit=_drop_some,
)
