"""The PCIe retimers of the HGX baseboard."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import NUMBERS
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="hgx-pcie-retimer",
    about="PCIe retimers of the HGX baseboard.",
    scheme=NUMBERS,
    activation=Activation.DC_CYCLE,
    redfish="HGX_FW_PCIeRetimer_",
    software_id="0x8000",
    detail="2.7.9 is older than 2.7.20.",
)
