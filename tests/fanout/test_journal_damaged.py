"""Journals that are cut off or corrupted at any byte: what is read is what was written, the rest is said."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings, strategies as st

from aifctl.core.errors import SetupError
from aifctl.core.outcome import Outcome
from aifctl.core.state_dir import StateDir
from aifctl.fanout.journal_format import render_record
from aifctl.fanout.run_summary import RunState, list_runs
from aifctl.fanout.runs import RunRecord, read_run
from tests.fanout.journal_fakes import begin, failed, keep_run, names, ok, tally
from tests.fuzzing import examples

NODES = names(12)


def write_run(folder: Path) -> Path:
    """Six nodes ok, two failed, two in flight, two never started; returns the journal."""
    state = StateDir(path=folder)
    with begin(state, NODES) as journal:
        for node in NODES[:8]:
            journal.start(node)
        for node in NODES[:6]:
            journal.end(ok(node, node.encode()))
        journal.end(failed(NODES[6], Outcome.TIMEOUT))
        journal.end(failed(NODES[7], Outcome.UNREADABLE))
        for node in NODES[8:10]:
            journal.start(node)
    return journal.folder / "journal.jsonl"


with TemporaryDirectory() as _folder:
    WHOLE = write_run(Path(_folder)).read_bytes()
HEAD_BYTES = WHOLE.index(b"\n") + 1
TRUTH = dict.fromkeys(NODES[:6], "ok") | {NODES[6]: "timeout", NODES[7]: "unreadable"}


def read_bytes(data: bytes) -> RunRecord:
    with TemporaryDirectory() as folder:
        path = write_run(Path(folder))
        path.write_bytes(data)
        record = read_run(StateDir(path=Path(folder)), "latest")
        assert record.outcomes
        return record


@settings(max_examples=examples(150))
@given(cut=st.integers(HEAD_BYTES, len(WHOLE)))
def test_a_journal_cut_off_anywhere_tells_all_whole_records_and_never_calls_a_started_node_not_started(
    cut: int,
) -> None:
    record = read_bytes(WHOLE[:cut])

    whole = [json.loads(line) for line in WHOLE[:cut].split(b"\n")[1:-1]]
    started = {line["node"] for line in whole if line["t"] == "start"}
    ended = {line["node"] for line in whole if line["t"] == "end"}
    assert record.damage == ()
    assert record.state is RunState.CRASHED
    assert set(record.ends) == ended
    assert all(record.outcomes[name] == TRUTH[name] for name in ended)
    assert all(record.outcomes[name] == "lost" for name in started - ended)


@settings(max_examples=examples(300))
@given(at=st.integers(HEAD_BYTES, len(WHOLE) - 1), value=st.integers(0, 255))
def test_one_wrong_byte_never_gives_a_wrong_outcome_nor_a_node_that_may_be_repeated(at: int, value: int) -> None:
    data = bytearray(WHOLE)
    data[at] = value
    record = read_bytes(bytes(data))

    for name, outcome in record.outcomes.items():
        assert outcome in {TRUTH.get(name, "lost"), "lost", "not-started"}
        assert outcome != "not-started" or name in NODES[10:]
    if bytes(data) == WHOLE:
        assert record.damage == ()
    elif at < len(WHOLE) - len(WHOLE.splitlines()[-1]) - 1:
        assert record.damage != ()


@settings(max_examples=examples(100))
@given(at=st.integers(HEAD_BYTES, len(WHOLE)), junk=st.binary(max_size=64))
@example(at=HEAD_BYTES, junk=b',"crc":"00000000"}')
def test_bytes_put_in_anywhere_are_told_as_damage_and_the_rest_still_reads(at: int, junk: bytes) -> None:
    record = read_bytes(WHOLE[:at] + junk + b"\n" + WHOLE[at:])

    assert len(record.damage) >= 1
    assert len(record.ends) >= len(TRUTH) - 1
    assert "not-started" not in record.outcomes.values()


def test_nodes_without_a_record_count_as_lost_where_a_record_is_damaged(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"start", b"stArt")
    path.write_bytes(b"".join(lines))

    record = read_run(StateDir(path=tmp_path), "latest")

    result = record.result(NODES[11])
    assert result is not None
    assert (result.outcome, result.message) == (
        Outcome.LOST,
        "the journal is damaged: whether it was started is unknown",
    )
    assert str(record.damage[0]) == f"{len(lines[1])} bytes at offset {len(lines[0])} don't match their checksum"


def test_a_torn_start_counts_as_started(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b',"crc"')])

    assert read_run(StateDir(path=tmp_path), "latest").outcomes[NODES[9]] == "lost"


@pytest.mark.parametrize("name", [b"r000n\x0009", b"r000\xff09", b"r000\\x09"])
def test_a_torn_start_whose_name_is_corrupted_leaves_nobody_not_started(tmp_path: Path, name: bytes) -> None:
    path = write_run(tmp_path)
    data = path.read_bytes()
    head, _, last = data[: data.rindex(b',"crc"')].rpartition(b"\n")
    path.write_bytes(head + b"\n" + last.replace(b"r000n09", name))

    record = read_run(StateDir(path=tmp_path), "latest")

    assert len(record.damage) == 1
    assert "not-started" not in record.outcomes.values()


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 4096, b'{"t":"head"', b'{"t":"head"}\n', render_record({"t": "head", "v": 2})]
)
def test_a_journal_without_a_readable_head_is_an_error_to_show_and_left_out_of_lists(
    tmp_path: Path, data: bytes
) -> None:
    keep_run(StateDir(path=tmp_path), [ok("n1")])
    path = next((tmp_path / "runs").glob("*/journal.jsonl"))
    path.write_bytes(data)

    with pytest.raises(SetupError, match="has no head that this aifctl can read"):
        read_run(StateDir(path=tmp_path), "latest")
    assert list_runs(StateDir(path=tmp_path)) == []


def test_zeros_behind_the_last_record_are_no_record(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    with path.open("ab") as stream:
        stream.write(bytes(512))

    record = read_run(StateDir(path=tmp_path), "latest")

    assert record.damage == ()
    assert dict(record.outcomes) == TRUTH | dict.fromkeys(NODES[8:10], "lost") | dict.fromkeys(
        NODES[10:], "not-started"
    )


def test_a_side_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with begin(StateDir(path=tmp_path), names(6250)) as journal:
        journal.seal(tally())
    for path in (journal.folder / "facts").iterdir():
        path.unlink()

    with pytest.raises(SetupError, match=r"facts/[0-9a-f]{64} can't be read"):
        read_run(StateDir(path=tmp_path), "latest")
