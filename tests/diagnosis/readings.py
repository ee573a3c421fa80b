"""Readings for tests: a healthy node in a few fields, and any reading at all for properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.kernel import KernelEvent, KernelSection
from aifctl.diagnosis.pci import PciDevice, PciSection
from aifctl.diagnosis.port import Port, PortSection
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus

OK = SectionEnd(status=SectionStatus.OK)
BOOT = "0b1e5c4e-0000-4000-8000-000000000001"


def some_reading(
    *,
    at_s: float = 1000.0,
    boot_id: str = BOOT,
    gpus: tuple[Gpu, ...] = (),
    ports: tuple[Port, ...] = (),
    devices: tuple[PciDevice, ...] = (),
    events: tuple[KernelEvent, ...] = (),
    uptime_s: float | Absent = 86_400.0,
    edac: Mapping[str, int] | Absent = Absent.MISSING,
    cursor: str = "",
) -> Reading:
    """A reading of all sections, with what the test is about in them."""
    return Reading(
        node="n1",
        at_s=at_s,
        boot_id=boot_id,
        probe="test",
        ends=dict.fromkeys(SectionName, OK),
        gpu=GpuSection(source="nvml", gpus=gpus),
        port=PortSection(source="sysfs", ports=ports),
        pci=PciSection(source="sysfs", devices=devices),
        kernel=KernelSection(source="kmsg", events=events, cursor=cursor),
        host=Host(uptime_s=uptime_s, edac=edac),
    )


_TEXTS = st.text(max_size=12)
_ABSENT = st.sampled_from(Absent)


def _of_hint(hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(hint, UnionType):
        return st.one_of(*(_of_hint(one) for one in get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(_of_hint(get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) is Mapping:
        return st.dictionaries(_TEXTS, _of_hint(get_args(hint)[1]), max_size=3)
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return of_class(hint)
    return _SIMPLE[hint]


_SIMPLE: Mapping[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**62), 2**62),
    float: st.floats(allow_nan=False, allow_infinity=False).map(lambda value: round(value, 3)),
    str: _TEXTS,
    bool: st.booleans(),
    Absent: _ABSENT,
    type(None): st.none(),
    object: _TEXTS,
}


def of_class(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any value of a dataclass, every field drawn as its annotation allows."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: _of_hint(hints[field.name]) for field in fields(kind)})


READINGS = st.builds(
    Reading,
    node=st.just("n1"),
    at_s=st.floats(0, 4e9).map(lambda value: round(value, 3)),
    node_clock_s=st.none() | st.floats(0, 4e9).map(lambda value: round(value, 3)),
    boot_id=_TEXTS,
    probe=_TEXTS,
    ends=st.dictionaries(
        st.sampled_from(SectionName),
        st.builds(SectionEnd, status=st.sampled_from(SectionStatus), code=_TEXTS, message=_TEXTS),
        max_size=5,
    ),
    gpu=st.none() | of_class(GpuSection),
    port=st.none() | of_class(PortSection),
    pci=st.none() | of_class(PciSection),
    host=st.none() | of_class(Host),
    kernel=st.none()
    | st.builds(
        KernelSection,
        source=_TEXTS,
        cursor=_TEXTS,
        lines_count=st.integers(0, 10**6),
        dropped_count=st.integers(0, 10**6),
        first_s=_ABSENT | st.floats(0, 1e6).map(lambda value: round(value, 3)),
        complete=st.booleans(),
    ),
)
