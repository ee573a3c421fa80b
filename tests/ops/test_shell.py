"""shell: line after line over warm connections; what is wrong with a line is told, and the shell goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import StoppedError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.report import Report
from aifctl.dispatch.asked import Chosen, Consent, Fan
from aifctl.fanout.run_nodes import outcomes_for_selector
from aifctl.fanout.runs import read_run
from aifctl.fleet.policy import Policy
from aifctl.fleet.selector import Terms
from aifctl.ops.shell import ShellAsked, shell
from aifctl.ports.transport import Ended
from tests.fakes.fleet import Script
from tests.fakes.toolbox import FakePrompt, FakeToolbox, racks, scripted, toolbox
from tests.ops.run_fakes import ListSink


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    made = toolbox(tmp_path, racks(2, nodes_count=2))
    made.terms = Terms(run=lambda run: outcomes_for_selector(read_run(made.state, run)))
    return made


def typed(
    tools: FakeToolbox, *lines: str | BaseException, selector: str = "r1n[1-2]", consent: Consent | None = None
) -> Report:
    tools.prompt = FakePrompt(list(lines))
    fan = Fan(chosen=Chosen(selector=selector), consent=consent or Consent(), argv=("shell", selector))
    return shell(ShellAsked(fan=fan), tools, ListSink())


def sent(tools: FakeToolbox) -> list[tuple[str, str]]:
    return sorted(tools.transport.sent)


def test_each_line_is_a_run_of_its_own_over_the_same_connections(tools: FakeToolbox) -> None:
    report = typed(tools, "uptime", "  hostname | cat  ")
    assert report.exit is ExitCode.OK
    assert [line for _, line in tools.transport.sent] == ["uptime"] * 2 + ["hostname | cat"] * 2
    assert set(tools.transport.dials.values()) == {1}
    assert tools.transport.closed
    assert tools.transport.connected == 0
    assert len(tools.sinks) == 2
    assert all(len(sink.reports) == 1 and len(sink.items) == 2 for sink in tools.sinks)
    assert len(list(tools.state.path.glob("runs/*"))) == 2
    assert read_run(tools.state, "latest").head["argv"] == ["shell", "r1n[1-2]", "--", "hostname | cat"]


def test_the_worst_exit_code_of_all_rounds_is_the_shells(tools: FakeToolbox) -> None:
    tools.transport = scripted({"r1n1": Script(ended=Ended(rc=1))})
    assert typed(tools, "false", ":nodes r2n1", "true").exit is ExitCode.FINDINGS
    assert typed(tools, "", "  ", "# a remark").exit is ExitCode.OK


def test_a_wrong_line_is_told_and_the_shell_goes_on(tools: FakeToolbox) -> None:
    report = typed(tools, ":nodes nosuch", ":bogus", ":timeout soon", "uptime")
    assert len(tools.told) == 3
    assert all(isinstance(error, UsageError) for error in tools.told)
    assert len(tools.transport.sent) == 2
    assert report.exit is ExitCode.USAGE


def test_the_selection_changes_inside(tools: FakeToolbox) -> None:
    typed(tools, ":nodes r2n[1-2]", "uptime", ":nodes r1n1", "date")
    assert sent(tools) == [("r1n1", "date"), ("r2n1", "uptime"), ("r2n2", "uptime")]
    assert tools.prompt.labels[:2] == ["r1n[1-2]> ", "r2n[1-2]> "]


def test_failed_selects_those_on_which_the_last_command_failed(tools: FakeToolbox) -> None:
    tools.transport = scripted({"r1n2": Script(ended=Ended(rc=1)), "r2n1": Script(dial_error=Outcome.REFUSED)})
    typed(tools, "true", ":failed", "id", selector="@all")
    assert [node for node, line in sent(tools) if line == "id"] == ["r1n2"]
    assert tools.transport.dials["r2n1"] == 2


def test_sudo_and_timeout_hold_from_then_on(tools: FakeToolbox) -> None:
    typed(tools, ":sudo ops", ":timeout 5s", "id", ":sudo off", ":timeout 0", "id", selector="r1n1")
    first, second = (line for _, line in tools.transport.sent)
    assert "sudo -n -u ops" in first
    assert second == "id"
    assert tools.prompt.labels[1] == "r1n1 as ops> "
    records = sorted(
        read_run(tools.state, run.name).head["work"]["timeout_s"] or 0 for run in tools.state.path.glob("runs/*")
    )
    assert records == [0, 5]


def test_quit_and_the_end_of_input_leave(tools: FakeToolbox) -> None:
    typed(tools, ":quit", "uptime")
    assert tools.transport.sent == []
    assert tools.prompt.lines == ["uptime"]


def test_a_person_is_told_where_they_are_and_a_pipe_is_not(tools: FakeToolbox) -> None:
    typed(tools)
    assert tools.notes == []
    tools.prompt = FakePrompt([":help"], is_person=True)
    shell(ShellAsked(fan=Fan(chosen=Chosen(selector="r1n1"))), tools, ListSink())
    assert ":help" in tools.notes[0]
    assert ":nodes SELECTOR" in tools.notes[1]


def test_a_guarded_run_is_refused_line_by_line(tools: FakeToolbox) -> None:
    tools.fleet = racks(2, nodes_count=2, policy=Policy(guarded=("run",)))
    report = typed(tools, "reboot", ":nodes r1n1", "uptime")
    assert sent(tools) == [("r1n1", "uptime")]
    assert report.exit is ExitCode.REFUSED
    assert typed(tools, "reboot", consent=Consent(yes=True)).exit is ExitCode.OK


def test_a_signal_at_the_prompt_leaves_and_closes_every_connection(tools: FakeToolbox) -> None:
    with pytest.raises(StoppedError):
        typed(tools, "uptime", StoppedError(ExitCode.SIGTERM))
    assert tools.transport.closed
    assert tools.transport.connected == 0


def test_a_wrong_first_selector_ends_it_before_the_prompt(tools: FakeToolbox) -> None:
    with pytest.raises(UsageError):
        typed(tools, "uptime", selector="nosuch")
    assert tools.prompt.labels == []
    assert tools.transport.closed
