"""Headers of firmware packages: which component comes in which version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aifctl.diagnosis.pldm import Package, parse_pldm
from aifctl.diagnosis.unreadable import UnreadableError
from tests.diagnosis.capture_cases import capture_under_another_name


def component(identifier: str, version: str) -> dict[str, Any]:
    return {"ComponentIdentifier": identifier, "ComponentVersionString": version, "FWImageSize": 1}


HEADER = {
    "PackageHeaderInformation": {"PackageVersionString": "HGX-H100x8_0014"},
    "FirmwareDeviceRecords": [
        {"Components": [component("0xFF00", "00.02.0134.0000_n00"), component("0x10", "HGX-22.10-1-rc36")]},
        {"Components": [component("0xff00", "00.02.0134.0000_n00"), component("0xff00", "00.02.0150.0000_n00")]},
    ],
}


def test_a_component_has_each_version_once_whatever_the_case_of_its_number() -> None:
    assert parse_pldm(json.dumps(HEADER).encode()) == Package(
        name="HGX-H100x8_0014",
        versions={"0xff00": ("00.02.0134.0000_n00", "00.02.0150.0000_n00"), "0x10": ("HGX-22.10-1-rc36",)},
    )


@pytest.mark.captures
def test_a_real_package_is_read(tmp_path: Path) -> None:
    file = capture_under_another_name("firmware/pldm_unpack_hgx_h100x8_0002_230517.json", tmp_path)
    found = parse_pldm(file.read_bytes())
    assert found.name == "HGX-H100x8_0002_230517.3.0"
    assert found.versions == {
        "0xff00": ("00.02.0134.0000_n00",),
        "0x10": ("HGX-22.10-1-rc36",),
        "0x50": ("2.11",),
        "0x20": ("96.00.68.00.01",),
        "0x70": ("96.10.38.00.01",),
        "0x40": ("1.7.5F",),
        "0x8000": ("1.31.8",),
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        json.dumps(HEADER).encode()[:-9],
        json.dumps({**HEADER, "FirmwareDeviceRecords": []}).encode(),
        json.dumps({**HEADER, "FirmwareDeviceRecords": [{"Components": [component("0x10", "")]}]}).encode(),
        json.dumps({**HEADER, "FirmwareDeviceRecords": [{"Components": [component("0x10", "a\x1b[2J")]}]}).encode(),
        b"[" * 100_000,
    ],
)
def test_what_is_no_whole_header_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse_pldm(data)


@given(st.integers(0, len(json.dumps(HEADER)) - 1))
def test_a_cut_header_is_never_a_package(length: int) -> None:
    with pytest.raises(UnreadableError):
        parse_pldm(json.dumps(HEADER).encode()[:length])
