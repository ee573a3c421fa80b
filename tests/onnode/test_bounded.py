"""Questions that may never be answered: silence costs one answer, and who is stuck already is not asked again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aifctl.onnode.probe.bounded import Asking
from aifctl.onnode.probe.stuck import Stuck
from tests.onnode.probes import LITTLE_S, PLENTY_S, children_of_this_process


def ask(question: str) -> str:
    """Answer; or be silent for ever, die, or say two lines."""
    if question.startswith("silent"):
        while True:
            signal.pause()
    if question.startswith("dies"):
        os._exit(3)
    return f"<{question}>\n2"


def asked(*groups: list[str], patience_s: float = PLENTY_S, limit_s: float = PLENTY_S) -> dict[str, str]:
    return Asking("test", ask, Stuck("", "a-boot")).answers(groups, patience_s, limit_s)


def test_all_are_answered_each_in_one_line() -> None:
    assert asked(["a", "b"], ["ü"], []) == {"a": "<a> 2", "b": "<b> 2", "ü": "<ü> 2"}
    assert asked() == {}
    assert children_of_this_process() == []


def test_silence_costs_one_answer() -> None:
    found = asked(["a", "silent", "b", "silent too", "c"], ["d"], ["silent 3"], patience_s=LITTLE_S)
    assert found == {one: f"<{one}> 2" for one in "abcd"}
    assert children_of_this_process() == []


def test_the_limit_holds_for_all_together() -> None:
    begun_s = time.monotonic()
    assert asked(["silent", "a"], ["silent too"], patience_s=PLENTY_S, limit_s=LITTLE_S) == {}
    assert time.monotonic() - begun_s < PLENTY_S / 2
    assert children_of_this_process() == []


def test_one_that_dies_costs_its_own_answer_and_what_it_was_still_to_be_asked() -> None:
    assert asked(["a", "dies", "b"], ["c"]) == {"a": "<a> 2", "c": "<c> 2"}


def test_what_holds_an_earlier_look_is_not_asked_again(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    try:
        first = Asking("test", ask, Stuck(str(tmp_path), "a-boot"))
        assert not first.held("silent")
        Stuck(str(tmp_path), "a-boot").remember(first._key("silent"), process.pid)
        memory = Stuck(str(tmp_path), "a-boot")
        later = Asking("test", ask, memory)
        assert later.held("silent")
        assert later.answers([["silent", "a"], ["silent too"]], LITTLE_S, PLENTY_S) == {"a": "<a> 2"}
        assert memory.pids() == [process.pid]
        assert "mounts" not in memory.held  # the section as a whole is not held back
    finally:
        process.kill()
        process.wait()
    assert not Asking("test", ask, Stuck(str(tmp_path), "a-boot")).held("silent")


@pytest.mark.parametrize("count", [1, 30])
def test_many_at_once(count: int) -> None:
    groups = [[f"{at}"] for at in range(count)]
    assert len(asked(*groups)) == count
