"""Logs of real nodes, copied under a name that says nothing: exactly what is found, and what must not be."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.diagnosis.finding import Action, Result
from aifctl.diagnosis.incidents import Incident
from aifctl.diagnosis.judging import Verdict
from aifctl.diagnosis.recognising import reading_of_text, recognise
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.diagnosis.xids import XIDS, meaning_of
from tests.diagnosis.capture_cases import capture_under_another_name
from tests.health.kernel_cases import Found, incidents, judged, kernel_checks, short

pytestmark = pytest.mark.captures

#: None of the saved files ends its last line: each may have been cut there, and says so.
CUT: Found = ("node", "kernel-log", "incomplete", "unknown")


def verdict_of(name: str, tmp_path: Path, *, whole: bool = False) -> Verdict:
    data = capture_under_another_name(f"kernel/{name}", tmp_path).read_bytes()
    return judged(reading_of_text(data if not whole or data[:2] == b"\x1f\x8b" else data + b"\n"))


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("gpud.dmesg.healthy-boot-h100-node.log.gz", "kernel", set()),
        ("gpud.kmsg.healthy.log", "kernel", set()),
        ("gpud.kmsg.peermem-invalid-context.log", "kernel", set()),
        ("aznhc.syslog.0flaps.log", "kernel", set()),
        ("aznhc.syslog.ib6-6flaps.log", "kernel", {("link:ib6", "link-log", "flapping", "degraded")}),
        (
            "gpud.dmesg.xid48-63-94-chain.h100.log",
            "kernel",
            {("gpu:0000:19:00.0", "xid", "xid-48", "fault")},
        ),
        (
            "gpud.dmesg.xid13-oom.log",
            "kernel",
            {("gpu:0000:38:00.0", "xid", "xid-13", "watch"), ("node", "kernel-oom", "oom", "watch")},
        ),
    ],
)
def test_exactly_this_is_found(name: str, kind: str, expected: set[Found], tmp_path: Path) -> None:
    file = capture_under_another_name(f"kernel/{name}", tmp_path)
    assert recognise(file.read_bytes()).kind == kind
    verdict = verdict_of(name, tmp_path)
    assert {short(one) for one in verdict.findings} == expected | {CUT}
    assert set(verdict.judged) == {check.name for check in kernel_checks()}


def test_with_their_last_line_ended_healthy_logs_are_clean(tmp_path: Path) -> None:
    for name in ("gpud.kmsg.healthy.log", "gpud.kmsg.peermem-invalid-context.log", "aznhc.syslog.0flaps.log"):
        assert verdict_of(name, tmp_path, whole=True).result is Result.OK


def test_the_real_chain_is_one_incident_with_one_decision(tmp_path: Path) -> None:
    verdict = verdict_of("gpud.dmesg.xid48-63-94-chain.h100.log", tmp_path, whole=True)
    (incident,) = incidents([replace(one, node="n1") for one in verdict.findings])
    assert (incident.check, incident.code, incident.action) == ("xid", "xid-48", Action.RESET)
    assert chain_of(incident) == {"48": 1, "63": 1, "94": 9}


def chain_of(incident: Incident) -> object:
    (finding,) = incident.findings
    return finding.facts["chain"]


def test_the_fabric_managers_log_is_no_kernels(tmp_path: Path) -> None:
    file = capture_under_another_name("kernel/gpud.fabricmanager.healthy.log", tmp_path)
    with pytest.raises(UnreadableError):
        recognise(file.read_bytes())


@pytest.mark.parametrize("file", ["xids", "resolution-buckets", "customer-user-guide", "xid-144-150-decode"])
def test_tables_of_xids_are_no_log(file: str, tmp_path: Path) -> None:
    data = capture_under_another_name(f"xid/nvidia.xid-catalog.{file}.csv", tmp_path).read_bytes()
    with pytest.raises(UnreadableError):
        recognise(data)


def test_the_table_says_of_every_xid_what_nvidias_catalogue_says(tmp_path: Path) -> None:
    file = capture_under_another_name("xid/nvidia.xid-catalog.xids.csv", tmp_path)
    rows = [row for row in csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))) if row[1].isdigit()]
    assert len(rows) == 172
    for row in rows:
        cells = [*row, "", "", "", ""]
        number, on_h100 = int(cells[1]), cells[5] == "YES"
        meaning = meaning_of(number)
        assert meaning.on_h100 is on_h100, number
        if on_h100:
            assert number in XIDS
            assert meaning.immediate == cells[8], number
            assert cells[9].startswith(meaning.investigate) or meaning.investigate in cells[9], number
            branch = int(cells[10].rpartition("R")[2]) if "driver R" in cells[10] else 0
            assert meaning.since_driver == branch, number
        if cells[8] in {"RESET_GPU", "RESTART_BM"} and on_h100:
            assert meaning.result is Result.FAULT, number
        if cells[8] == "IGNORE":
            assert meaning.result is not Result.FAULT, number
