"""The PCIe retimers of the motherboard."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import NUMBERS
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="pcie-retimer",
    about="PCIe retimers of the motherboard.",
    scheme=NUMBERS,
    activation=Activation.DC_CYCLE,
    redfish="PCIeRetimer_",
    detail="2.07.19 is 2.7.19.",
)
