"""Settings → Toolbox → report: one whole report whatever happens, and nothing imported that a command does not touch."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aifctl import wiring
from aifctl.core.errors import RefusedError, SetupError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Head, Report
from aifctl.core.shown import Shown
from aifctl.ops.nodes import NODE
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

SITE = "site: here\ndefaults: {user: ops, port: 2222, identity: [/k1], ssh: {User: other, ConnectTimeout: '3'}}\nnodes: n[1-3]\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    monkeypatch.setenv("AIFCTL_INVENTORY", str(path))
    monkeypatch.setenv("AIFCTL_STATE_DIR", str(tmp_path / "state"))
    return path


def asked_of(ask: Callable[[Toolbox], Any], **flags: str) -> Any:
    """Return what a verb finds in its toolbox."""
    found = []

    def verb(tools: Toolbox, sink: Sink) -> Report:
        found.append(ask(tools))
        sink.open(Head(kind=NODE))
        return Report()

    assert wiring.perform(verb, Shown(format="count"), flags=flags) == 0
    return found[0]


@pytest.mark.parametrize(
    ("problem", "code"), [(RefusedError("no"), 5), (ZeroDivisionError("x"), 70), (OSError(28, "No space left"), 70)]
)
@pytest.mark.parametrize("begun", [False, True])
def test_an_error_leaves_one_whole_envelope_with_what_was_known_before_it(
    site: Path, capfd: pytest.CaptureFixture[str], problem: Exception, code: int, *, begun: bool
) -> None:
    def verb(_: Toolbox, sink: Sink) -> Report:
        if begun:
            sink.open(Head(kind=NODE))
            sink.item({"node": "n1"})
        raise problem

    assert site.exists()
    assert wiring.perform(verb, Shown(format="json"), flags={}) == code
    out, err = capfd.readouterr()
    envelope = json.loads(out)
    assert (envelope["exit"], len(envelope["items"]), len(envelope["errors"])) == (code, int(begun), 1)
    assert err.count("\n") == 1


def test_a_format_that_does_not_exist_is_told_before_the_verb_is_called(site: Path) -> None:
    with pytest.raises(UsageError, match="jsonl"):
        wiring.perform(lambda *_: pytest.fail("it was called"), Shown(format=f"{site.stem}x"), flags={})


def test_flags_stand_above_what_the_inventory_says_also_in_its_ssh_options(site: Path) -> None:
    assert site.exists()
    (plain,) = asked_of(lambda tools: tools.endpoints(["n1"]))
    assert (plain.user, plain.port, plain.identity, dict(plain.options)["User"]) == ("ops", 2222, ("/k1",), "other")
    (said,) = asked_of(
        lambda tools: tools.endpoints(["n1"]),
        user="me",
        port="22",
        identity="/k2",
        jump="j1 j2,j3",
        connect_timeout="9s",
    )
    assert (said.user, said.port, said.identity, said.jump) == ("me", 22, (), ("j1", "j2,j3"))
    assert dict(said.options) == {}
    dial = asked_of(lambda tools: tools.dial_settings, identity="/k2:/k3", connect_timeout="9s")
    assert (dial.identities, dial.connect_timeout_s) == (("/k2", "/k3"), 9.0)


def test_what_was_given_can_be_given_again_below_what_is_given_now(site: Path) -> None:
    assert site.exists()
    given, again = asked_of(
        lambda tools: (tools.given, tools.with_given({"timeout": "7s", "width": "9"}).settings),
        timeout="5s",
        state_dir=str(site.parent / "other"),
    )
    assert given == {"timeout": "5s"}, "where runs lie is no part of a run"
    assert (again.value("timeout"), again.value("width")) == (5.0, 9)


def test_a_secret_is_read_once_and_only_when_asked_for(site: Path) -> None:
    counter = site.parent / "asked"
    command = f"cmd:sh -c 'echo x >>{counter}; echo hunter2'"

    def ask(tools: Toolbox) -> bytes:
        one, two = tools.secret("sudo_password"), tools.secret("sudo_password")
        assert one is two
        assert one is not None
        return one.reveal()

    assert asked_of(lambda tools: tools.secret("key_password"), sudo_password=command) is None
    assert not counter.exists()
    assert asked_of(ask, sudo_password=command) == b"hunter2"
    assert counter.read_text() == "x\n"


def test_a_broken_inventory_stops_what_changes_and_not_what_looks(
    site: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert asked_of(lambda tools: len(tools.fleet)) == 3
    site.write_text(f"{SITE}racks: [\n")
    assert asked_of(lambda tools: len(tools.known_fleet)) == 3
    assert str(site) in capfd.readouterr().err

    def change(tools: Toolbox, _: Sink) -> Report:
        return Report(summary={"nodes_count": len(tools.fleet)})

    assert wiring.perform(change, Shown(), flags={}) == ExitCode.SETUP


def test_a_note_of_detail_is_for_v_and_none_is_for_q(site: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert site.exists()

    def verb(tools: Toolbox, _: Sink) -> Report:
        tools.note("plain")
        tools.note("detail", detail=True)
        return Report()

    said = []
    for shown in (Shown(), Shown(verbose=1), Shown(quiet=True, verbose=1)):
        wiring.perform(verb, shown, flags={})
        said.append(capfd.readouterr().err.split())
    assert said == [["plain"], ["plain", "detail"], []]


def test_the_end_of_a_command_that_never_began_is_written_down_or_its_trouble_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wiring.note_end(f"{tmp_path}/a.prom", verb="run", name="job", code=ExitCode.USAGE)
    assert 'aifctl_exit_code{name="job"} 2' in (tmp_path / "a.prom").read_text()
    wiring.note_end("/nonexistent/a.prom", verb="run", name="job", code=ExitCode.USAGE)
    assert "/nonexistent" in capfd.readouterr().err


def test_every_kind_of_report_has_a_schema(capfd: pytest.CaptureFixture[str]) -> None:
    kinds = wiring.report_kinds()
    assert {"Run", "Node", "Plan", "Runs"} <= set(kinds)
    for name in kinds:
        assert wiring.write_schema(name, Shown()) == 0
        json.loads(capfd.readouterr().out)
    with pytest.raises(UsageError, match="did you mean"):
        wiring.write_schema("Nodes", Shown())


def test_every_format_can_be_chosen_by_name() -> None:
    names = [name for name, _ in wiring.output_formats()]
    assert names == sorted(names)
    assert {"table", "json", "jsonl", "csv", "nodeset", "count"} <= set(names)


@pytest.mark.parametrize("args", [["nodes", "@all", "-o", "count"], ["find", "n1"], ["runs", "list"], ["--help"]])
def test_light_commands_import_no_heavy_library(site: Path, args: list[str]) -> None:
    script = (
        "import sys\nfrom aifctl.main import main\nmain(sys.argv[1:])\n"
        "print('imported:', *sorted({'asyncssh', 'paramiko', 'cryptography', 'jinja2', 'yaml'} & set(sys.modules)))"
    )
    assert site.exists()
    command = [sys.executable, "-c", script, *args]
    _, warm = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2))
    assert warm.stdout.splitlines()[-1] == "imported:"


def test_an_unwritable_state_directory_does_not_hide_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AIFCTL_STATE_DIR", str(tmp_path / "file/state"))

    def verb(tools: Toolbox, _: Sink) -> Report:
        with pytest.raises(SetupError):
            tools.state.folder("runs")
        raise ZeroDivisionError("deep inside")

    assert wiring.perform(verb, Shown(), flags={}) == 70
    assert "ZeroDivisionError" in capfd.readouterr().err
