"""The PCIe switches of the motherboard."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import NUMBERS
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="pcie-switch",
    about="PCIe switches of the motherboard.",
    scheme=NUMBERS,
    activation=Activation.DC_CYCLE,
    redfish="PCIeSwitch_",
    detail="Two switches of one DGX run two versions by their place: a baseline lists them by slot.",
)
