"""All versions of a node as one text: equal nodes are equal texts, and the text is read back."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.port import Port, PortSection
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.diagnosis.version_set import VersionSet, digest_of, parse_version_set, version_set
from aifctl.diagnosis.versions import HCA, OPAQUE

NIC = Component(
    name="nic",
    about="",
    section=SectionName.PORT,
    scheme=HCA,
    parts=lambda reading: (
        Part(subject=f"hca:{port.device}", kind="MT_1", running=port.firmware_version, identity=f"serial {port.guid}")
        for port in (reading.port.ports if reading.port else ())
    ),
)
FPGA = Component(name="fpga", about="", scheme=OPAQUE, redfish="FPGA")


def read(*ports: Port, status: SectionStatus = SectionStatus.OK) -> str:
    reading = Reading(
        ends={SectionName.PORT: SectionEnd(status=status)}, port=PortSection(source="sysfs", ports=tuple(ports))
    )
    return version_set(reading, [NIC, FPGA]).told()


def port(number: int, version: str | Absent = "28.42.1000", guid: str = "1") -> Port:
    return Port(device=f"mlx5_{number}", firmware_version=version, guid=guid)


def test_parts_of_one_version_stand_together_without_serials() -> None:
    assert read(port(0), port(1), port(2, "28.39.1002"), port(3, Absent.DENIED)) == (
        '{"nic":[["MT_1","28.42.1000",null,["hca:mlx5_0","hca:mlx5_1"]],'
        '["MT_1","28.39.1002",null,["hca:mlx5_2"]],["MT_1",{"!":"denied"},null,["hca:mlx5_3"]]]}'
    )


def test_nodes_of_one_build_are_one_text() -> None:
    assert read(port(0, guid="a"), port(1, guid="b")) == read(port(1, guid="c"), port(0, guid="d"))
    assert digest_of(read(port(0))) != digest_of(read(port(0, "28.42.1001")))


def test_a_section_that_was_not_read_says_nothing_rather_than_no_parts() -> None:
    assert read(port(0), status=SectionStatus.TIMEOUT) == "{}"
    assert read() == '{"nic":[]}'


@given(
    st.dictionaries(
        st.text(max_size=9),
        st.lists(
            st.builds(
                Part,
                subject=st.text(max_size=9),
                kind=st.text(max_size=9),
                running=st.one_of(st.text(max_size=9), st.sampled_from(Absent)),
                staged=st.one_of(st.none(), st.text(min_size=1, max_size=9)),
            ),
            max_size=5,
            unique_by=lambda part: part.subject,
        ).map(tuple),
        max_size=4,
    )
)
def test_what_is_told_is_read_back(parts: dict[str, tuple[Part, ...]]) -> None:
    told = VersionSet(parts=parts).told()
    back = parse_version_set(told)
    assert back.told() == told
    assert {name: set(found) for name, found in back.parts.items()} == {
        name: set(found) for name, found in parts.items()
    }


@pytest.mark.parametrize("text", ["", "[]", '{"a":[1]}', '{"a":[["k",{"!":"?"},null,["s"]]]}', '{"a":[["k","1"]]}'])
def test_garbage_is_no_set(text: str) -> None:
    with pytest.raises(UnreadableError):
        parse_version_set(text)
