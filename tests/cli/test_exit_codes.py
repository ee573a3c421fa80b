"""Every exit code of the contract from the real command, as text and as JSON: one envelope whatever the outcome."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.cli.prompt import InProcess, Prompt
from tests.command import wait_until

pytestmark = pytest.mark.ssh


def test_0_where_all_answered_and_nothing_was_found(prompt: Prompt) -> None:
    text, said = prompt.both("run", "r001n[01-04]", "--", "echo", "same")
    assert text.code == 0
    assert said.envelope()["complete"] is True
    assert said.envelope()["coverage"] == {"asked": 4, "answered": 4, "skipped": 0, "share": 1.0}
    assert "r001n[01-04]" in text.out


def test_1_where_a_remote_command_failed_and_its_code_is_in_the_report(prompt: Prompt) -> None:
    text, said = prompt.both("run", "r001n[01-02]", "--", "exit 7")
    assert text.code == 1
    assert "exit 7" in text.out
    assert [item["rc"] for item in said.items().values()] == [7, 7]


@pytest.mark.parametrize(
    ("args", "points_at"),
    [
        (("run", "r001n[01-", "--", "true"), "closed"),
        (("run", "r001n1", "--", "true"), "r001n01"),
        (("run", "@rack:r9", "--", "true"), "r[001-006]"),
        (("run", "r001n[04-01]", "--", "true"), "column"),
        (("run", "@job:7", "--", "true"), "@job:"),
        (("run", "@slurm:job:7", "--", "true"), "lurm"),
        (("run", "@state:drained", "--", "true"), "--allow-empty"),
        (("run", "", "--", "true"), "empty"),
        (("run", "@all", "--exclude", "", "--", "true"), "empty"),
        (("run", "@all", "--", ""), "--"),
        (("run", "@all"), "--"),
        (("run", "--", "true"), "SELECTOR"),
        (("run", "@all", "--width", "many", "--", "true"), "--width"),
        (("run", "@all", "--wave", "some", "--", "true"), "--wave"),
        (("run", "@all", "--max-failed", "some", "--", "true"), "some"),
        (("run", "@all", "--output-cap", "some", "--", "true"), "output-cap"),
        (("run", "@all", "--stragglers", "50%", "--", "true"), "--stragglers"),
        (("run", "@all", "--stragglers", "50%:soon", "--", "true"), "--stragglers"),
        (("run", "@all", "--min-coverage", "101%", "--", "true"), "--min-coverage"),
        (("run", "@all", "--deadline", "soon", "--", "true"), "--deadline"),
        (("run", "@all", "--jitter", "soon", "--", "true"), "--jitter"),
        (("run", "@all", "--timeout", "soon", "--", "true"), "--timeout"),
        (("run", "@all", "--connect-timeout", "soon", "--", "true"), "connect-timeout"),
        (("run", "@all", "--progress", "loud", "--", "true"), "--progress"),
        (("nodes", "--color", "red"), "--color"),
        (("run", "@all", "--confirm-hash", "xyz", "--", "true"), "--confirm-hash"),
        (("run", "@all", "--remote-exit-code", "--", "true"), "--remote-exit-code"),
        (("run", "@all", "--sudo-password", "hunter2", "--sudo", "--", "true"), "file:PATH"),
        (("script", "@all", "/nonexistent"), "/nonexistent"),
        (("push", "@all", "/nonexistent", "/tmp"), "/nonexistent"),
        (("push", "@all"), "SRC is missing; see `aifctl push --help`"),
        (("push", "@all", "/etc/hostname", "/tmp/x", "--mode", "9"), "--mode"),
        (("push", "@all", "/etc/hostname", "/tmp/x", "--owner", "a b"), "--owner"),
        (("push", "@all", "/etc/hostname", "/tmp/x", "--delete"), "--delete"),
        (("runs", "show", "nosuch"), "no run"),
        (("nodes", "--where", "colour"), "--where"),
        (("nodes", "--first", "1", "--sample", "1"), "--sample"),
        (("inventory", "export", "--format", "nosuch"), "slurm"),
        (("inventory", "import", "--format", "hosts", "/nonexistent"), "/nonexistent"),
        (("nosuch",), "nosuch"),
        (("nodes", "--nosuch"), "see `aifctl nodes --help`"),
        (("nodes", "--first"), "see `aifctl nodes --help`"),
        (("nodes", "--first", "x"), "invalid value for '--first': it should be a whole number; see"),
        (("nodes", "--first", "0"), "invalid value for '--first': it should be greater than or equal to 1; see"),
        (("runs", "show", "latest", "@all", "more"), "see `aifctl runs show --help`"),
        (("run", "r001n01", "uptime"), "stands behind --"),
        (("trust", "show"), "SELECTOR"),
    ],
)
def test_2_for_what_cannot_be_meant_in_one_sentence_and_nothing_is_done(
    prompt: Prompt, aifctl: InProcess, args: tuple[str, ...], points_at: str
) -> None:
    before = prompt.commands_count()
    said = aifctl(*args, "-o", "json") if "--" not in args else aifctl("-o", "json", *args)
    assert said.code == said.envelope()["exit"] == 2, said
    (error,) = said.envelope()["errors"]
    assert points_at in error["message"], said
    assert error["code"] == 2
    assert "Traceback" not in said.err, said
    assert said.err.startswith(("aifctl: ", "inventory: ")), said
    assert prompt.commands_count() == before
    assert list(prompt.state.glob("runs/*")) == []


def test_2_says_the_same_on_stderr_with_nothing_on_stdout_where_text_is_wanted(prompt: Prompt) -> None:
    said = prompt.aifctl("run", "r001n[01-", "--", "true")
    assert (said.code, said.out) == (2, "")
    complaint, shown, caret = said.err.splitlines()
    assert complaint.startswith("aifctl: ")
    assert caret.index("^") == shown.index("[")


def test_2_for_a_format_that_does_not_exist_names_those_that_do(prompt: Prompt) -> None:
    said = prompt.aifctl("nodes", "-o", "yaml")
    assert (said.code, said.out) == (2, "")
    assert "jsonl" in said.err


def test_3_where_some_could_not_be_asked(prompt: Prompt) -> None:
    prompt.break_("refused@r001n02")
    text, said = prompt.both("run", "r001n[01-04]", "--", "true")
    assert text.code == 3
    assert (said.envelope()["complete"], said.envelope()["coverage"]["answered"]) == (False, 3)


def test_a_lower_demand_on_coverage_makes_0_of_3(prompt: Prompt) -> None:
    prompt.break_("refused@r001n02")
    assert prompt.aifctl("run", "r001n[01-04]", "--min-coverage", "75%", "--", "true").code == 0
    assert prompt.aifctl("run", "r001n[01-04]", "--min-coverage", "0.8", "--", "true").code == 3


def test_4_where_nobody_could_be_asked(prompt: Prompt) -> None:
    prompt.break_("refused@r001n[01-02]")
    text, said = prompt.both("run", "r001n[01-02]", "--", "true")
    assert text.code == 4
    assert set(said.outcomes().values()) == {"refused"}


def test_5_where_all_that_is_selected_is_left_out(prompt: Prompt) -> None:
    prompt.add("overrides:\n  r001n01: {state: repair}\n  r001n02: {off: true}")
    text, said = prompt.both("run", "r001n[01-02]", "--", "true")
    assert text.code == 5
    (error,) = said.envelope()["errors"]
    assert "repair" in error["message"]
    assert "off" in error["message"]
    assert prompt.aifctl("run", "r001n01", "--include-state", "repair", "--", "true").code == 0


def test_6_for_a_set_up_that_is_wrong(prompt: Prompt, tmp_path: Path) -> None:
    for option, value in (("--inventory", "/nonexistent"), ("--state-dir", "/dev/null/state")):
        text, said = prompt.both("run", "r001n01", option, value, "--", "true")
        assert text.code == 6
        assert value in said.envelope()["errors"][0]["message"]
    key = tmp_path / "key"
    key.write_bytes(prompt.fleet.files.identity.read_bytes())
    key.chmod(0o644)
    text, said = prompt.both("run", "r001n01", "--identity", str(key), "--", "true")
    assert text.code == 6
    assert str(key) in said.envelope()["errors"][0]["message"]
    assert prompt.journals() == []


def test_124_at_the_deadline_with_the_partial_report(prompt: Prompt) -> None:
    prompt.break_("hang@r001n02")
    text, said = prompt.both("run", "r001n[01-02]", "--deadline", "1s", "--", "echo", "here")
    assert text.code == 124
    assert said.outcomes() == {"r001n01": "ok", "r001n02": "cancelled"}
    assert "here" in text.out
    assert prompt.commands_running() == 0


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_signal_ends_the_remote_commands_and_prints_the_partial_report(
    prompt: Prompt, number: signal.Signals, code: int
) -> None:
    prompt.break_("hang@r001n02")
    args = ("run", "r001n[01-02]", "-o", "json", "--", "hostname")
    process = prompt.hanging(*args)
    wait_until(lambda: '"t":"end"' in prompt.journals()[-1].read_text(), "an answer")
    process.send_signal(number)
    said = prompt.finish(process, *args)
    assert (said.code, said.envelope()["exit"]) == (code, code)
    assert said.outcomes() == {"r001n01": "ok", "r001n02": "cancelled"}
    assert said.envelope()["complete"] is False
    assert prompt.commands_running() == 0


def test_a_second_ctrl_c_leaves_at_once_and_says_what_may_still_run(prompt: Prompt) -> None:
    prompt.break_("stuck@r001n02")
    args = ("run", "r001n02", "-o", "json", "--", "hostname")
    process = prompt.hanging(*args)
    process.send_signal(signal.SIGINT)
    wait_until(lambda: '"t":"stop"' in prompt.journals()[-1].read_text(), "the first Ctrl-C in the journal")
    process.send_signal(signal.SIGINT)
    said = prompt.finish(process, *args)
    assert said.code == 130
    item = said.items()["r001n02"]
    assert item["outcome"] in {"lost", "cancelled"}
    assert item["survivors"] is None or item["survivors"], "nobody can know that nothing survived"


def test_a_remote_commands_own_code_is_passed_on_where_one_node_is_asked(prompt: Prompt) -> None:
    text, _ = prompt.both("run", "r001n01", "--remote-exit-code", "--", "exit 42")
    assert text.code == 42


def test_jsonl_says_of_every_line_what_it_is_and_ends_with_the_exit_code(prompt: Prompt) -> None:
    prompt.break_("refused@r001n02")
    said = prompt.aifctl("run", "r001n[01-02]", "-o", "jsonl", "--", "true")

    lines = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 3
    assert [line["type"] for line in lines] == ["run", "item", "item", "summary"]
    assert lines[-1]["exit"] == 3
