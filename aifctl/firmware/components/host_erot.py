"""The roots of trust of the host."""

from __future__ import annotations

from aifctl.diagnosis.component import Component
from aifctl.diagnosis.versions import SIGNED
from aifctl.fleet.baseline import Activation

COMPONENT = Component(
    name="host-erot",
    about="Roots of trust (ERoT) of the host's BIOS and BMC.",
    scheme=SIGNED,
    activation=Activation.AC_CYCLE,
    redfish="EROT_",
    detail="As those of the baseboard; versions of their own.",
)
