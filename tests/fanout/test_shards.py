"""Runs spread over real worker processes."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import pytest

from aifctl.core.errors import SetupError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.fanout.conduct import conduct
from aifctl.fanout.exec_work import ExecWork
from aifctl.fanout.halt import Halt
from aifctl.fanout.live_lines import Live
from aifctl.fanout.plan import Keeping, Pacing, RunPlan, Tally
from aifctl.ports.transport import Command, Transport
from aifctl.ports.work import NodeResult
from tests.fakes.fleet import FakeFleet, Script, endpoints
from tests.fakes.run_parts import FakeJournal, FakeProgress
from tests.fakes.virtual_time import VirtualClock
from tests.fanout.sharded_run import COUNT


def go(
    folder: Path,
    count: int,
    scripts: Mapping[str, Script] | None = None,
    *,
    ordinary: Script | None = None,
    open_transport: Callable[[], Transport] | None = None,
    pacing: Pacing | None = None,
    journal: FakeJournal | None = None,
    each: Callable[[NodeResult], None] | None = None,
    halt: Halt | None = None,
    live: Live | None = None,
    stdin: BinaryIO | None = None,
    keeping: Keeping | None = None,
) -> tuple[Tally, dict[str, NodeResult]]:
    """Conduct a run over two workers, unless `pacing` says otherwise."""
    results: list[NodeResult] = []
    before = children()  # what other tests of this process have left unreaped is not ours
    plan = RunPlan(
        run_id="r1",
        verb="run",
        work=ExecWork(command=Command(line="hostname")),
        endpoints=endpoints(count),
        pacing=pacing or Pacing(workers=2),
        keeping=keeping or Keeping(),
    )
    tally = asyncio.run(
        conduct(
            plan,
            open_transport=open_transport or FakeFleet(scripts=scripts or {}, ordinary=ordinary or Script()),
            journal=journal or FakeJournal(),
            folder=folder,
            clock=VirtualClock(),
            progress=FakeProgress(),
            each=each or results.append,
            halt=halt or Halt(),
            live=live,
            stdin=stdin,
        )
    )
    assert children() == before
    assert len({result.node for result in results}) == len(results)
    return tally, {result.node: result for result in results}


def children(pid: int | None = None) -> list[int]:
    """Return the processes that a process has started and not reaped."""
    path = Path(f"/proc/{pid or os.getpid()}/task/{pid or os.getpid()}/children")
    return [int(child) for child in path.read_text(encoding="ascii").split()]


def test_every_node_has_its_own_result_whichever_process_did_it(tmp_path: Path) -> None:
    scripts = {
        "n1": Script(stdout=(b"\x00\xff",), stderr=(b"e",)),
        "n2": Script(stdout=(b"x" * 100_000,)),
        "n3": Script(dial_error=Outcome.AUTH),
        "n4": Script(run_bug=True),
        "n5": Script(dies=True),
    }
    tally, results = go(tmp_path, 600, scripts)
    assert tally.counts == {
        Outcome.OK: 597,
        Outcome.AUTH: 1,
        Outcome.UNKNOWN: 1,
        Outcome.LOST: 1,
    }
    assert (results["n1"].stdout.inline, results["n1"].stderr.inline) == (b"\x00\xff", b"e")
    assert results["n2"].stdout.path is not None
    assert Path(results["n2"].stdout.path).read_bytes() == b"x" * 100_000
    assert "a bug in running" in results["n4"].trace
    assert not (tmp_path / "workers.log").exists(), "a log that says nothing"


def test_no_process_takes_a_small_run_for_itself(tmp_path: Path) -> None:
    pids = {str(os.getpid())}
    _, results = go(tmp_path, 12, ordinary=Script(prints_pid=True, run_s=0.2), pacing=Pacing(workers=2, width=4))
    pids |= {(result.stdout.inline or b"").decode() for result in results.values()}
    assert len(pids) == 3


def test_the_width_is_that_of_all_processes_together(tmp_path: Path) -> None:
    _, results = go(tmp_path, 12, ordinary=Script(run_s=0.2), pacing=Pacing(workers=2, width=4))
    spans = [(result.started_at, result.started_at + result.duration_s) for result in results.values()]
    at_once = [sum(begun <= moment < ended for begun, ended in spans) for moment, _ in spans]
    assert 2 < max(at_once) <= 4


def test_every_start_is_journalled_before_its_end_and_syncs_are_shared(tmp_path: Path) -> None:
    journal = FakeJournal()
    go(tmp_path, 500, journal=journal)
    started = {node for what, node in journal.records if what == "start"}
    assert len(started) == 500
    seen: set[str] = set()
    for what, node in journal.records[:-1]:
        assert what == "start" or node in seen
        seen.add(node)
    assert journal.syncs < 400


def test_a_refused_start_is_never_sent(tmp_path: Path) -> None:
    tally, results = go(tmp_path, 40, journal=FakeJournal(room=10), ordinary=Script(stdout=(b"ran",)))
    assert tally.stopped is ExitCode.SETUP
    refused = [result for result in results.values() if result.outcome is Outcome.LOCAL]
    assert refused
    assert all(result.stdout.bytes_count == 0 and result.started_at == 0 for result in refused)


def test_a_dead_workers_started_nodes_are_lost_and_the_others_are_dealt_again(tmp_path: Path) -> None:
    tally, results = go(tmp_path, 300, {"n7": Script(run_signal=signal.SIGKILL)}, pacing=Pacing(workers=2, width=8))
    assert results["n7"].outcome is Outcome.LOST
    assert "was killed by SIGKILL" in results["n7"].message
    assert results["n7"].survivors is None
    assert set(tally.counts) == {Outcome.OK, Outcome.LOST}
    assert sum(tally.counts.values()) == 300
    assert tally.counts[Outcome.LOST] <= 4


def test_when_no_worker_is_left_the_run_stops_and_says_why(tmp_path: Path) -> None:
    tally, results = go(tmp_path, 50, {"n1": Script(dial_signal=signal.SIGKILL)}, pacing=Pacing(workers=2, width=2))
    assert tally.stopped is ExitCode.SETUP
    assert "no other is left" in tally.reason
    assert len(results) + len(tally.not_reached) == 50


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_workers_ignore_the_signals_that_the_parent_handles(tmp_path: Path, number: int) -> None:
    tally, _ = go(tmp_path, 10, {"n3": Script(run_signal=number)})
    assert tally.counts == {Outcome.OK: 10}


def test_kill_9_of_the_parent_ends_remote_work_and_leaves_no_worker(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fanout.sharded_run", str(tmp_path)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"all have started\n"
        workers = [os.pidfd_open(pid) for pid in children(parent.pid)]
        assert len(workers) == 2
        parent.kill()
    for worker in workers:
        ready, _, _ = select.select([worker], [], [], 30.0)
        os.close(worker)
        assert ready, "a worker outlived its parent"
    halted = (tmp_path / "halted").read_text(encoding="utf-8").split()
    assert sorted(halted) == sorted(f"n{number}" for number in range(1, COUNT + 1))


def test_a_halt_ends_what_runs_in_every_process_and_its_results_arrive(tmp_path: Path) -> None:
    halt = Halt()
    started: list[str] = []

    class Asking(FakeJournal):
        def start(self, node: str) -> None:
            super().start(node)
            started.append(node)
            if len(started) == 4:
                asyncio.get_running_loop().call_soon(halt.request, ExitCode.SIGINT)

    tally, results = go(
        tmp_path,
        200,
        ordinary=Script(run_s=None, stdout=(b"so far",)),
        pacing=Pacing(workers=2, width=4),
        journal=Asking(),
        halt=halt,
    )
    assert tally.stopped is ExitCode.SIGINT
    assert {result.outcome for result in results.values()} == {Outcome.CANCELLED}
    assert len(results) + len(tally.not_reached) == 200
    assert len(tally.not_reached) >= 190


def test_a_second_request_leaves_at_once(tmp_path: Path) -> None:
    halt = Halt()

    class Asking(FakeJournal):
        def start(self, node: str) -> None:
            super().start(node)
            if len(self.records) == 2:
                for _ in range(2):
                    asyncio.get_running_loop().call_soon(halt.request, ExitCode.SIGINT)

    tally, results = go(tmp_path, 2, ordinary=Script(run_s=None, deaf=True), journal=Asking(), halt=halt)
    assert tally.stopped is ExitCode.SIGINT
    assert {result.outcome for result in results.values()} <= {Outcome.CANCELLED, Outcome.LOST}


def test_stdin_reaches_the_nodes_of_every_process(tmp_path: Path) -> None:
    data = os.urandom(200_000)
    (tmp_path / "given").write_bytes(data)
    with (tmp_path / "given").open("rb") as stdin:
        _, results = go(tmp_path, 12, ordinary=Script(echo=True), stdin=stdin, keeping=Keeping(inline_bytes=1 << 20))
    assert [result.stdout.inline == data for result in results.values()] == [True] * 12


def test_stdin_that_is_still_coming_reaches_them_as_it_comes(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"first ")

    class Feeding(FakeJournal):
        def start(self, node: str) -> None:
            super().start(node)
            if len(self.records) == 2:
                os.write(write_end, b"second")
                os.close(write_end)

    with os.fdopen(read_end, "rb") as stdin:
        _, results = go(tmp_path, 2, ordinary=Script(echo=True), stdin=stdin, journal=Feeding())
    assert {result.stdout.inline for result in results.values()} == {b"first second"}


def test_live_lines_come_from_every_process(tmp_path: Path) -> None:
    seen: list[tuple[str, str, bytes]] = []
    go(tmp_path, 20, ordinary=Script(stdout=(b"a\nb\n",)), live=lambda *line: seen.append(line))
    assert sorted(seen) == sorted((f"n{n}", "stdout", line) for n in range(1, 21) for line in (b"a", b"b"))


def test_a_node_that_is_tried_again_stays_with_its_process(tmp_path: Path) -> None:
    scripts = {f"n{number}": Script(dial_errors=(Outcome.THROTTLED,)) for number in range(1, 9)}
    tally, results = go(tmp_path, 8, scripts, pacing=Pacing(workers=2, retries=1))
    assert tally.counts == {Outcome.OK: 8}, "another process would have met the scripted first failure again"
    assert {result.attempts for result in results.values()} == {2}


def unopenable() -> Transport:
    raise SetupError("the key /k is readable by others; chmod 600 it")


def buggy() -> Transport:
    raise ZeroDivisionError("a bug in opening")


def test_a_transport_that_can_not_be_opened_is_the_runs_own_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="readable by others"):
        go(tmp_path, 4, open_transport=unopenable)


def test_a_worker_that_dies_of_a_bug_leaves_its_traceback(tmp_path: Path) -> None:
    tally, _ = go(tmp_path, 4, open_transport=buggy)
    assert tally.stopped is ExitCode.SETUP
    assert "a bug in opening" in (tmp_path / "workers.log").read_text(encoding="utf-8")
    assert (tmp_path / "workers.log").stat().st_mode & 0o777 == 0o600


def test_what_the_reader_of_the_results_raises_ends_the_run_and_its_workers(tmp_path: Path) -> None:
    def gone(_: NodeResult) -> None:
        raise BrokenPipeError("nobody reads")

    before = children()
    with pytest.raises(BrokenPipeError, match="nobody reads"):
        go(tmp_path, 20, each=gone)
    assert children() == before
