"""Which fields of a GPU a tool has no word for: their being absent says nothing of the node, and nothing good either."""

from __future__ import annotations

from dataclasses import fields

from aifctl.diagnosis.gpu import MISSING, Gpu
from aifctl.diagnosis.smi_fields import FIELDS
from aifctl.diagnosis.smi_format import Format
from aifctl.diagnosis.smi_nvlink import LIST_SOURCE, SOURCE

_ALL = frozenset(field.name for field in fields(Gpu) if field.default is MISSING)

#: What is told by more than one word, or by where a word stands.
_TOGETHER = frozenset({"remap_banks", "throttle_reasons", "fabric_health"})
_WHO = frozenset({"index", "name", "uuid"})
_LINKS = frozenset({"nvlinks", "nvlink_replay_count", "nvlink_recovery_count", "nvlink_crc_count"})


def untold_by(source: str) -> frozenset[str]:
    """Return the fields that a `GpuSection.source` never tells; none for one that is not known, or NVML."""
    return _UNTOLD.get(source, frozenset())


def _told(form: Format) -> frozenset[str]:
    named = {field.name for field in FIELDS if field.alternatives(form)}
    return _TOGETHER | named | (frozenset() if form is Format.CSV else {"processes"})


_UNTOLD = {
    **{form.value: _ALL - _told(form) for form in Format},
    SOURCE: _ALL - _WHO - _LINKS,
    LIST_SOURCE: _ALL - _WHO,
}
