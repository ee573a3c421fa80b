"""Runs afterwards: listed, shown, compared, stopped, resumed after kill -9, repeated for some."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.prompt import InProcess, Prompt
from tests.command import wait_until

pytestmark = pytest.mark.ssh


def test_a_run_is_listed_and_shown_as_it_was_printed(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.break_("exit:3@r001n02")
    printed = prompt.json("run", "r001n[01-02]", "--", "echo", "a  b")
    shown = aifctl("runs", "show", "-o", "json")
    assert shown.code == 0
    assert shown.items() == printed.items()
    (listed,) = aifctl("runs", "list", "-o", "json").envelope()["items"]
    assert (listed["state"], listed["nodes_count"], listed["ok_count"]) == ("done", 2, 1)
    assert listed["command"].endswith("echo 'a  b'")
    only = aifctl("runs", "show", "latest", "r001n02", "-o", "json")
    assert list(only.items()) == ["r001n02"]


def test_kill_9_loses_at_most_what_was_in_flight_and_resume_does_the_rest_once_each(
    prompt: Prompt, aifctl: InProcess
) -> None:
    prompt.break_("hang@r001n02")
    line = "echo ran >>/tmp/ran-$(hostname)"
    process = prompt.hanging("run", "r001n[01-04]", "--width", "1", "--wave", "2", "--", line)
    wait_until(lambda: '"t":"end"' in prompt.journals()[0].read_text(), "the first answer")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    prompt.cure()

    (crashed,) = aifctl("runs", "list", "-o", "json").envelope()["items"]
    assert crashed["state"] == "crashed"
    rest = prompt.json("runs", "resume")
    assert rest.outcomes() == {"r001n03": "ok", "r001n04": "ok"}
    assert any("r001n02" in note and "--again lost" in note for note in rest.envelope()["notes"])
    lost = prompt.json("runs", "resume", "latest", "--again", "lost")
    assert lost.outcomes() == {"r001n02": "ok"}
    done = aifctl("runs", "resume", "-o", "json")
    assert (done.code, done.envelope()["items"]) == (0, [])
    counts = prompt.json("run", "r001n[01,03-04]", "--", "cat /tmp/ran-$(hostname)")
    assert {item["stdout"] for item in counts.items().values()} == {"ran\n"}


def test_resume_says_the_same_again_from_another_folder_and_without_its_options(
    prompt: Prompt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(prompt.home)
    prompt.break_("refused@r001n01")
    first = prompt.json(
        "run", "r001n01", "--inventory", "site.yaml", "--user", "somebody", "--outdir", "out", "--", "id -un"
    )
    assert first.code == 4
    prompt.cure()
    monkeypatch.chdir(tmp_path)
    prompt.environ["AIFCTL_INVENTORY"] = "/nonexistent"
    again = prompt.json("runs", "resume")
    assert again.items()["r001n01"]["stdout"] == "somebody\n"
    assert (prompt.home / "out/r001n01.out").read_text() == "somebody\n"


def test_retry_takes_the_outcomes_it_is_told(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.break_("throttle:100%@r001n01", "exit:3@r001n02", "refused@r001n03")
    assert prompt.aifctl("run", "r001n[01-04]", "--", "true").code == 3
    prompt.cure()
    assert prompt.json("runs", "retry", "--outcome", "throttled,refused").outcomes() == {
        "r001n01": "ok",
        "r001n03": "ok",
    }
    # What the run before it left stands where it stood.
    assert prompt.json("runs", "retry", "-2", "--outcome", "exit").outcomes() == {"r001n02": "ok"}
    unknown = aifctl("runs", "retry", "--outcome", "trottled")
    assert (unknown.code, "throttled" in unknown.err) == (2, True)


def test_a_script_its_arguments_and_its_input_are_sent_again(prompt: Prompt, tmp_path: Path) -> None:
    script = tmp_path / "s.sh"
    script.write_text('#!/bin/sh\necho "$1 $(cat)"\n')
    prompt.break_("refused@r001n01")
    assert prompt.aifctl("script", "r001n[01-02]", str(script), "one", "--stdin", stdin="from afar").code == 3
    prompt.cure()
    script.unlink()
    again = prompt.json("runs", "retry")
    assert again.items()["r001n01"]["stdout"] == "one from afar\n", again


def test_a_push_whose_source_has_changed_is_not_continued(prompt: Prompt, tmp_path: Path) -> None:
    source = tmp_path / "file"
    source.write_text("old\n")
    prompt.break_("refused@r001n01")
    assert prompt.aifctl("push", "r001n[01-02]", str(source), "/tmp/pushed").code == 3
    prompt.cure()
    source.write_text("new\n")
    said = prompt.json("runs", "resume")
    assert said.code == 5
    source.write_text("old\n")
    assert prompt.json("runs", "resume").outcomes() == {"r001n01": "ok"}


def test_diff_tells_what_is_not_as_it_was(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.aifctl("run", "r001n[01-03]", "--", "hostname")
    prompt.break_("exit:3@r001n02")
    prompt.aifctl("run", "r001n[01-03]", "--", "hostname")
    for args in ((), ("-2", "-1")):
        said = aifctl("runs", "diff", *args, "-o", "json")
        assert [(item["node"], item["before"], item["after"]) for item in said.envelope()["items"]] == [
            ("r001n02", "ok", "exit")
        ]


def test_stop_ends_a_run_from_another_terminal_and_resume_does_what_was_not_started(prompt: Prompt) -> None:
    prompt.break_("hang@r001n01")
    process = prompt.hanging("run", "r001n[01-04]", "--width", "1", "--wave", "1", "-o", "json", "--", "hostname")
    stopped = prompt.aifctl("runs", "stop")
    said = prompt.finish(process)
    assert stopped.code == 0
    assert said.code == 143
    assert set(said.outcomes().values()) == {"cancelled"}
    assert prompt.commands_running() == 0
    prompt.cure()
    rest = prompt.json("runs", "resume")
    assert set(rest.outcomes()) >= {"r001n02", "r001n03", "r001n04"}


def test_a_run_that_goes_on_is_not_resumed(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.break_("hang@r001n01")
    process = prompt.hanging("run", "r001n01", "--", "hostname")
    said = aifctl("runs", "resume", "-o", "json")
    assert said.code == 75
    assert str(process.pid) in said.envelope()["errors"][0]["message"]
    assert aifctl("runs", "show").code == 0
    process.kill()
    process.communicate()


def test_without_any_run_looking_is_fine_and_continuing_is_2(aifctl: InProcess) -> None:
    assert aifctl("runs", "list", "-o", "json").envelope()["items"] == []
    for verb in ("show", "resume", "retry", "diff", "stop"):
        said = aifctl("runs", verb, "-o", "json")
        assert (said.code, said.envelope()["exit"]) == (2, 2), verb


def test_pull_keeps_one_folder_for_each_node(prompt: Prompt, tmp_path: Path) -> None:
    assert prompt.aifctl("pull", "r001n[01-02]", "/etc/hostname", f"{tmp_path}/logs").code == 0
    found = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.glob("logs/*/hostname")}
    assert found == {"logs/r001n01/hostname": "r001n01\n", "logs/r001n02/hostname": "r001n02\n"}


def test_waves_go_by_rack(prompt: Prompt) -> None:
    prompt.break_("slow:0.2@r001n[01-02]")
    said = prompt.json("run", "r[001-002]n[01-02]", "--wave", "rack", "--", "true")
    started = {node: item["started_at"] for node, item in said.items().items()}
    ended = max(item["started_at"] for node, item in said.items().items() if node.startswith("r001"))
    assert min(started["r002n01"], started["r002n02"]) > ended


def test_a_budget_of_failures_stops_the_run_and_says_how_to_go_on(prompt: Prompt) -> None:
    prompt.break_("exit:1@r001n[01-04]")
    said = prompt.json("run", "@all", "--max-failed", "1", "--", "true")
    assert said.code == 5, said
    counts = said.envelope()["summary"]["counts"]
    assert counts["exit"] == 1
    assert any("runs resume" in note for note in said.envelope()["notes"])
