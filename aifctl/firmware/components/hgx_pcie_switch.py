"""The PCIe switch of the HGX baseboard."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import HEX_LAST
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="hgx-pcie-switch",
    about="PCIe switch of the HGX baseboard.",
    scheme=HEX_LAST,
    activation=Activation.DC_CYCLE,
    redfish="HGX_FW_PCIeSwitch_",
    software_id="0x40",
    detail="1.7.5F: the third field is hex.",
)
