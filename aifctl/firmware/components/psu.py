"""The power supplies."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import GROUPS
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="psu",
    about="Firmware of each power supply, by its part number.",
    scheme=GROUPS,
    activation=Activation.NONE,
    redfish="PSU_",
    detail="Mixed sets in one chassis are common: it goes with the supply's part number.",
)
