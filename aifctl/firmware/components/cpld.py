"""The CPLDs."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import OPAQUE
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="cpld",
    about="CPLDs of motherboard and midplane.",
    scheme=OPAQUE,
    activation=Activation.AC_CYCLE,
    redfish="CPLD",
    detail="0.2.1.6, F5.11.CB, 0x00 0x0b: each vendor its own way, so that equal or not is all.",
)
