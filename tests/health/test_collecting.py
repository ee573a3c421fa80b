"""node collect: what it asks for, of whom, and how it tells what came of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.custody.audit import read_records
from aifctl.dispatch.asked import Chosen, Consent, Fan, Keep
from aifctl.fleet.lifecycle import State
from aifctl.health.collecting import CollectAsked, collect, collect_again
from aifctl.ops.again import AgainAsked, resume
from aifctl.ports.transport import Ended
from tests.fakes.fleet import FakeTransport, Script
from tests.fakes.toolbox import FakeToolbox, racks, toolbox
from tests.ops.run_fakes import ListSink


def asked(folder: Path | None, selector: str = "r1n[1-2]", *, dry_run: bool = False) -> CollectAsked:
    keep = Keep(outdir=str(folder) if folder else None)
    return CollectAsked(fan=Fan(chosen=Chosen(selector=selector), keep=keep, consent=Consent(dry_run=dry_run)))


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    scripts = {"r1n2": Script(dial_error=Outcome.CONNECT_TIMEOUT)}
    transport = FakeTransport(scripts, Script(stdout=(b"said\n",)))
    return toolbox(tmp_path, racks(4, states={"r1n1": State.REPAIR}), transport=transport)


def test_each_node_gets_a_folder_with_what_was_said_whatever_state_it_is_in(tools: FakeToolbox, tmp_path: Path) -> None:
    sink = ListSink()
    report = collect(asked(tmp_path / "out"), tools.box, sink)
    there, away = sorted(sink.items, key=lambda one: str(one["node"]))
    assert (there["outcome"], there["folder"]) == ("ok", str(tmp_path / "out" / "r1n1"))
    assert (away["outcome"], away["folder"], away["files_count"]) == ("connect-timeout", None, None)
    assert report.exit is ExitCode.COVERAGE
    names = {path.name for path in (tmp_path / "out" / "r1n1").iterdir()}
    assert {"dmesg.txt", "journal.txt", "nvidia-smi-q.txt", "ibstat.txt", "lspci.txt"} <= names
    assert read_records(tools.state) == []


def test_it_asks_as_root_and_for_the_long_report_only_where_that_is_wanted(tools: FakeToolbox, tmp_path: Path) -> None:
    collect(asked(tmp_path / "out", "r1n1"), tools.box, ListSink())
    lines = [line for _, line in tools.transport.sent]
    assert all(line.startswith("sudo -n -u root -- ") for line in lines)
    assert not any("nvidia-bug-report" in line for line in lines)
    collect(replace(asked(tmp_path / "out", "r1n1"), bug_report=True, sudo=None), tools.box, ListSink())
    assert "nvidia-bug-report.sh" in tools.transport.sent[-1][1]
    assert tools.transport.sent[-1][1].startswith("exec sh -c ")
    assert (tmp_path / "out" / "r1n1" / "nvidia-bug-report.log.gz").read_bytes() == b"said\n"


def test_a_node_on_which_nothing_works_is_a_finding(tools: FakeToolbox, tmp_path: Path) -> None:
    tools.transport = FakeTransport(ordinary=Script(ended=Ended(rc=1)))
    report = collect(asked(tmp_path / "out", "r2n1"), tools.box, ListSink())
    assert report.exit is ExitCode.FINDINGS


def test_it_wants_a_folder_and_a_dry_run_makes_none(tools: FakeToolbox, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--outdir DIR"):
        collect(asked(None), tools.box, ListSink())
    sink = ListSink()
    collect(asked(tmp_path / "out", dry_run=True), tools.box, sink)
    assert "keep what is said as dmesg.txt" in [one["step"] for one in sink.items]
    assert not (tmp_path / "out").exists()
    assert tools.transport.sent == []
    nobody = CollectAsked(
        fan=Fan(chosen=Chosen(selector="@state:drained", allow_empty=True), keep=Keep(outdir=str(tmp_path / "out")))
    )
    assert "nothing was collected" in collect(nobody, tools.box, ListSink()).notes[0]


def test_a_node_that_another_run_holds_is_asked_once_and_leaves_no_folder(tools: FakeToolbox, tmp_path: Path) -> None:
    held = b"aifctl-held 1700000000 1700000120 R7 ctl2 eve reboot 9f\n"
    tools.transport = FakeTransport({"r1n1": Script(stderr=(held,), ended=Ended(rc=75))}, Script(stdout=(b"said\n",)))
    sink = ListSink()
    report = collect(asked(tmp_path / "out"), tools.box, sink)
    found = {one["node"]: one for one in sink.items}
    assert (found["r1n1"]["outcome"], found["r1n2"]["outcome"]) == ("skipped", "ok")
    assert "held by eve reboot 9f, run R7 of ctl2" in str(found["r1n1"]["message"])
    assert [node for node, _ in tools.transport.sent].count("r1n1") == 1
    assert report.exit is ExitCode.BUSY
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["r1n2"]


def test_parts_hold_the_node_until_the_last_of_them_and_change_nothing_in_the_store(
    tools: FakeToolbox, tmp_path: Path
) -> None:
    collect(asked(tmp_path / "out", "r1n1"), tools.box, ListSink())
    lines = [line for _, line in tools.transport.sent]
    assert [" part 120 " in line for line in lines] == [True] * (len(lines) - 1) + [False]
    assert " end 120 " in lines[-1]
    assert tools.stores == [] or tools.store.leases() == []


def test_a_collection_that_was_cut_short_is_resumed_into_the_same_folder(tools: FakeToolbox, tmp_path: Path) -> None:
    first = collect(asked(tmp_path / "out"), tools.box, ListSink())
    tools.transport = FakeTransport(ordinary=Script(stdout=(b"said\n",)))
    sink, what = ListSink(), AgainAsked(run=first.summary["run"], consent=Consent())
    report = resume(what, tools.box, sink, others={"collect": collect_again})
    assert [(one["node"], one["outcome"]) for one in sink.items] == [("r1n2", "ok")]
    assert report.exit is ExitCode.OK
    assert (tmp_path / "out" / "r1n2" / "dmesg.txt").read_bytes() == b"said\n"
    assert {node for node, _ in tools.transport.sent} == {"r1n2"}
