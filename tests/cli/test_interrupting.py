"""Ctrl-C at every stage: one sentence, exit 130, nothing half done, and no traceback however early it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.prompt import Prompt
from tests.command import Said, wait_until

pytestmark = pytest.mark.ssh

#: Interrupts itself the moment a module is about to be loaded: the earliest that our own code can hear it.
_INTERRUPTED_AT = """
import os, signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
        return None

sys.meta_path.insert(0, Interrupts())
from aifctl.__main__ import console
console()
"""


def _interrupted_at(prompt: Prompt, module: str, *args: str) -> Said:
    """Run `aifctl ARGS`, interrupted when it is about to load a module."""
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_AT.format(module=module), *args],
        env=prompt.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return Said(command=" ".join(args), code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("dataclasses", id="before the first line of ours"),
        pytest.param("aifctl.wiring", id="before anything is known"),
        pytest.param("typer", id="before the words are read"),
        pytest.param("aifctl.ops.run", id="before the verb"),
        pytest.param("aifctl.roster.cache", id="while the inventory is read"),
        pytest.param("asyncssh", id="while the fan-out is made ready"),
    ],
)
def test_before_the_first_node_it_is_one_sentence_and_nothing_is_sent(prompt: Prompt, module: str) -> None:
    before = prompt.commands_count()
    said = _interrupted_at(prompt, module, "run", "r001n01", "-o", "json", "--", "touch /tmp/interrupted")
    assert said.code == 130, said
    assert said.envelope()["exit"] == 130
    assert "Traceback" not in said.err, said
    assert "SIGINT" in said.err
    assert prompt.commands_count() == before


def test_at_the_question_for_consent_nothing_is_done(prompt: Prompt) -> None:
    prompt.add("policy:\n  guarded: [run]")
    process, mine = prompt.at_terminal("run", "@rack:r001", "--", "true")
    shown = ""
    while "nodes to go on:" not in shown:
        shown += os.read(mine, 4096).decode()
    os.write(mine, b"\x03")  # as the terminal's own line discipline has it, when it is ours
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    os.close(mine)
    assert process.returncode == 130
    assert prompt.journals() == []


@pytest.mark.parametrize(
    ("fault", "words", "unharmed"),
    [
        pytest.param("half-open", ("trust", "scan", "r001n[01-02]", "--connect-timeout=50s"), "same", id="trust scan"),
        pytest.param("half-open", ("push", "r001n[01-02]", "{file}", "/tmp/cut", "--connect-timeout=50s"), "ok", id="push"),
        pytest.param("half-open", ("pull", "r001n[01-02]", "/etc/hosts", "{out}", "--connect-timeout=50s"), "ok", id="pull"),
        pytest.param("hang", ("script", "r001n[01-02]", "{file}"), "ok", id="script"),
    ],
)  # fmt: skip
def test_every_verb_tells_what_the_others_said_and_that_the_rest_was_stopped(
    prompt: Prompt, tmp_path: Path, fault: str, words: tuple[str, ...], unharmed: str
) -> None:
    (tmp_path / "file").write_text("#!/bin/sh\nhostname\n")
    prompt.break_(f"{fault}@r001n02")
    args = [word.format(file=tmp_path / "file", out=tmp_path / "out") for word in words]
    process = prompt.start(*args, "-o", "json", "--progress=json")
    _read_until(process, "node_finished")
    process.send_signal(signal.SIGINT)
    said = prompt.finish(process, *args)
    assert (said.code, said.envelope()["exit"]) == (130, 130), said
    well, sick = said.items()["r001n01"], said.items()["r001n02"]
    assert unharmed in {well.get("outcome"), well.get("change")}, said
    assert {sick.get("outcome"), sick.get("change")} & {"cancelled", "could not look"}, said
    assert "Traceback" not in said.err
    assert prompt.commands_running() == 0
    assert [path for path in tmp_path.rglob("*") if path.name.startswith(".")] == [], "half a file"


def test_a_simulated_fleet_that_is_still_starting_is_gone(prompt: Prompt) -> None:
    process = prompt.start("sim", "up", "--name", "cut", "--nodes", "300", "--progress=off")
    wait_until(lambda: list(prompt.state.glob("sim/cut*")), "its folder")
    process.send_signal(signal.SIGINT)
    said = prompt.finish(process)
    assert said.code in {0, 130}, said
    assert "Traceback" not in said.err
    left = prompt.json("sim", "status").envelope()["items"]
    assert bool(left) is (said.code == 0), left
    if left:
        assert prompt.aifctl("sim", "down", "cut").code == 0


def _read_until(process: subprocess.Popen[bytes], event: str) -> None:
    """Read the progress on stderr until it tells of an event."""
    assert process.stderr is not None
    for line in process.stderr:
        if event in line.decode():
            return
    raise AssertionError(f"aifctl ended with {process.wait()} before {event}")
