"""The probe's kernel section as it comes over the wire: times, cursors, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.kernel_data import moved, parse_kernel_data
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.onnode.probe.sections import kernel as section
from aifctl.sim.hardware.kernel_log import KernelLog, write_kernel_log

BOOT = "0b1e5c4e-0000-4000-8000-000000000003"


def some(**changed: Any) -> dict[str, Any]:
    return {
        "source": "kmsg", "cursor": f"kmsg:{BOOT}:41", "looked": 42, "dropped": 0, "lost": 0, "first_us": 0,
        "complete": True, "booted_s": 1790000000.0,
        "lines": [[900_000_000, 4, "NVRM: Xid (PCI:0000:1b:00): 79, pid=1"]], **changed,
    }  # fmt: skip


def test_what_the_section_reads_is_what_is_parsed(tmp_path: Path) -> None:
    log = KernelLog.healthy(["0000:1b:00.0"], [], [], "580.105.08")
    log.xid(79, "0000:1b:00.0")
    write_kernel_log(tmp_path, log)
    parsed = parse_kernel_data(json.loads(json.dumps(section.read(str(tmp_path), {}))))
    assert [event.kind for event in parsed.events] == ["driver-load", "peermem", "xid"]
    assert (parsed.lines_count, parsed.first_s, parsed.complete) == (len(log.lines), 0.0, True)


def test_a_lines_time_is_the_boots_and_since_the_boot() -> None:
    (event,) = parse_kernel_data(some()).events
    assert (event.at_s, event.monotonic_s) == (1790000900.0, 900.0)
    (event,) = parse_kernel_data(some(booted_s=None)).events
    assert (event.at_s, event.monotonic_s) == (None, 900.0)


def test_a_node_whose_clock_is_wrong_has_its_times_moved() -> None:
    (event,) = moved(parse_kernel_data(some()), 3600.0).events
    assert event.at_s == 1790004500.0
    (event,) = moved(parse_kernel_data(some(booted_s=None)), 3600.0).events
    assert event.at_s is None


def test_lines_that_were_lost_are_dropped_ones_and_the_log_is_not_complete() -> None:
    parsed = parse_kernel_data(some(lost=7, dropped=3))
    assert (parsed.dropped_count, parsed.complete) == (10, False)
    assert parse_kernel_data(some(dropped=3)).complete
    assert not parse_kernel_data(some(complete=False)).complete


@pytest.mark.parametrize("cursor", [None, 7, "x" * 600, "a\nb", 'a"b', "a\\b", "\u202e", "\x1b[2J"])
def test_a_cursor_that_no_probe_makes_is_none(cursor: object) -> None:
    assert parse_kernel_data(some(cursor=cursor)).cursor == ""


def test_how_far_the_log_reaches_back_may_be_unknown() -> None:
    assert parse_kernel_data(some(first_us=None)).first_s is Absent.MISSING
    assert parse_kernel_data(some(first_us=5_000_000)).first_s == 5.0


@pytest.mark.parametrize(
    "changed",
    [
        {"lines": None},
        {"lines": ["x"]},
        {"lines": [[1, 2]]},
        {"lines": [[-1, 4, "x"]]},
        {"lines": [[True, 4, "x"]]},
        {"lines": [[10**17, 4, "x"]]},
        {"lines": [[1, 4, 5]]},
        {"lines": [[1, 4, "x"]] * 5000},
        {"source": 7},
        {"looked": None},
        {"looked": -1},
        {"dropped": "many"},
        {"lost": None},
    ],
)
def test_what_is_not_the_probes_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        parse_kernel_data(some(**changed))


@pytest.mark.parametrize("name", sorted(some()))
def test_a_missing_field_never_makes_it_clean_and_complete(name: str) -> None:
    data = some()
    del data[name]
    try:
        parsed = parse_kernel_data(data)
    except UnreadableError:
        return
    assert [event.number for event in parsed.events] == [79]
    assert not parsed.complete or name != "complete"
