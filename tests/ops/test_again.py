"""runs retry and resume: the same deed, made again of what the journal keeps."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from aifctl.core.errors import RefusedError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.report import Report
from aifctl.dispatch.asked import Chosen, Consent, Fan, Keep, Pace
from aifctl.fanout.journal import open_journal
from aifctl.fanout.run_ids import claim_run
from aifctl.fanout.runs import read_run
from aifctl.fleet.lifecycle import State
from aifctl.fleet.policy import Policy
from aifctl.ops.again import AgainAsked, resume, retry
from aifctl.ops.copy import PushAsked, push
from aifctl.ops.run import RunAsked, ScriptAsked, run, script
from tests.fakes.files import FakeFiles
from tests.fakes.fleet import Script
from tests.fakes.toolbox import FakeToolbox, racks, scripted, toolbox
from tests.fanout.journal_fakes import chance, plan_for
from tests.ops.run_fakes import ListSink

DOWN = {"r1n1": Script(dial_error=Outcome.REFUSED)}


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, racks(1, nodes_count=4), transport=scripted(DOWN))


def once(
    tools: FakeToolbox, *, line: str = "uptime", stdin: bool = False, sudo: str | None = None, **parts: Any
) -> str:
    fan = Fan(chosen=Chosen(selector="r1n[1-2]"), **parts)
    run(RunAsked(fan=fan, command=(line,), stdin=stdin, sudo=sudo), tools, ListSink())
    return read_run(tools.state, "latest").run_id


def piped(folder: Path, data: bytes) -> BinaryIO:
    (folder / "piped").write_bytes(data)
    return (folder / "piped").open("rb")


def again(tools: FakeToolbox, which: str = "latest", **more: Any) -> tuple[Report, ListSink]:
    sink = ListSink()
    consent = more.pop("consent", Consent())
    return retry(AgainAsked(run=which, consent=consent, **more), tools, sink), sink


def test_retry_does_the_same_on_those_that_failed_and_remembers_whom_it_continues(tools: FakeToolbox) -> None:
    first = once(tools, line="id -un", sudo="ops", pace=Pace(min_coverage=0.25))
    tools.transport = scripted()
    report, sink = again(tools)
    assert [(item["node"], item["outcome"]) for item in sink.items] == [("r1n1", "ok")]
    ((_, line),) = tools.transport.sent
    assert "id -un" in line
    assert "ops" in line
    assert report.exit is ExitCode.OK
    assert read_run(tools.state, "latest").head["resumed_from"] == first
    assert read_run(tools.state, "latest").head["pace"]["min_coverage"] == 0.25


def test_resume_of_what_is_done_opens_a_report_all_the_same(tools: FakeToolbox) -> None:
    tools.transport = scripted()
    once(tools)
    sink = ListSink()
    report = resume(AgainAsked(run="latest", consent=Consent()), tools, sink)
    assert (report.exit, len(sink.heads), sink.items) == (ExitCode.OK, 1, [])


def test_its_settings_are_those_of_then_below_those_of_now(tools: FakeToolbox, tmp_path: Path) -> None:
    tools.given = {"timeout": "5s"}
    tools.settings = tools.settings.with_flags({"timeout": "5s"})
    once(tools, keep=Keep(outdir=str(tmp_path / "out")))
    fresh = toolbox(tmp_path, tools.fleet, transport=scripted())
    again(fresh)
    record = read_run(fresh.state, "latest")
    assert record.head["work"]["timeout_s"] == 5
    assert record.head["given"] == {"timeout": "5s"}
    assert (tmp_path / "out/r1n1.out").exists()


def test_a_script_is_sent_again_from_the_journal(tools: FakeToolbox, tmp_path: Path) -> None:
    file = tmp_path / "s.sh"
    file.write_text("#!/bin/sh\necho once\n")
    fan = Fan(chosen=Chosen(selector="r1n[1-2]"))
    script(ScriptAsked(fan=fan, file=str(file), arguments=("one",)), tools, ListSink())
    file.unlink()
    tools.transport = scripted(ordinary=Script(echo=True))
    _, sink = again(tools)
    assert sink.items[0]["stdout"].inline == b"#!/bin/sh\necho once\n"


def test_broadcast_input_is_sent_again_from_its_spool(tools: FakeToolbox, tmp_path: Path) -> None:
    tools.transport = scripted(DOWN, ordinary=Script(echo=True))
    with piped(tmp_path, b"from afar") as tools.stdin:
        once(tools, stdin=True)
    tools.transport, tools.stdin = scripted(ordinary=Script(echo=True)), io.BytesIO()
    _, sink = again(tools)
    assert sink.items[0]["stdout"].inline == b"from afar"


def test_input_that_is_gone_or_was_cut_off_is_refused(tools: FakeToolbox, tmp_path: Path) -> None:
    tools.transport = scripted(DOWN, ordinary=Script(echo=True))
    with piped(tmp_path, b"from afar") as tools.stdin:
        spool = tools.state.path / "runs" / once(tools, stdin=True) / "stdin"
    spool.chmod(0o600)
    with pytest.raises(RefusedError, match="had not come to its end"):
        again(tools)
    spool.unlink()
    with pytest.raises(RefusedError, match="is gone"):
        again(tools)


def test_nodes_that_are_no_longer_there_or_may_not_be_acted_on_are_left_out_and_said(tools: FakeToolbox) -> None:
    tools.transport = scripted({name: Script(dial_error=Outcome.REFUSED) for name in ("r1n1", "r1n2")})
    once(tools)
    tools.transport, tools.fleet = scripted(), racks(1, nodes_count=1)
    report, sink = again(tools)
    assert {item["node"]: item["outcome"] for item in sink.items} == {"r1n1": "ok", "r1n2": "skipped"}
    assert any("no longer in the inventory" in note for note in report.notes)
    tools.transport, tools.fleet = scripted(), racks(1, nodes_count=2, states={"r1n1": State.REPAIR})
    with pytest.raises(RefusedError, match="repair"):
        again(tools, outcomes="ok")


def test_a_guarded_verb_needs_consent_again(tools: FakeToolbox) -> None:
    tools.transport = scripted(ordinary=Script(dial_error=Outcome.REFUSED))
    once(tools)
    tools.fleet = racks(1, nodes_count=2, policy=Policy(guarded=("run",)))
    with pytest.raises(RefusedError, match="--yes"):
        again(tools)
    assert again(tools, consent=Consent(yes=True))[0].exit is ExitCode.NONE_ASKED


def test_a_verb_that_cannot_be_continued_is_refused(tools: FakeToolbox) -> None:
    plan = replace(plan_for(["r1n1"]), verb="sweep", run_id=claim_run(tools.state, tools.clock, chance()))
    open_journal(tools.state, plan, clock=tools.clock).close()
    with pytest.raises(RefusedError, match="was a sweep"):
        resume(AgainAsked(run="latest", consent=Consent()), tools, ListSink())


@pytest.mark.parametrize("first_was_dry", [False, True])
def test_a_dry_run_of_a_push_writes_nothing_however_often_it_is_repeated(
    tools: FakeToolbox, tmp_path: Path, *, first_was_dry: bool
) -> None:
    source = tmp_path / "file"
    source.write_text("new\n")
    fan = Fan(chosen=Chosen(selector="r1n[1-2]"), consent=Consent(dry_run=first_was_dry))
    push(PushAsked(fan=fan, source=str(source), destination="/tmp/file"), tools, ListSink())
    files = FakeFiles()
    files.put("/tmp", kind="dir")
    tools.transport = scripted(ordinary=Script(files=files))
    report, sink = again(tools, consent=Consent(dry_run=not first_was_dry))
    assert sink.items[0]["outcome"] == "ok"
    assert sink.items[0]["detail"]["would_write"] == ["/tmp/file"]
    assert any("--confirm-hash" in note for note in report.notes)
    assert written(files) == []


def test_a_push_is_repeated_from_a_source_that_is_as_it_was(tools: FakeToolbox, tmp_path: Path) -> None:
    source = tmp_path / "file"
    source.write_text("new\n")
    push(
        PushAsked(fan=Fan(chosen=Chosen(selector="r1n[1-2]")), source=str(source), destination="/tmp/file"),
        tools,
        ListSink(),
    )
    files = FakeFiles()
    files.put("/tmp", kind="dir")
    tools.transport = scripted(ordinary=Script(files=files))
    again(tools)
    assert written(files) == ["/tmp/file"]
    source.write_text("newer\n")
    with pytest.raises(RefusedError, match="not what it was"):
        again(tools, outcomes="ok")


def written(files: FakeFiles) -> list[str]:
    return sorted(path for path, entry in files.tree.items() if entry.kind == "file")
