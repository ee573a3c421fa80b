"""The formats of nvidia-smi, and how a field of a Gpu is called in each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aifctl.diagnosis.smi_values import Reader


class Format(StrEnum):
    """The formats of nvidia-smi, as `GpuSection.source` names them."""

    XML = "nvidia-smi-xml"
    TEXT = "nvidia-smi-text"
    CSV = "nvidia-smi-csv"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of Gpu: how its words are read, and its names."""

    name: str
    read: Reader
    xml: str
    text: str
    csv: str = ""

    def alternatives(self, form: Format) -> tuple[str, ...]:
        """Return its names in one format, best first."""
        return tuple(
            filter(None, {Format.XML: self.xml, Format.TEXT: self.text, Format.CSV: self.csv}[form].split("|"))
        )
