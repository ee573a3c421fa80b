"""Sweeps that are cut short and sweeps that meet, with the real command: nothing is lost, nothing stored twice."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.prompt import Prompt
from tests.command import Said, wait_until

pytestmark = pytest.mark.ssh

SICK, HANGING = "r003n02", ("r001n02", "r005n04")
ALL_COUNT = 24


def rows(prompt: Prompt, query: str) -> list[tuple[object, ...]]:
    """Ask the store's database itself."""
    (database,) = prompt.state.glob("store/*.db")
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def looks(prompt: Prompt) -> Counter[tuple[object, ...]]:
    """Return how often each node's look of each sweep is stored."""
    query = "SELECT s.id, n.name FROM readings r JOIN nodes n ON n.id = r.node_id JOIN sweeps s ON s.number = r.sweep"
    return Counter(rows(prompt, query))


def looks_now(prompt: Prompt) -> dict[str, str]:
    """Return the newest result of each node in the store."""
    return dict(rows(prompt, "SELECT n.name, w.result FROM node_now w JOIN nodes n ON n.id = w.node_id"))  # type: ignore[arg-type]


def swept_but_for_two(prompt: Prompt, *args: str) -> subprocess.Popen[bytes]:
    """Start a sweep of which two nodes hang; returns when all that the others said is stored."""
    prompt.break_(f"gpu-lost@{SICK}", f"hang@{','.join(HANGING)}")
    process = prompt.start("sweep", "-o", "json", *args)
    wait_until(lambda: stored_count(prompt) == ALL_COUNT - len(HANGING), "22 stored looks")
    wait_until(lambda: begun_count(prompt) == ALL_COUNT, "a command on each of the two")
    return process


def stored_count(prompt: Prompt) -> int:
    """Return how many nodes the store knows a look of, also while it is being made."""
    with contextlib.suppress(ValueError, sqlite3.OperationalError):  # no file yet, or no table in it
        return len(looks_now(prompt))
    return 0


def begun_count(prompt: Prompt) -> int:
    """Return how many nodes the newest run has sent its command to."""
    return prompt.journals()[-1].read_text().count('"t":"start"')


def one_of_each(prompt: Prompt, sweep: str) -> None:
    """Check that a sweep's looks are stored once for each node, in the database and in one made of the log."""
    for _ in range(2):
        found = looks(prompt)
        assert set(found.values()) == {1}, found
        assert len([key for key in found if key[0] == sweep]) == ALL_COUNT
        assert Counter(looks_now(prompt).values()) == {"ok": ALL_COUNT - 1, "fault": 1}
        assert rows(
            prompt, "SELECT count(*) FROM findings WHERE cleared_sweep IS NULL AND check_name = 'gpu-lost'"
        ) == [(1,)]
        assert prompt.aifctl("store", "rebuild").code == 0


@pytest.mark.parametrize("words", [("runs", "resume", "latest"), ("sweep", "--resume", "latest")], ids=" ".join)
def test_a_killed_sweep_is_gone_on_with_and_each_node_was_looked_at_once(
    prompt: Prompt, words: tuple[str, ...]
) -> None:
    process = swept_but_for_two(prompt)
    process.kill()
    process.communicate()
    prompt.cure()
    prompt.break_(f"gpu-lost@{SICK}")
    (begun,) = prompt.journals()

    status = prompt.aifctl("status")
    assert "a sweep is going on since" in status.out, status
    done = prompt.json(*words)
    assert done.code == 1, done  # what the part before found counts
    assert sorted(done.items()) == sorted(HANGING)
    envelope = done.envelope()
    assert (envelope["coverage"]["asked"], envelope["coverage"]["answered"]) == (ALL_COUNT, ALL_COUNT)
    assert envelope["summary"]["sweep"] == begun.parent.name
    one_of_each(prompt, begun.parent.name)
    again = prompt.aifctl(*words)
    assert (again.code, "is left to look at" in again.out + again.err) == (0, True), again


def test_a_sweep_that_still_goes_on_is_not_gone_on_with(prompt: Prompt) -> None:
    process = swept_but_for_two(prompt)
    busy = prompt.aifctl("sweep", "--resume", "latest")
    assert (busy.code, "still goes on" in busy.err) == (75, True), busy
    process.send_signal(signal.SIGTERM)
    assert prompt.finish(process).code == 143


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=str
)
def test_a_signal_ends_a_sweep_with_its_report_and_what_was_seen_is_stored(
    prompt: Prompt, number: signal.Signals, code: int
) -> None:
    process = swept_but_for_two(prompt)
    process.send_signal(number)
    said = prompt.finish(process, "sweep")
    envelope = said.envelope()
    assert (said.code, envelope["exit"], envelope["complete"]) == (code, code, False), said
    assert "Traceback" not in said.err
    assert {name for name, item in said.items().items() if item["result"] is None} == set(HANGING)
    assert said.items()[SICK]["result"] == "fault"
    assert (envelope["coverage"]["asked"], envelope["coverage"]["answered"]) == (ALL_COUNT, ALL_COUNT - len(HANGING))
    assert set(looks_now(prompt)) == set(said.items()) - set(HANGING)
    assert [item["names"] for item in prompt.json("incident", "list").envelope()["items"]] == [[SICK]]
    wait_until(lambda: prompt.commands_running() <= 0, "an end of all that ran on the nodes")

    prompt.cure()
    prompt.break_(f"gpu-lost@{SICK}")
    assert sorted(prompt.json("sweep", "--resume", "latest").items()) == sorted(HANGING)
    one_of_each(prompt, envelope["summary"]["sweep"])


def test_two_sweeps_at_once_on_one_store_both_end_right(prompt: Prompt) -> None:
    prompt.break_(f"gpu-lost@{SICK}", "slow:1s@r001n01")
    for _ in range(3):
        started = [prompt.start("sweep", "-o", "json") for _ in range(2)]
        both = [prompt.finish(process, "sweep") for process in started]
        for said in both:
            ended_well(said)
        assert len({said.envelope()["summary"]["sweep"] for said in both}) == 2
        assert Counter(looks_now(prompt).values()) == {"ok": ALL_COUNT - 1, "fault": 1}
        assert [item["names"] for item in prompt.json("incident", "list").envelope()["items"]] == [[SICK]]
    found = looks(prompt)
    assert set(found.values()) == {1}
    assert len(found) == 6 * ALL_COUNT


def ended_well(said: Said) -> None:
    """Check that a sweep of the fleet with one lost GPU told all of it and nothing else."""
    assert (said.code, said.envelope()["errors"]) == (1, []), said
    assert [node for node, item in said.items().items() if item["result"] != "ok"] == [SICK], said
    assert said.envelope()["coverage"]["answered"] == ALL_COUNT


def test_nothing_is_left_of_a_sweep_that_was_stopped_before_its_first_node(prompt: Prompt, tmp_path: Path) -> None:
    prom = tmp_path / "sweep.prom"
    process = prompt.start("sweep", "--jitter", "1000d", "--textfile", str(prom), "-o", "json")
    prompt.wait_sleeping(process)
    process.send_signal(signal.SIGHUP)
    said = prompt.finish(process, "sweep")
    assert (said.code, said.envelope()["exit"]) == (129, 129), said
    assert prompt.journals() == []
    assert 'aifctl_exit_code{name="sweep"} 129' in prom.read_text()
