"""run and script: what the nodes get, and what is refused before any of them is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.secret import Secret
from aifctl.dispatch.asked import Chosen, Consent, Fan
from aifctl.fanout.runs import read_run
from aifctl.ops.run import RunAsked, ScriptAsked, run, script
from tests.fakes.fleet import Script
from tests.fakes.toolbox import FakeToolbox, racks, scripted, toolbox
from tests.ops.run_fakes import ListSink

FAN = Fan(chosen=Chosen(selector="r1n1"))


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, racks(1, nodes_count=2), transport=scripted(ordinary=Script(echo=True)))


def lines(tools: FakeToolbox) -> list[str]:
    return [line for _, line in tools.transport.sent]


def test_words_are_quoted_and_one_word_is_not(tools: FakeToolbox) -> None:
    for command in (("echo", "a b"), ("echo a b",)):
        run(RunAsked(fan=FAN, command=command), tools, ListSink())
    assert lines(tools) == ["echo 'a b'", "echo a b"]


@pytest.mark.parametrize("command", [None, (), ("",)])
def test_no_command_is_refused(tools: FakeToolbox, command: tuple[str, ...] | None) -> None:
    with pytest.raises(UsageError, match="--"):
        run(RunAsked(fan=FAN, command=command), tools, ListSink())


@pytest.mark.parametrize(("text", "timeout_s"), [("5s", 5.0), ("0", None)])
def test_a_timeout_of_0_waits_for_ever(tools: FakeToolbox, text: str, timeout_s: float | None) -> None:
    tools.settings = tools.settings.with_flags({"timeout": text})
    run(RunAsked(fan=FAN, command=("true",)), tools, ListSink())
    assert read_run(tools.state, "latest").head["work"]["timeout_s"] == timeout_s


def test_input_reaches_every_node_whole(tools: FakeToolbox, tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"x" * 200_000)
    sink = ListSink()
    with (tmp_path / "input").open("rb") as tools.stdin:
        run(RunAsked(fan=Fan(chosen=Chosen(selector="@all")), command=("cat",), stdin=True), tools, sink)
    assert [item["stdout"].bytes_count for item in sink.items] == [200_000, 200_000]


def test_without_being_asked_to_nobody_reads_stdin(tools: FakeToolbox, tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"mine")
    with (tmp_path / "input").open("rb") as tools.stdin:
        run(RunAsked(fan=FAN, command=("cat",)), tools, ListSink())
        assert tools.stdin.read() == b"mine"


def test_the_password_goes_with_sudo_alone(tools: FakeToolbox) -> None:
    tools.secrets = {"sudo_password": Secret(b"hunter2")}
    run(RunAsked(fan=FAN, command=("id",)), tools, ListSink())
    run(RunAsked(fan=FAN, command=("id",), sudo="root"), tools, ListSink())
    assert tools.asked_for == ["sudo_password"]
    assert lines(tools)[0] == "id"
    assert lines(tools)[1].startswith("sudo -S ")


def test_a_script_is_sent_on_stdin_with_its_arguments_in_the_line(tools: FakeToolbox, tmp_path: Path) -> None:
    file = tmp_path / "check.py"
    file.write_bytes(b"#!/usr/bin/env python3\nprint('\xff')\n")
    sink = ListSink()
    script(ScriptAsked(fan=FAN, file=str(file), arguments=("--verbose", "a b")), tools, sink)
    assert sink.items[0]["stdout"].inline == file.read_bytes()
    (line,) = lines(tools)
    assert "/usr/bin/env python3" in line
    assert line.endswith("--verbose 'a b'")


def test_the_plan_of_a_script_tells_its_digest(tools: FakeToolbox, tmp_path: Path) -> None:
    file = tmp_path / "s.sh"
    plans = []
    for text in ("echo one\n", "echo two\n"):
        file.write_text(text)
        sink = ListSink()
        fan = Fan(chosen=Chosen(selector="r1n1"), consent=Consent(dry_run=True))
        plans.append(script(ScriptAsked(fan=fan, file=str(file)), tools, sink).summary["hash"])
        assert "sha256" in sink.items[0]["step"]
    assert plans[0] != plans[1]


@pytest.mark.parametrize(
    ("data", "says"), [(None, "can't be read"), (b"", "empty"), (b"x" * ((16 << 20) + 1), "16 MiB")]
)
def test_a_script_that_cannot_be_sent_is_told(
    tools: FakeToolbox, tmp_path: Path, data: bytes | None, says: str
) -> None:
    if data is not None:
        (tmp_path / "s.sh").write_bytes(data)
    with pytest.raises(UsageError, match=says):
        script(ScriptAsked(fan=FAN, file=str(tmp_path / "s.sh")), tools, ListSink())
    assert tools.transport.dials == {}
