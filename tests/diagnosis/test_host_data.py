"""The node itself out of five sections: on simulated nodes, and on whatever a node may answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.host import Filesystem, Host, StuckProcess
from aifctl.diagnosis.host_data import FIELDS, Part, parse_host
from aifctl.diagnosis.host_disks import parse_smart_log
from aifctl.diagnosis.host_files import count_of, parse_os_release
from aifctl.diagnosis.host_units import unit_name
from aifctl.diagnosis.reading import SectionEnd, SectionStatus
from aifctl.onnode.probe.__main__ import load
from aifctl.sim.hardware.host import HostHardware, write_host
from tests.diagnosis.capture_cases import capture_under_another_name
from tests.fuzzing import examples

NAMES = ("host", *FIELDS)
OK = SectionEnd(status=SectionStatus.OK)
DENIED, GONE, BROKEN = {"!": "EACCES"}, {"!": "ENOENT"}, {"!": "EIO"}


def parts_of(root: Path, *faults: Callable[[HostHardware], object]) -> dict[str, Part]:
    hardware = HostHardware.healthy(hostname="n7", boot_id="b-1", serial="S7")
    for fault in faults:
        fault(hardware)
    write_host(root, hardware)
    return {name: Part(end=OK, data=load(name).read(str(root), {})) for name in NAMES}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Part]:
    return parts_of(tmp_path_factory.mktemp("node"))


def host_of(parts: Mapping[str, Part]) -> Host:
    end, host = parse_host(parts)
    assert end == OK
    assert host is not None
    return host


def changed(parts: Mapping[str, Part], section: str, **values: Any) -> dict[str, Part]:
    return {**parts, section: Part(end=OK, data={**parts[section].data, **values})}


def test_a_healthy_node_tells_all_that_there_is_to_know(healthy: Mapping[str, Part]) -> None:
    host = host_of(healthy)
    absent = {name: value for name in Host.__slots__ if isinstance(value := getattr(host, name), Absent)}
    assert absent == {
        "limits": Absent.NOT_AVAILABLE,  # it is looked at as root, whose limits are no job's
        "probe_left": Absent.MISSING,  # said beside the sections
    }
    assert (host.hostname, host.product_name, host.os) == ("n7", "DGXH100", "Ubuntu 22.04.5 LTS")
    assert (host.cpu_count, host.cpu_sockets, host.numa_nodes, host.dimm_count) == (224, 2, 2, 32)
    assert (host.memory_total_bytes, host.swap_total_bytes) == (2113546000 * 1024, 0)
    assert (host.clock_synced, host.clock_offset_s, host.clock_source) == (True, 0.000021, "tsc")
    assert host.serials == {"product": "S7", "board": "BS7", "chassis": "S7"}
    assert host.edac == {"corrected": 0, "uncorrected": 0}
    assert host.services == dict.fromkeys(
        ("nvidia-fabricmanager.service", "nvidia-persistenced.service", "chrony.service", "ssh.service"), "active"
    )
    assert (host.fabric_manager_version, host.ofed_version) == ("580.105.08", "23.10-3.2.2")
    assert isinstance(host.filesystems, tuple)
    assert [one.mount for one in host.filesystems] == ["/", "/home", "/raid", "/run"]
    assert isinstance(host.disks, tuple)
    assert [disk.name for disk in host.disks] == [f"nvme{at}" for at in range(10)]


@pytest.mark.parametrize("section", FIELDS)
@pytest.mark.parametrize(
    ("end", "why"),
    [
        (SectionEnd(status=SectionStatus.TIMEOUT), Absent.TIMEOUT),
        (SectionEnd(status=SectionStatus.ERROR, code="failed"), Absent.ERROR),
        (SectionEnd(status=SectionStatus.ERROR, code="denied"), Absent.DENIED),
        (SectionEnd(status=SectionStatus.NA), Absent.NOT_AVAILABLE),
        (SectionEnd(status=SectionStatus.ABSENT), Absent.MISSING),
    ],
)
def test_a_section_that_was_not_read_leaves_its_own_fields_absent(
    section: str, end: SectionEnd, why: Absent, healthy: Mapping[str, Part]
) -> None:
    host, whole = host_of({**healthy, section: Part(end=end)}), host_of(healthy)
    for name in Host.__slots__:
        expected = why if name in FIELDS[section] else getattr(whole, name)
        assert getattr(host, name) == expected


def test_a_section_that_is_not_in_the_reply_at_all_is_no_good_news(healthy: Mapping[str, Part]) -> None:
    host = host_of({"host": healthy["host"]})
    assert {getattr(host, name) for names in FIELDS.values() for name in names} == {Absent.ERROR}
    end, nothing = parse_host({})
    assert (end.status, end.code, nothing) == (SectionStatus.ERROR, "garbled", None)


def test_without_the_host_section_there_is_nothing_to_hang_on_to(healthy: Mapping[str, Part]) -> None:
    hung = SectionEnd(status=SectionStatus.TIMEOUT, message="no answer in 8 s")
    assert parse_host({**healthy, "host": Part(end=hung)}) == (hung, None)
    end, nothing = parse_host({**healthy, "host": Part(end=OK, data={"source": "sysfs"})})
    assert (end.code, nothing) == ("garbled", None)


@pytest.mark.parametrize(
    ("section", "value", "field", "expected"),
    [
        ("host", {"uptime": "12.5 8"}, "uptime_s", 12.5),
        ("host", {"uptime": "soon"}, "uptime_s", Absent.ERROR),
        ("host", {"load": "nan 1 2"}, "load", Absent.ERROR),
        ("host", {"memory": {"MemTotal": "12 kB"}}, "memory_total_bytes", 12288),
        ("host", {"memory": {"MemTotal": "12 MB"}}, "memory_total_bytes", Absent.ERROR),
        ("host", {"memory": {}}, "swap_total_bytes", Absent.MISSING),
        ("host", {"memory": DENIED}, "swap_total_bytes", Absent.DENIED),
        ("host", {"cpu": {"online": "0-3,8"}}, "cpu_count", 5),
        ("host", {"cpu": {"governors": {}}}, "cpu_governor", Absent.NOT_AVAILABLE),
        ("host", {"cpu": {"governors": {"powersave": 2, "performance": 2}}}, "cpu_governor", "performance, powersave"),
        ("host", {"dmi": {}}, "serials", Absent.NOT_AVAILABLE),
        ("host", {"dmi": {"product_serial": DENIED, "board_serial": GONE}}, "serials", Absent.DENIED),
        ("host", {"dmi": {"product_serial": "To Be Filled By O.E.M."}}, "serials", Absent.NOT_AVAILABLE),
        ("host", {"dmi": {"product_serial": " \x1b[2J7"}}, "serials", {"product": " \\x1b[2J7"}),
        ("host", {"edac": {}}, "dimm_count", Absent.NOT_AVAILABLE),
        ("host", {"edac": {}}, "edac", Absent.NOT_AVAILABLE),
        ("host", {"edac": {"mc0": {"ce": "1", "ue": BROKEN, "dimms": 4}}}, "edac", Absent.ERROR),
        ("host", {"edac": {"mc0": {"ce": "1", "ue": "2", "dimms": 4}}}, "edac", {"corrected": 1, "uncorrected": 2}),
        ("host", {"hugepages": {"hugepages-2048kB": "16", "other": "1"}}, "hugepages", {"2048": 16}),
        ("host", {"root": False}, "limits", {"memlock_bytes": -1, "open_files": 1048576}),
        ("host", {"root": False, "limits": {"Max locked memory": "65536  65536  bytes"}}, "limits", {"memlock_bytes": 65536}),
        ("host", {"modules": {"nvidia": "580.1", "x": 7}}, "modules", {"nvidia": "580.1"}),
        ("host", {"modules": {"mlx5_core": "1.0"}}, "ofed_version", Absent.NOT_AVAILABLE),
        ("host", {"fabric_manager": ""}, "fabric_manager_version", Absent.NOT_AVAILABLE),
        ("host", {"fabric_manager": {"!": "ETIMEDOUT"}}, "fabric_manager_version", Absent.TIMEOUT),
        ("host", {"fabric_manager": "error while loading"}, "fabric_manager_version", Absent.ERROR),
        ("host", {"panics": DENIED}, "panics", Absent.DENIED),
        ("host", {"panics": [["dmesg-1", 7.9], ["console-ramoops-0", 9], ["x", "y"], 3]}, "panics", ("dmesg-1@8",)),
        ("host", {"stuck": DENIED}, "stuck", Absent.DENIED),
        ("host", {"stuck": [[7, "D", "x", None, "nfs"]]}, "stuck", (StuckProcess(pid=7, state="D", name="x", wait="nfs"),)),
        ("host", {"bmc": GONE}, "bmc_version", Absent.NOT_AVAILABLE),
        ("host", {"numa": GONE}, "numa_nodes", Absent.NOT_AVAILABLE),
        ("clock", {"timex": {"!": "EPERM"}, "chrony": ""}, "clock_synced", Absent.DENIED),
        ("clock", {"timex": None, "chrony": ""}, "clock_synced", Absent.ERROR),
        ("clock", {"timex": {"state": 5, "status": 64, "offset": 9}, "chrony": ""}, "clock_synced", False),
        ("clock", {"timex": {"state": 5, "status": 64, "offset": 9}, "chrony": ""}, "clock_offset_s", Absent.NOT_AVAILABLE),
        ("clock", {"timex": {"state": 0, "status": 1, "offset": -1500}, "chrony": ""}, "clock_offset_s", -0.0015),
        ("clock", {"timex": {"state": 0, "status": 0x2001, "offset": 1500}, "chrony": ""}, "clock_offset_s", 0.0000015),
        ("clock", {"chrony": "cut,short"}, "clock_offset_s", 0.0),
        ("clock", {"chrony": ",".join(["1"] * 4 + ["inf"] + ["1"] * 8 + ["Normal"])}, "clock_offset_s", Absent.ERROR),
        ("clock", {"chrony": ",".join(["1"] * 4 + ["-0.25"] + ["1"] * 8 + ["Normal"])}, "clock_offset_s", -0.25),
        ("clock", {"chrony": ",".join(["1"] * 13 + ["Not synchronised"])}, "clock_synced", False),
        ("units", {"show": "Id=a.service\nNames=a.service b.service\nLoadState=loaded\nActiveState=inactive\n\nId=c.service\nLoadState=not-found\nActiveState=inactive\n"},
         "services", {"a.service": "inactive", "b.service": "inactive", "c.service": "missing"}),
        ("units", {"failed": "● a.service loaded failed failed A\nb.mount loaded failed failed B\n0 loaded units listed.\n"},
         "failed_units", ("a.service", "b.mount")),
    ],
)  # fmt: skip
def test_texts_become_values(
    section: str, value: dict[str, Any], field: str, expected: object, healthy: Mapping[str, Part]
) -> None:
    assert getattr(host_of(changed(healthy, section, **value)), field) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"st": "ok", "b": [100, 20, 10], "f": [0, 0, 0]}, ("ok", 88.9, Absent.NOT_AVAILABLE)),
        ({"st": "ok", "b": [100, 100, 100], "f": [10, 5, 5]}, ("ok", 0.0, 50.0)),
        ({"st": "timeout"}, ("timeout", Absent.TIMEOUT, Absent.TIMEOUT)),
        ({"st": {"!": "ESTALE"}}, ("stale", Absent.ERROR, Absent.ERROR)),
        ({"st": DENIED}, ("denied", Absent.DENIED, Absent.DENIED)),
        ({"st": GONE}, ("hidden", Absent.MISSING, Absent.MISSING)),
        ({"st": {"!": "EIO"}}, ("error", Absent.ERROR, Absent.ERROR)),
        ({"st": "ok", "b": [100, -1, 3]}, ("ok", Absent.ERROR, Absent.ERROR)),
        ({}, ("error", Absent.MISSING, Absent.MISSING)),
    ],
)
def test_what_a_file_system_says_becomes_percent_as_df_has_them(
    said: dict[str, Any], expected: tuple[object, ...], healthy: Mapping[str, Part]
) -> None:
    mounts = [{"at": "/x", "type": "xfs", "from": "/dev/x", "ro": False, **said}]
    (found,) = host_of(changed(healthy, "mounts", mounts=mounts)).filesystems
    assert isinstance(found, Filesystem)
    assert (found.status, found.used_pct, found.inodes_used_pct) == expected


def test_a_smart_log_is_read_as_the_specification_lays_it_out() -> None:
    log = bytearray(192)
    log[0:6] = bytes([4, 0x2F, 0x01, 90, 10, 3])
    log[160:176] = (2**100).to_bytes(16, "little")
    assert parse_smart_log(bytes(log)) == {
        "critical_warning": 4, "temperature_c": 30, "available_spare_pct": 90, "spare_threshold_pct": 10, "used_pct": 3,
        "media_error_count": 2**63 - 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("log", "state", "expected"),
    [
        ("timeout", "live", Absent.TIMEOUT),
        (DENIED, "live", Absent.DENIED),
        ("00ff", "live", Absent.ERROR),
        (None, "live", Absent.MISSING),
        (None, "dead", Absent.NOT_AVAILABLE),
    ],
)
def test_a_log_that_was_not_read_is_absent_for_its_reason(
    log: object, state: str, expected: Absent, healthy: Mapping[str, Part]
) -> None:
    nvme = {"nvme0": {"state": state, "sizes": [], "log": log}}
    (disk,) = host_of(changed(healthy, "disks", nvme=nvme)).disks
    assert {disk.used_pct, disk.available_spare_pct, disk.critical_warning} == {expected}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 1), ("0-223", 224), ("0-3,8,10-11", 7), ("3-1", None), ("0-", None), ("", None), ("0-99999999", None), ("\u0663", None)],
)  # fmt: skip
def test_lists_of_cpus_are_counted(text: str, count: int | None) -> None:
    found = count_of(text)
    assert (None if isinstance(found, Absent) else found) == count


def test_names_of_units_are_whole() -> None:
    assert [unit_name(name) for name in ("chrony", "a.service", "b.mount", "c@d")] == [
        "chrony.service", "a.service", "b.mount", "c@d.service",
    ]  # fmt: skip


@pytest.mark.captures
def test_a_release_is_named_as_its_maker_does(tmp_path: Path) -> None:
    text = capture_under_another_name("host/gpud.os-release.txt", tmp_path).read_text()
    assert parse_os_release(text) == "Ubuntu 22.04.5 LTS"


_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([DENIED, GONE])
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_KEYS = (
    "at",
    "st",
    "b",
    "f",
    "ro",
    "state",
    "log",
    "sizes",
    "mc0",
    "ce",
    "ue",
    "dimms",
    "online",
    "governors",
    "MemTotal",
)
_NESTED = st.dictionaries(st.sampled_from(_KEYS) | st.text(max_size=4), _JSON, max_size=4)


@settings(max_examples=examples(400), deadline=None)
@given(data=st.data())
def test_whatever_a_node_answers_is_a_host_or_garbled(data: st.DataObject, healthy: Mapping[str, Part]) -> None:
    parts = dict(healthy)
    for section in data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)):
        kept = parts[section].data
        name = data.draw(st.sampled_from(sorted(kept)))
        value = data.draw(
            _JSON | _NESTED | st.lists(_NESTED, max_size=3) | st.dictionaries(st.text(max_size=4), _NESTED, max_size=3)
        )
        parts[section] = Part(end=OK, data={**kept, name: value})
    end, host = parse_host(parts)
    assert (host is None) == (end.code == "garbled")


@settings(max_examples=examples(200), deadline=None)
@given(section=st.sampled_from(NAMES), data=st.data())
def test_what_is_left_out_of_a_section_is_never_told(
    section: str, data: st.DataObject, healthy: Mapping[str, Part]
) -> None:
    kept = healthy[section].data
    gone = data.draw(st.sampled_from(sorted(set(kept) - {"source"})))
    _, host = parse_host({**healthy, section: Part(end=OK, data={name: kept[name] for name in kept if name != gone})})
    whole = host_of(healthy)
    if host is not None:
        differ = [name for name in Host.__slots__ if getattr(host, name) != getattr(whole, name)]
        assert all(isinstance(getattr(host, name), Absent) or name == "disks" for name in differ)
