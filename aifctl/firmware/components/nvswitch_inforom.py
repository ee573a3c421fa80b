"""The InfoROM of an NVSwitch."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import OPAQUE
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="nvswitch-inforom",
    about="InfoROM image of each NVSwitch.",
    scheme=OPAQUE,
    activation=Activation.DC_CYCLE,
    redfish="HGX_InfoROM_NVSwitch_",
    detail="5612.0002.00.01: equal or not.",
)
