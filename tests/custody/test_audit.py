"""The audit chain: whole, tampered with, torn, and written by several processes at once."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError
from aifctl.core.state_dir import StateDir
from aifctl.custody import audit
from tests.fanout.journal_fakes import TestClock

ROOT = Path(__file__).parents[2]
_APPEND = """
import sys
from pathlib import Path
from aifctl.core.state_dir import StateDir
from aifctl.custody import audit
from tests.fanout.journal_fakes import TestClock
for index in range(int(sys.argv[3])):
    audit.append(StateDir(path=Path(sys.argv[1])), clock=TestClock(), who=sys.argv[2], from_where="tty1", verb="drain",
                 what=f"n{index}", why="test", run=None)
"""


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path / "state")


def add(state: StateDir, *whats: str) -> None:
    for what in whats:
        audit.append(
            state,
            clock=TestClock(),
            who="alice",
            from_where="10.0.0.5 pts/3",
            verb="drain",
            what=what,
            why="ECC",
            run="r1",
        )


def path_of(state: StateDir) -> Path:
    return state.path / "audit.jsonl"


def test_a_record_says_who_did_what_when_from_where_and_why(state: StateDir) -> None:
    add(state, "r01n1")

    (record,) = audit.read_records(state)

    assert {key: record[key] for key in ("at", "who", "from", "verb", "what", "why", "run", "prev")} == {
        "at": "2026-11-24T00:35:12.345000+00:00",
        "who": "alice",
        "from": "10.0.0.5 pts/3",
        "verb": "drain",
        "what": "r01n1",
        "why": "ECC",
        "run": "r1",
        "prev": "0" * 64,
    }
    assert audit.verify(state) == []


def test_each_record_is_bound_to_the_one_before(state: StateDir) -> None:
    add(state, *"abcdef")

    records = audit.read_records(state)

    assert [record["prev"] for record in records[1:]] == [record["hash"] for record in records[:-1]]
    assert audit.verify(state) == []


def test_no_chain_at_all_is_no_problem(state: StateDir) -> None:
    assert audit.verify(state) == []
    assert audit.read_records(state) == []


def test_a_changed_record_is_found(state: StateDir) -> None:
    add(state, *"abc")
    path_of(state).write_bytes(path_of(state).read_bytes().replace(b'"what":"b"', b'"what":"x"'))

    problems = audit.verify(state)

    assert problems[0].endswith("audit.jsonl:2: is not what was written (276 bytes that don't match their hash)")
    assert "audit.jsonl:3: does not follow the record before it" in problems[1]


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_record_that_was_taken_out_is_found(state: StateDir, gone: int) -> None:
    add(state, *"abcd")
    lines = path_of(state).read_bytes().splitlines(keepends=True)
    del lines[gone]
    path_of(state).write_bytes(b"".join(lines))

    assert any("does not follow the record before it" in problem for problem in audit.verify(state))


def test_records_that_changed_places_are_found(state: StateDir) -> None:
    add(state, *"abcd")
    lines = path_of(state).read_bytes().splitlines(keepends=True)
    lines[1], lines[2] = lines[2], lines[1]
    path_of(state).write_bytes(b"".join(lines))

    assert len(audit.verify(state)) == 3


def test_an_end_that_was_cut_off_is_found(state: StateDir) -> None:
    add(state, *"abcd")
    lines = path_of(state).read_bytes().splitlines(keepends=True)
    path_of(state).write_bytes(b"".join(lines[:2]))

    (problem,) = audit.verify(state)

    assert "the end was cut off or rewritten" in problem


def test_a_chain_that_was_removed_or_whose_head_was_is_found(state: StateDir) -> None:
    add(state, "a")
    head = (state.path / "audit.head").read_bytes()
    (state.path / "audit.head").unlink()
    assert "can't be told" in audit.verify(state)[0]
    (state.path / "audit.head").write_bytes(head)
    path_of(state).unlink()
    assert "is gone" in audit.verify(state)[0]


def test_a_crash_between_the_record_and_the_note_of_it_is_no_problem(state: StateDir) -> None:
    add(state, "a")
    head = (state.path / "audit.head").read_bytes()
    add(state, "b")
    (state.path / "audit.head").write_bytes(head)

    assert audit.verify(state) == []


def test_a_torn_last_record_is_told_then_closed_and_recorded_and_never_taken_away(state: StateDir) -> None:
    add(state, "a", "b")
    torn = b'{"at":"2026-11-24T00:35:12+00:00","who":"bob","fr'
    with path_of(state).open("ab") as stream:
        stream.write(torn)
    assert "the last record is torn (49 bytes)" in audit.verify(state)[0]

    add(state, "c")

    assert audit.verify(state) == []
    lines = path_of(state).read_bytes().splitlines()
    assert lines[2] == torn
    repair = json.loads(lines[3])
    assert (repair["verb"], repair["torn_bytes"]) == ("audit-repair", 49)
    path_of(state).write_bytes(path_of(state).read_bytes().replace(b"bob", b"eve"))
    assert len(audit.verify(state)) == 1


def test_a_long_torn_end_does_not_hide_the_last_record(state: StateDir) -> None:
    add(state, "a")
    with path_of(state).open("ab") as stream:
        stream.write(b"x" * 300_000)
    add(state, "b")

    assert audit.verify(state) == []
    assert [record.get("what") for record in audit.read_records(state)] == ["a", None, "b"]


def test_four_processes_write_one_chain(state: StateDir) -> None:
    state.folder()
    writers = [
        subprocess.Popen([sys.executable, "-c", _APPEND, str(state.path), f"writer{index}", "25"], cwd=ROOT)
        for index in range(4)
    ]

    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    assert audit.verify(state) == []
    records = audit.read_records(state)
    for index in range(4):
        own = [record["what"] for record in records if record["who"] == f"writer{index}"]
        assert own == [f"n{number}" for number in range(25)]


def test_hostile_text_stays_on_its_line(state: StateDir) -> None:
    add(state, 'x"}\n{"who":"mallory"}\n\x1b[2J\udcff')

    assert audit.verify(state) == []
    assert path_of(state).read_bytes().count(b"\n") == 1
    assert b"\x1b" not in path_of(state).read_bytes()


def test_the_chain_is_private(state: StateDir) -> None:
    add(state, "a")

    assert {stat.S_IMODE(path.stat().st_mode) for path in state.path.iterdir()} == {0o600}


def test_a_chain_that_cannot_be_written_is_one_sentence(state: StateDir) -> None:
    path_of(state).mkdir(parents=True)

    with pytest.raises(SetupError, match=r"the audit chain .*audit\.jsonl can't be written: Is a directory"):
        add(state, "a")
