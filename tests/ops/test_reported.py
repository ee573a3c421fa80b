"""From a deed to a report: consent, journal, fan-out, audit, exit code; whatever goes wrong leaves nothing half done."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import RefusedError, SetupError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.report import RUN, Report
from aifctl.core.secret import Secret
from aifctl.custody import audit
from aifctl.dispatch.asked import Chosen, Consent, Fan, Keep, Pace
from aifctl.dispatch.consent import PLAN
from aifctl.dispatch.deed import Order
from aifctl.dispatch.selection import Nodes
from aifctl.fanout.runs import read_run
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.lifecycle import State
from aifctl.fleet.policy import Policy
from aifctl.fleet.selector import Terms
from aifctl.ops.reported import carry_out
from aifctl.ops.run import RunAsked, run, run_deed
from aifctl.ports.transport import Ended
from tests.fakes.fleet import FakeTransport, Script
from tests.fakes.toolbox import FakeConfirm, FakeToolbox, racks, scripted, toolbox
from tests.fakes.virtual_time import run_virtually
from tests.ops.run_fakes import ListSink


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path)


def ran(
    tools: FakeToolbox, selector: str = "r1n[1-2]", *, line: str = "uptime", **parts: Any
) -> tuple[Report, ListSink]:
    """Dispatch a `run` and return what it reported; `parts` are those of Fan, and stdin and so on of RunAsked."""
    sink = ListSink()
    own = {key: parts.pop(key) for key in ("sudo", "stdin", "remote_exit_code") if key in parts}
    chosen = parts.pop("chosen", Chosen(selector=selector))
    fan = Fan(chosen=chosen, argv=("run", selector, "--", line), **parts)
    return run(RunAsked(fan=fan, command=(line,), **own), tools, sink), sink


def outcomes(sink: ListSink) -> dict[str, str]:
    return {item["node"]: item["outcome"] for item in sink.items}


def nothing_was_done(tools: FakeToolbox) -> None:
    assert tools.transport.sent == []
    assert list(tools.state.path.glob("runs/*")) == []
    assert audit.read_records(tools.state) == []


def test_a_run_is_sent_journalled_audited_and_reported(tools: FakeToolbox) -> None:
    tools.transport = scripted(ordinary=Script(stdout=(b"up\n",)))
    report, sink = ran(tools, consent=Consent(reason="T-17"))

    assert report.exit is ExitCode.OK
    assert report.complete
    assert sorted(tools.transport.sent) == [("r1n1", "uptime"), ("r1n2", "uptime")]
    (head,) = sink.heads
    assert head.kind is RUN
    assert (head.facts["command"], head.facts["selector"]) == ("run 'r1n[1-2]' -- uptime", "r1n[1-2]")
    assert [item["stdout"].inline for item in sink.items] == [b"up\n", b"up\n"]
    assert tools.notes == ["inventory: fleet.yaml"]

    record = read_run(tools.state, "latest")
    assert record.run_id == report.summary["run"] == head.facts["run"]
    assert set(record.outcomes.values()) == {"ok"}
    assert record.head["who"]
    assert (record.head["reason"], record.head["inventory"]) == ("T-17", "fleet.yaml")
    (done,) = audit.read_records(tools.state)
    assert (done["verb"], done["why"], done["run"]) == ("run", "T-17", record.run_id)
    assert "uptime" in done["what"]
    assert "192.0.2.9" in done["from"]


@pytest.mark.parametrize(
    ("scripts", "code"),
    [
        ({}, ExitCode.OK),
        ({"r1n1": Script(ended=Ended(rc=3))}, ExitCode.FINDINGS),
        ({"r1n1": Script(ended=Ended(signal="KILL"))}, ExitCode.FINDINGS),
        ({"r1n1": Script(dial_error=Outcome.REFUSED)}, ExitCode.COVERAGE),
        ({"r1n1": Script(dial_error=Outcome.DNS), "r1n2": Script(ended=Ended(rc=3))}, ExitCode.COVERAGE),
        ({"r1n1": Script(dial_error=Outcome.DNS), "r1n2": Script(dial_error=Outcome.AUTH)}, ExitCode.NONE_ASKED),
        ({"r1n1": Script(dies=True), "r1n2": Script(dial_error=Outcome.AUTH)}, ExitCode.COVERAGE),
        ({"r1n1": Script(run_bug=True)}, ExitCode.BUG),
        ({"r1n1": Script(dial_bug=True)}, ExitCode.BUG),
    ],
)
def test_outcomes_become_the_exit_code(tools: FakeToolbox, scripts: dict[str, Script], code: ExitCode) -> None:
    tools.transport = scripted(scripts)
    report, sink = ran(tools)
    assert report.exit is code
    assert len(sink.items) == 2
    assert report.complete is (code in {ExitCode.OK, ExitCode.FINDINGS})


def test_nobody_is_an_answer_where_that_is_allowed(tools: FakeToolbox) -> None:
    report, sink = ran(tools, chosen=Chosen(selector="@state:drained", allow_empty=True))
    assert (report.exit, len(sink.heads), sink.items) == (ExitCode.OK, 1, [])
    nothing_was_done(tools)


def test_skipped_nodes_are_rows_with_their_reason(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(1, states={"r1n1": State.REPAIR}))
    report, sink = ran(tools)
    assert outcomes(sink) == {"r1n1": "skipped", "r1n2": "ok"}
    assert report.exit is ExitCode.OK
    assert any("1 repair (r1n1)" in note for note in report.notes)


@pytest.mark.parametrize(
    ("pace", "says"),
    [
        (Pace(wave="some"), "--wave"),
        (Pace(wave="0%x"), "--wave"),
        (Pace(wave="0"), "--wave"),
        (Pace(wave="0.0%"), "--wave"),
        (Pace(wave="²"), "--wave"),
        (Pace(max_failed="²"), "²"),
        (Pace(max_failed="some"), "some"),
    ],
)
def test_what_is_wrong_with_the_pace_is_told_before_anything_is_done(tools: FakeToolbox, pace: Pace, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ran(tools, pace=pace)
    nothing_was_done(tools)


def test_a_setting_that_does_not_parse_is_told_before_anything_is_done(tools: FakeToolbox) -> None:
    tools.settings = tools.settings.with_flags({"output_cap": "lots"})
    with pytest.raises(UsageError, match="--output-cap"):
        ran(tools)
    nothing_was_done(tools)


def test_keys_that_cannot_be_used_are_told_before_anything_is_done(tools: FakeToolbox) -> None:
    class Keyless(FakeTransport):
        def check(self, endpoints: Iterable[Endpoint]) -> None:
            assert len(list(endpoints)) == 2
            raise SetupError("the key is too open")

    tools.transport = Keyless()
    with pytest.raises(SetupError, match="too open"):
        ran(tools)
    nothing_was_done(tools)


def test_a_state_directory_that_cannot_be_written_is_told_before_anything_is_sent(
    tools: FakeToolbox, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    tools.state = replace(tools.state, path=tmp_path / "file/state")
    with pytest.raises(SetupError, match="--state-dir"):
        ran(tools)
    assert tools.transport.sent == []


def test_a_verb_that_the_policy_guards_is_refused_without_consent(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(policy=Policy(guarded=("run",))))
    with pytest.raises(RefusedError, match="--yes"):
        ran(tools, "@all")
    nothing_was_done(tools)
    report, _ = ran(tools, "@all", consent=Consent(yes=True))
    assert report.exit is ExitCode.OK


def test_a_person_at_the_terminal_types_the_count(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(policy=Policy(guarded=("run",))), confirm=FakeConfirm(possible=True, typed="32"))
    assert ran(tools, "@all")[0].exit is ExitCode.OK
    assert len(tools.confirm.questions) == 1
    tools.confirm.typed = "31"
    with pytest.raises(RefusedError, match="not confirmed"):
        ran(tools, "@all")


@pytest.mark.parametrize("yes", [False, True])
def test_caps_and_the_protected_set_stand_whatever_is_consented_to(tmp_path: Path, *, yes: bool) -> None:
    tools = toolbox(tmp_path, racks(policy=Policy(guarded=("run",), max_nodes=1, protected="@rack:r1")))
    with pytest.raises(RefusedError, match=r"max_nodes.*protected"):
        ran(tools, consent=Consent(yes=yes))
    nothing_was_done(tools)


def test_a_protected_set_may_be_empty_tonight(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(policy=Policy(guarded=("run",), protected="@state:drained")), terms=Terms())
    assert ran(tools, "r1n1")[0].exit is ExitCode.OK


def test_a_stale_inventory_is_refused_also_by_what_is_not_guarded(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(policy=Policy(stale_after_s=60)), inventory_age_s=61.0)
    with pytest.raises(RefusedError, match="stale_after"):
        ran(tools, consent=Consent(yes=True))
    nothing_was_done(tools)


def test_a_dry_run_shows_the_plan_and_its_hash_confirms_it(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(policy=Policy(guarded=("run",))))
    report, sink = ran(tools, "@rack:r1", consent=Consent(dry_run=True))
    assert sink.heads[0].kind is PLAN
    assert sink.items[0]["nodes"] == "r1n[1-8]"
    nothing_was_done(tools)

    confirmed = Consent(confirm_hash=report.summary["hash"])
    assert ran(tools, "@rack:r1", consent=confirmed)[0].exit is ExitCode.OK
    with pytest.raises(RefusedError, match=r"1 went \(r1n8\)"):
        ran(tools, "r1n[1-7]", consent=confirmed)
    with pytest.raises(RefusedError, match="changed"):
        ran(tools, "@rack:r1", line="reboot", consent=confirmed)


def test_the_deadline_ends_what_runs_and_says_how_to_go_on(tools: FakeToolbox) -> None:
    tools.transport = scripted({"r1n1": Script(run_s=None)})
    order = _order(tools, Pace(deadline_s=5.0, wave="1"), ("r1n1", "r1n2"))
    sink = ListSink()
    report = carry_out(order, tools, sink, run_loop=run_virtually)
    assert report.exit is ExitCode.DEADLINE
    assert outcomes(sink) == {"r1n1": "cancelled", "r1n2": "cancelled"}
    assert any("runs resume" in note for note in report.notes)
    assert read_run(tools.state, "latest").outcomes == {"r1n1": "cancelled", "r1n2": "not-started"}


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, ExitCode.SIGINT), (signal.SIGTERM, ExitCode.SIGTERM), (signal.SIGHUP, ExitCode.SIGHUP)],
)
def test_a_signal_ends_what_runs_with_its_own_code(tools: FakeToolbox, number: signal.Signals, code: ExitCode) -> None:
    tools.transport = scripted({"r1n1": Script(run_s=None, run_signal=number)})
    before = signal.getsignal(number)
    signal.signal(number, lambda *_: pytest.fail("it was not heard by the run"))
    try:
        report, sink = ran(tools)
        assert callable(signal.getsignal(number))
    finally:
        signal.signal(number, before)
    assert report.exit is code
    assert outcomes(sink)["r1n1"] == "cancelled"


def test_the_remote_commands_own_code_is_passed_on_for_one_node_alone(tools: FakeToolbox) -> None:
    for ended, code in ((Ended(rc=42), 42), (Ended(rc=0), 0), (Ended(signal="KILL"), 137)):
        tools.transport = scripted(ordinary=Script(ended=ended))
        assert ran(tools, "r1n1", remote_exit_code=True)[0].code == code
    tools.transport = scripted(ordinary=Script(dial_error=Outcome.REFUSED))
    assert ran(tools, "r1n1", remote_exit_code=True)[0].code == ExitCode.NONE_ASKED
    with pytest.raises(UsageError, match="one node"):
        ran(tools, remote_exit_code=True)


def test_waves_width_retries_and_the_policys_cap_reach_the_fan_out(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(policy=Policy(max_width=3)))
    tools.transport = scripted({"r1n1": Script(dial_errors=(Outcome.THROTTLED,))})
    report = carry_out(_order(tools, Pace(retries=1), tools.fleet.names), tools, ListSink())
    assert report.exit is ExitCode.OK
    assert tools.transport.dials["r1n1"] == 2
    assert tools.transport.most_at_once <= 3
    assert any("lowers the width" in note for note in tools.details)


def test_a_width_that_somebody_asked_for_is_not_lowered_silently(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(policy=Policy(max_width=3)))
    tools.settings = tools.settings.with_flags({"width": "5"})
    carry_out(_order(tools, Pace(), tools.fleet.names), tools, ListSink())
    assert any("lowers the width from 5 to 3" in note for note in tools.notes)


@pytest.mark.parametrize(("wave", "most"), [("2", 2), ("25%", 8), ("rack", 8), ("su", 16)])
def test_a_wave_waits_for_the_one_before(tools: FakeToolbox, wave: str, most: int) -> None:
    tools.transport = scripted(ordinary=Script(run_s=0.02))
    report = carry_out(_order(tools, Pace(wave=wave), tools.fleet.names), tools, ListSink())
    assert report.exit is ExitCode.OK
    assert len(tools.transport.sent) == 32
    assert tools.transport.most_working <= most


def test_a_budget_of_failures_ends_the_run(tools: FakeToolbox) -> None:
    tools.transport = scripted(ordinary=Script(ended=Ended(rc=1)))
    report, sink = ran(tools, "@rack:r1", pace=Pace(max_failed="0"))
    assert report.exit is ExitCode.REFUSED
    assert sum(outcome == "exit" for outcome in outcomes(sink).values()) == 1


def test_live_lines_go_to_the_toolbox_and_the_report_still_has_them(tools: FakeToolbox) -> None:
    tools.transport = scripted(ordinary=Script(stdout=(b"a\nb\n",)))
    _, sink = ran(tools, "r1n1", keep=Keep(live=True))
    assert tools.lines == [("r1n1", "stdout", b"a"), ("r1n1", "stdout", b"b")]
    assert sink.items[0]["stdout"].inline == b"a\nb\n"


def test_only_changes_holds_back_what_is_as_it_was(tools: FakeToolbox) -> None:
    keep = Keep(only_changes=True)
    assert len(ran(tools, keep=keep)[1].items) == 2
    tools.transport = scripted({"r1n2": Script(ended=Ended(rc=1))})
    report, sink = ran(tools, keep=keep)
    assert outcomes(sink) == {"r1n2": "exit"}
    assert report.coverage is not None
    assert report.coverage.asked == 2


def test_a_secret_is_in_neither_journal_nor_audit_nor_plan(tools: FakeToolbox) -> None:
    tools.secrets = {"sudo_password": Secret(b"hunter2")}
    ran(tools, sudo="root")
    ran(tools, sudo="root", consent=Consent(dry_run=True))
    written = b"".join(path.read_bytes() for path in tools.state.path.rglob("*") if path.is_file())
    assert b"hunter2" not in written
    journals = sorted(tools.state.path.rglob("journal.jsonl"))
    assert [bool(json.loads(one.read_bytes().splitlines()[0])) for one in journals] == [True]


def test_no_secret_is_asked_for_where_none_is_needed(tools: FakeToolbox) -> None:
    ran(tools)
    assert tools.asked_for == []


def _order(tools: FakeToolbox, pace: Pace, names: tuple[str, ...]) -> Order:
    facts = {"line": "uptime", "sudo": None, "timeout_s": None, "stdin": False}
    fan = Fan(chosen=Chosen(selector=None), pace=pace)
    return Order(deed=run_deed(facts, tools), nodes=Nodes(names=names), fan=fan)
