"""The FPGA of the HGX baseboard."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import HEX_PAIR
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="fpga",
    about="FPGA of the HGX baseboard.",
    scheme=HEX_PAIR,
    activation=Activation.DC_CYCLE,
    redfish="HGX_FW_FPGA_",
    software_id="0x50",
    detail="Two bytes in hex: 2.2C is older than 2.37.",
)
