"""The BMC of the HGX baseboard."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import RELEASE
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="hmc",
    about="BMC of the HGX baseboard (HMC).",
    scheme=RELEASE,
    activation=Activation.DC_CYCLE,
    redfish="HGX_FW_BMC_",
    software_id="0x10",
    detail="HGX-22.10-1-rc77 is a release: its rc is no candidate.",
)
