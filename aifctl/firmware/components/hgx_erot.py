"""The roots of trust of the HGX baseboard."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import SIGNED
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="hgx-erot",
    about="Roots of trust (ERoT) of the HGX baseboard.",
    scheme=SIGNED,
    activation=Activation.AC_CYCLE,
    redfish="HGX_FW_ERoT_",
    software_id="0xFF00",
    detail="00.02.0134.0000_n00: the letters after the line name the set of keys, which must be the same.",
)
