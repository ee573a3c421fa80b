"""Writing a journal: records, side files, durability, permissions."""

from __future__ import annotations

import asyncio
import fcntl
import grp
import json
import os
import stat
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from aifctl.core.errors import BusyError, SetupError
from aifctl.core.outcome import Outcome
from aifctl.core.state_dir import StateDir
from aifctl.fanout.journal import Journal, open_journal
from aifctl.fanout.journal_format import RECORD_BYTES
from aifctl.fanout.record import Journal as Seam
from aifctl.fanout.run_summary import RunState
from aifctl.fanout.runs import read_run
from aifctl.ports.work import NodeResult, Output
from tests.fanout.journal_fakes import TestClock, begin, failed, names, ok, output, plan_for, tally


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path / "state")


def lines_of(journal: Journal) -> list[bytes]:
    return (journal.folder / "journal.jsonl").read_bytes().splitlines(keepends=True)


def test_every_record_is_one_line_of_json_that_ends_in_the_crc_of_what_stands_before_it(state: StateDir) -> None:
    with begin(state, ["n1"]) as journal:
        journal.start("n1")
        journal.end(ok("n1", b"up 3 days\n"))
        journal.stop("SIGINT")
        journal.seal(tally(ok=1))

    kinds = []
    for line in lines_of(journal):
        record = json.loads(line)
        kinds.append(record["t"])
        assert list(record)[-1] == "crc"
        assert int(record["crc"], 16) == zlib.crc32(line[: line.rindex(b',"crc"')])
    assert kinds == ["head", "start", "end", "stop", "seal"]


def test_every_record_is_written_by_one_system_call_of_at_most_4_kb(
    state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    write = os.write

    def counted(descriptor: int, data: bytes) -> int:
        written.append(data)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", counted)
    with begin(state, names(500), head={"argv": ["run", "@all", "--", "x" * 9000]}) as journal:
        for index, node in enumerate(names(500)):
            journal.start(node)
            journal.end(ok(node, bytes(range(256)) * (index % 40), b"e" * (index * 7)))
        journal.seal(tally(ok=500))

    assert written == lines_of(journal)
    assert max(map(len, written)) <= RECORD_BYTES


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain\n",
        "grüße ✓ \U0001f525\n".encode(),
        b"\xff\xfe\x00binary",
        b"\x1b[31mred\x1b[0m\r\n",
        bytes(3000),
        bytes(4096),
    ],
    ids=["empty", "plain", "unicode", "binary", "escapes", "3000-nul", "4096-nul"],
)
def test_output_reads_back_byte_for_byte_whatever_it_is(state: StateDir, data: bytes) -> None:
    with begin(state, ["n1"]) as journal:
        journal.start("n1")
        journal.end(ok("n1", data, data[::-1]))
        journal.seal(tally(ok=1))

    result = read_run(state, "latest").result("n1")

    assert result is not None
    assert [kept(result.stdout), kept(result.stderr)] == [data, data[::-1]]
    assert result.stdout.bytes_count == len(data)


def kept(stream: Output) -> bytes:
    return Path(stream.path).read_bytes() if stream.path else stream.inline or b""


def test_output_that_many_nodes_share_is_kept_once(state: StateDir) -> None:
    text = b"the same everywhere " * 100
    with begin(state, names(50)) as journal:
        for node in names(50):
            journal.start(node)
            journal.end(ok(node, text))
        journal.seal(tally(ok=50))

    assert (journal.folder / "journal.jsonl").read_bytes().count(text) == 1
    record = read_run(state, "latest")
    results = [record.result(node) for node in names(50)]
    assert {kept(result.stdout) for result in results if result} == {text}


def test_large_output_that_the_capture_has_put_beside_the_journal_is_referred_to_by_its_digest(state: StateDir) -> None:
    data = b"x" * 100_000
    whole = output(data)
    with begin(state, ["n1"]) as journal:
        home = state.folder("runs", journal.run_id, "output") / whole.sha256
        home.write_bytes(data[:50_000])
        large = Output(inline=None, path=str(home), bytes_count=100_000, truncated=True, sha256=whole.sha256)
        journal.start("n1")
        journal.end(NodeResult(node="n1", outcome=Outcome.OK, rc=0, stdout=large))
        journal.seal(tally(ok=1))

    result = read_run(state, "latest").result("n1")

    assert result is not None
    assert result.stdout == large
    assert str(home).encode() not in (journal.folder / "journal.jsonl").read_bytes()


def test_truncated_output_is_never_taken_for_the_whole_with_the_same_digest(state: StateDir) -> None:
    whole = output(b"all of it")
    cut = Output(inline=b"all", bytes_count=9, truncated=True, sha256=whole.sha256)
    nothing = Output(inline=b"", bytes_count=9, truncated=True, sha256=whole.sha256)
    long = Output(inline=bytes(range(256)) * 16, bytes_count=9999, truncated=True, sha256="cd" * 32)
    streams = {"n1": nothing, "n2": cut, "n3": whole, "n4": cut, "n5": whole, "n6": long}
    with begin(state, list(streams)) as journal:
        home = state.folder("runs", journal.run_id, "output") / f"{'ef' * 32}.7"
        home.write_bytes(b"7 bytes")
        streams["n7"] = Output(inline=None, path=str(home), bytes_count=9, truncated=True, sha256="ef" * 32)
        for node, stream in streams.items():
            journal.start(node)
            journal.end(NodeResult(node=node, outcome=Outcome.OK, rc=0, stdout=stream))
        journal.seal(tally(ok=7))

    record = read_run(state, "latest")
    results = {node: record.outcomes.get(node) and record.result(node) for node in list(streams)[:6]}
    assert {node: kept(result.stdout) for node, result in results.items() if isinstance(result, NodeResult)} == {
        node: stream.inline for node, stream in streams.items() if node != "n7"
    }
    assert record.ends["n7"]["stdout"]["file"] == home.name


def test_a_state_directory_that_was_moved_still_has_its_output(tmp_path: Path) -> None:
    before = StateDir(path=tmp_path / "before")
    with begin(before, ["n1"]) as journal:
        home = before.folder("runs", journal.run_id, "output") / f"{'ef' * 32}.7"
        home.write_bytes(b"7 bytes")
        stream = Output(inline=None, path=str(home), bytes_count=9, truncated=True, sha256="ef" * 32)
        journal.start("n1")
        journal.end(NodeResult(node="n1", outcome=Outcome.OK, rc=0, stdout=stream))
        journal.seal(tally(ok=1))
    before.path.rename(tmp_path / "after")

    result = read_run(StateDir(path=tmp_path / "after"), "latest").result("n1")

    assert result is not None
    assert kept(result.stdout) == b"7 bytes"


def test_what_durable_has_promised_is_there_after_a_power_cut(state: StateDir, tmp_path: Path) -> None:
    """All that was written behind the last sync is taken away."""

    async def main() -> None:
        synced: list[int] = []
        journal = open_journal(
            state, plan_for(names(64)), clock=TestClock(), sync=lambda fd: synced.append(os.fstat(fd).st_size)
        )
        with journal:
            for count, node in enumerate(names(64), start=1):
                journal.start(node)
                if count % 8 == 0:
                    await journal.durable()
                    left = StateDir(path=tmp_path / f"cut{count}")
                    path = left.folder("runs", journal.run_id) / "journal.jsonl"
                    path.write_bytes((journal.folder / "journal.jsonl").read_bytes()[: synced[-1]])
                    assert list(read_run(left, "latest").starts) == names(count)

    asyncio.run(main())


def test_output_kept_elsewhere_is_referred_to_by_its_path(state: StateDir, tmp_path: Path) -> None:
    elsewhere = Output(inline=None, path=str(tmp_path / "out" / "n1.out"), bytes_count=9999, sha256="ab" * 32)
    with begin(state, ["n1"]) as journal:
        journal.start("n1")
        journal.end(NodeResult(node="n1", outcome=Outcome.OK, rc=0, stdout=elsewhere))
        journal.seal(tally(ok=1))

    result = read_run(state, "latest").result("n1")

    assert result is not None
    assert result.stdout == elsewhere


def test_everything_a_result_says_reads_back(state: StateDir) -> None:
    result = NodeResult(
        node="n1",
        outcome=Outcome.UNKNOWN,
        rc=None,
        signal="KILL",
        started_at=1_795_480_512.25,
        duration_s=1.5,
        stdout=output(b"out"),
        stderr=output(b"err"),
        message="it said \x1b]0;evil\x07 " + "m" * 5000,
        survivors=(17, 18),
        attempts=3,
        detail={"files": [f"/etc/file{index}" for index in range(400)]},
        trace="Traceback…\n" * 600,
    )
    with begin(state, ["n1"]) as journal:
        journal.start("n1")
        journal.end(result)
        journal.seal(tally(unknown=1))

    assert read_run(state, "latest").result("n1") == result


def test_survivors_that_could_not_be_learnt_are_told_from_none_at_all(state: StateDir) -> None:
    with begin(state, ["n1", "n2"]) as journal:
        for node, survivors in (("n1", None), ("n2", ())):
            journal.start(node)
            journal.end(NodeResult(node=node, outcome=Outcome.TIMEOUT, survivors=survivors))
        journal.seal(tally(timeout=2))

    record = read_run(state, "latest")
    assert [result and result.survivors for result in map(record.result, ("n1", "n2"))] == [None, ()]


def test_facts_too_large_for_the_head_stand_beside_it_and_read_back(state: StateDir) -> None:
    argv = ["run", "@all", "--", "echo " + "x" * 20_000]
    skipped = [(name, "off") for name in names(300)]
    with begin(state, names(6250), head={"argv": argv, "selector": "@all"}, skipped=skipped) as journal:
        journal.seal(tally())

    record = read_run(state, "latest")

    assert len(lines_of(journal)[0]) <= RECORD_BYTES
    assert record.head["argv"] == argv
    assert record.head["selector"] == "@all"
    assert list(record.nodes) == names(6250)
    assert list(record.skipped) == skipped


def test_a_run_has_one_writer(state: StateDir) -> None:
    with begin(state, ["n1"]) as journal, pytest.raises(BusyError, match=journal.run_id):
        open_journal(state, plan_for(["n1"], journal.run_id), clock=TestClock())


def test_a_journal_that_has_ended_is_never_continued(state: StateDir) -> None:
    with begin(state, ["n1"]) as journal:
        journal.seal(tally())

    with pytest.raises(SetupError, match="never continued"):
        open_journal(state, plan_for(["n1"], journal.run_id), clock=TestClock())


def test_the_writer_holds_the_lock_until_it_seals(state: StateDir) -> None:
    with begin(state, ["n1"]) as journal, (journal.folder / "journal.jsonl").open("rb") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert read_run(state, "latest").state is RunState.RUNNING
        journal.seal(tally())
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
    assert read_run(state, "latest").state is RunState.DONE


def test_a_journal_that_is_closed_unsealed_has_broken_off(state: StateDir) -> None:
    with begin(state, ["n1", "n2"]) as journal:
        journal.start("n1")

    record = read_run(state, "latest")
    assert record.state is RunState.CRASHED
    assert record.outcomes == {"n1": "lost", "n2": "not-started"}


@pytest.mark.parametrize(
    ("group", "folder_mode", "file_mode"),
    [(None, 0o700, 0o600), (grp.getgrgid(os.getgid()).gr_name, 0o2770, 0o660)],
    ids=["alone", "group"],
)
def test_folders_and_files_can_be_read_by_their_owner_or_the_named_group_alone(
    tmp_path: Path, group: str | None, folder_mode: int, file_mode: int
) -> None:
    state = StateDir(path=tmp_path / "state", group=group)
    before = os.umask(0)
    try:
        with begin(state, names(400)) as journal:
            journal.start("r000n00")
            journal.end(ok("r000n00", bytes(4000)))
            journal.seal(tally(ok=1))
    finally:
        os.umask(before)

    modes: dict[bool, set[int]] = {True: set(), False: set()}
    for path in [state.path, *state.path.rglob("*")]:
        modes[path.is_dir()].add(stat.S_IMODE(path.stat().st_mode))
    assert modes == {True: {folder_mode}, False: {file_mode}}


class Syncs:
    """Stands in for fdatasync: counts calls, and holds them up until it is told."""

    def __init__(self) -> None:
        self.count = 0
        self.failure: OSError | None = None
        self.called = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self, descriptor: int) -> None:
        assert os.fstat(descriptor).st_size
        self.count += 1
        self._loop.call_soon_threadsafe(self.called.set)
        if self.failure:
            raise self.failure


def run_with_syncs(state: StateDir, body: Callable[[Journal, Syncs], object]) -> None:
    async def main() -> None:
        syncs = Syncs()
        with open_journal(state, plan_for(names(100)), clock=TestClock(), sync=syncs) as journal:
            syncs.count = 0
            await body(journal, syncs)  # type: ignore[misc]

    asyncio.run(main())


def test_all_starts_of_one_loop_turn_share_one_fdatasync(state: StateDir) -> None:
    async def body(journal: Journal, syncs: Syncs) -> None:
        async def start(node: str) -> None:
            journal.start(node)
            await journal.durable()

        async with asyncio.TaskGroup() as tasks:
            for node in names(100):
                tasks.create_task(start(node))
        assert syncs.count == 1

    run_with_syncs(state, body)


def test_what_is_written_while_a_sync_is_under_way_waits_for_the_next_one(state: StateDir) -> None:
    async def body(journal: Journal, syncs: Syncs) -> None:
        async with asyncio.TaskGroup() as tasks:
            journal.start("r000n00")
            tasks.create_task(journal.durable())
            await syncs.called.wait()
            journal.start("r000n01")
            tasks.create_task(journal.durable())
            journal.start("r000n02")
            tasks.create_task(journal.durable())
        assert syncs.count == 2

    run_with_syncs(state, body)


def test_nothing_new_needs_no_sync(state: StateDir) -> None:
    async def body(journal: Journal, syncs: Syncs) -> None:
        journal.start("r000n00")
        await journal.durable()
        await journal.durable()
        assert syncs.count == 1

    run_with_syncs(state, body)


def test_a_sync_that_fails_lets_nothing_be_started_any_more(state: StateDir) -> None:
    async def body(journal: Journal, syncs: Syncs) -> None:
        syncs.failure = OSError(5, "Input/output error")
        journal.start("r000n00")
        with pytest.raises(SetupError, match="Input/output error"):
            await journal.durable()
        syncs.failure = None
        with pytest.raises(SetupError, match="Input/output error"):
            journal.start("r000n01")
        journal.end(failed("r000n00", Outcome.LOCAL))

    run_with_syncs(state, body)
    assert read_run(state, "latest").outcomes["r000n00"] == "local"


def test_a_caller_that_is_cancelled_leaves_the_others_waiting_for_their_sync(state: StateDir) -> None:
    async def body(journal: Journal, syncs: Syncs) -> None:
        journal.start("r000n00")
        gone = asyncio.ensure_future(journal.durable())
        stays = asyncio.ensure_future(journal.durable())
        await asyncio.sleep(0)
        gone.cancel()
        await stays
        assert gone.cancelled()
        assert syncs.count == 1

    run_with_syncs(state, body)


def test_the_head_is_on_the_disk_before_anything_can_be_started(
    state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    heads: list[int] = []
    plan = plan_for(names(6250))
    with open_journal(state, plan, clock=TestClock(), sync=lambda fd: heads.append(os.fstat(fd).st_size)) as journal:
        assert heads == [len(lines_of(journal)[0])]
        assert {str(journal.folder), str(journal.folder.parent)} <= set(synced)
        facts = next((journal.folder / "facts").iterdir())
        assert any(facts.name in path for path in synced)


def test_a_state_directory_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")

    with pytest.raises(SetupError, match=r"state directory .* can't be written: .*; name another with --state-dir"):
        begin(StateDir(path=tmp_path / "state"), ["n1"])


def test_the_journal_is_what_the_fan_out_asks_for(state: StateDir) -> None:
    with begin(state, ["n1"]) as journal:
        seam: Seam = journal
        seam.start("n1")
        seam.end(ok("n1"))
        seam.seal(tally(ok=1))

    assert read_run(state, "latest").state is RunState.DONE
