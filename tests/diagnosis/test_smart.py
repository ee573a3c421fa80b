"""What smartctl and nvme-cli say of disks, read for its numbers; cut, changed, and of disks of other kinds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.absent import NEUTRAL, Absent
from aifctl.diagnosis.host import Disk, Host
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.recognising import reading_of_text, recognise
from aifctl.diagnosis.smart import parse_nvme_list, parse_smart_log_json, parse_smartctl
from aifctl.diagnosis.unreadable import UnreadableError
from tests.fuzzing import examples

LOG = {"critical_warning": 0, "temperature": 39, "available_spare": 100, "available_spare_threshold": 10,
       "percentage_used": 3, "media_errors": 0}  # fmt: skip
NVME: dict[str, Any] = {
    "smartctl": {"version": [7, 2], "exit_status": 0},
    "device": {"name": "/dev/nvme4", "protocol": "NVMe"},
    "model_name": "a model",
    "serial_number": "S1",
    "firmware_version": "F1",
    "user_capacity": {"bytes": 3840755982336},
    "smart_status": {"passed": True},
    "nvme_smart_health_information_log": LOG,
    "temperature": {"current": 39},
}
SATA: dict[str, Any] = {
    "smartctl": {"exit_status": 0},
    "device": {"name": "/dev/sda", "protocol": "ATA"},
    "model_name": "a disk",
    "smart_status": {"passed": True},
}
SMART_LOG = {
    "critical_warning": 0,
    "temperature": 312,
    "avail_spare": 100,
    "spare_thresh": 10,
    "percent_used": 3,
    "media_errors": 1,
}
FLAT = {
    "Devices": [
        {"DevicePath": "/dev/nvme0n1", "Firmware": "F1", "ModelNumber": "M", "SerialNumber": " S ", "PhysicalSize": 5}
    ]
}
NESTED = {"Devices": [{"Subsystems": [{"Controllers": [
    {"Controller": f"nvme{at}", "Firmware": "F1", "ModelNumber": "M", "SerialNumber": f"S{at}"} for at in range(2)]}]}]}  # fmt: skip


def disk_of(host: Host) -> Disk:
    assert isinstance(host.disks, tuple)
    (disk,) = host.disks
    return disk


def of(told: object) -> Disk:
    return disk_of(parse_smartctl(json.dumps(told)))


def test_an_nvme_disk_is_what_its_log_says() -> None:
    assert of(NVME) == Disk(
        name="nvme4", model="a model", serial="S1", firmware_version="F1", size_bytes=3840755982336,
        state=Absent.NOT_SUPPORTED, passed=True, critical_warning=0, available_spare_pct=100, spare_threshold_pct=10,
        used_pct=3, media_error_count=0, temperature_c=39,
    )  # fmt: skip


def test_of_the_node_around_it_a_tool_for_disks_has_no_word() -> None:
    host = parse_smartctl(json.dumps(NVME))
    assert {getattr(host, name) for name in Host.__slots__ if name not in {"source", "disks"}} <= NEUTRAL
    assert host.source == "smartctl"


def test_a_sata_disk_tells_its_opinion_alone() -> None:
    disk = of(SATA)
    assert (disk.name, disk.passed, disk.used_pct) == ("sda", True, Absent.NOT_SUPPORTED)


def _sata(*counts: object) -> dict[str, Any]:
    rows = [{"id": number, "raw": {"value": count}} for number, count in zip((197, 198), counts, strict=True)]
    others = [{"id": 5, "raw": {"value": 9}}, {"id": 197}, "?"]  # sectors that were remapped are no error any more
    return {**SATA, "ata_smart_attributes": {"table": [*rows, *others]}}


def _sas(**log: object) -> dict[str, Any]:
    return {"smartctl": {}, "device": {"protocol": "SCSI"}, "scsi_error_counter_log": log}


@pytest.mark.parametrize(
    ("told", "count"),
    [
        (_sata(0, 0), 0),
        (_sata(24, 2), 26),
        (_sata("24", -1), Absent.NOT_SUPPORTED),
        (_sas(read={"total_uncorrected_errors": 0}, write={}), 0),
        (_sas(read={"total_uncorrected_errors": 9}, write={"total_uncorrected_errors": 1}), 10),
        ({**_sas(read={"total_uncorrected_errors": 9}), "scsi_grown_defect_list": 3}, 12),
        ({**SATA, "ata_smart_attributes": [], "scsi_error_counter_log": 7}, Absent.NOT_SUPPORTED),
    ],
)
def test_of_other_disks_what_can_not_be_read_is_counted(told: dict[str, Any], count: int | Absent) -> None:
    assert of(told).media_error_count == count


@pytest.mark.parametrize(("code", "passed"), [(0, True), (4, True), (64, True), (8, False), (16, False), (24, False)])
def test_smartctls_exit_status_says_when_a_disk_fails_though_it_says_that_it_passed(code: int, passed: bool) -> None:
    assert of({**SATA, "smartctl": {"exit_status": code}}).passed is passed


def test_a_log_that_is_missing_is_not_neutral() -> None:
    told = {name: value for name, value in NVME.items() if name != "nvme_smart_health_information_log"}
    assert of(told).available_spare_pct is Absent.MISSING


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ([], "no object"),
        ({"device": {}}, "not smartctl's"),
        ({"smartctl": {"exit_status": 2}}, "could not open the disk: exit status 2"),
        ({"smartctl": {"messages": [{"string": "/dev/x: Permission\x1bdenied"}]}}, r"Permission\\x1bdenied"),
    ],
)
def test_what_is_no_disk_is_unreadable(told: object, sentence: str) -> None:
    with pytest.raises(UnreadableError, match=sentence):
        parse_smartctl(json.dumps(told))


def test_a_smart_log_of_nvme_cli_is_read_with_its_own_words() -> None:
    disk = disk_of(parse_smart_log_json(json.dumps(SMART_LOG)))
    assert (disk.temperature_c, disk.available_spare_pct, disk.spare_threshold_pct, disk.used_pct) == (39, 100, 10, 3)
    assert disk.media_error_count == 1
    verbose = {**SMART_LOG, "critical_warning": {"value": 4, "available_spare": 0}, "media_errors": "12"}
    disk = disk_of(parse_smart_log_json(json.dumps(verbose)))
    assert (disk.critical_warning, disk.media_error_count) == (4, 12)


def test_lists_of_both_shapes_name_the_disks() -> None:
    disk = disk_of(parse_nvme_list(json.dumps(FLAT)))
    assert (disk.name, disk.serial, disk.firmware_version, disk.size_bytes) == ("nvme0n1", "S", "F1", 5)
    nested = parse_nvme_list(json.dumps(NESTED)).disks
    assert isinstance(nested, tuple)
    assert [(disk.name, disk.serial) for disk in nested] == [("nvme0", "S0"), ("nvme1", "S1")]


@pytest.mark.parametrize(
    ("told", "kind"),
    [(NVME, "smartctl"), (SATA, "smartctl"), (SMART_LOG, "nvme-smart-log"), (FLAT, "nvme-list"), (NESTED, "nvme-list")],
)
def test_each_is_recognised_by_what_stands_in_it(told: object, kind: str) -> None:
    for text in (json.dumps(told), json.dumps(told, indent=4)):
        found = recognise(text.encode())
        assert (found.kind, found.section) == (kind, SectionName.HOST)
        assert reading_of_text(text.encode()).host is not None


@settings(max_examples=examples(150), deadline=None)
@given(told=st.sampled_from([NVME, SATA, SMART_LOG, FLAT, NESTED]), at=st.floats(0, 0.999))
def test_a_text_that_is_cut_is_never_read(told: object, at: float) -> None:
    text = json.dumps(told, indent=1)
    for parse in (parse_smartctl, parse_smart_log_json, parse_nvme_list):
        with pytest.raises(UnreadableError):
            parse(text[: int(len(text) * at)])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*LOG, *SMART_LOG, "passed", "name", "Firmware"]), inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=examples(300), deadline=None)
@given(told=st.sampled_from([NVME, SATA, SMART_LOG, FLAT, NESTED]), data=st.data())
def test_whatever_stands_in_it_raises_nothing_but_that_it_is_unreadable(
    told: dict[str, Any], data: st.DataObject
) -> None:
    text = json.dumps({**told, data.draw(st.sampled_from(sorted(told))): data.draw(_JSON)})
    for parse in (parse_smartctl, parse_smart_log_json, parse_nvme_list):
        try:
            host = parse(text)
        except UnreadableError:
            continue
        assert isinstance(host.disks, tuple)
