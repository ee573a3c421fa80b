"""The firmware of an NVSwitch."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import HEX_BYTES
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="nvswitch",
    about="Firmware of each NVSwitch.",
    scheme=HEX_BYTES,
    activation=Activation.DC_CYCLE,
    redfish="HGX_FW_NVSwitch_",
    software_id="0x70",
    detail="Five bytes in hex, as a VBIOS.",
)
