"""A run from beginning to end, in one process, on a fleet in memory and made-up time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from aifctl.core.errors import SetupError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.fanout.conduct import conduct, worker_count
from aifctl.fanout.descriptors import fitting_width
from aifctl.fanout.exec_work import ExecWork
from aifctl.fanout.halt import Halt
from aifctl.fanout.live_lines import Live
from aifctl.fanout.plan import Keeping, Pacing, RunPlan, Tally
from aifctl.ports.transport import Command
from aifctl.ports.work import NodeResult
from tests.fakes.fleet import FakeTransport, Script, endpoints
from tests.fakes.run_parts import FakeJournal, FakeProgress
from tests.fakes.virtual_time import VirtualClock, run_virtually


@dataclass
class Outing:
    transport: FakeTransport
    journal: FakeJournal
    progress: FakeProgress = field(default_factory=FakeProgress)
    results: list[NodeResult] = field(default_factory=list)
    took_s: float = 0.0
    tally: Tally = field(default_factory=lambda: Tally(counts={}))

    def outcome(self, node: str) -> Outcome:
        (result,) = [each for each in self.results if each.node == node]
        return result.outcome


def go(
    folder: Path,
    count: int,
    scripts: Mapping[str, Script] | None = None,
    *,
    ordinary: Script | None = None,
    pacing: Pacing | None = None,
    keeping: Keeping | None = None,
    changing: bool = True,
    skipped: tuple[tuple[str, str], ...] = (),
    timeout_s: float | None = 300.0,
    journal: FakeJournal | None = None,
    stdin: BinaryIO | None = None,
    live: Live | None = None,
    halt: Halt | None = None,
    asks: Mapping[float, ExitCode] | None = None,
    each: Callable[[NodeResult], None] | None = None,
    transport: FakeTransport | None = None,
) -> Outing:
    """Conduct a run over n1 … nCOUNT; `asks` is when somebody asks it to end."""
    outing = Outing(transport or FakeTransport(scripts, ordinary), journal or FakeJournal())
    halt = halt or Halt()
    plan = RunPlan(
        run_id="20261124-tonight",
        verb="run",
        work=ExecWork(command=Command(line="hostname", timeout_s=timeout_s)),
        endpoints=endpoints(count),
        skipped=skipped,
        pacing=pacing or Pacing(workers=1),
        keeping=keeping or Keeping(),
        changing=changing,
    )

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for at_s, code in (asks or {}).items():
            loop.call_at(at_s, halt.request, code)
        outing.tally = await conduct(
            plan,
            open_transport=lambda: outing.transport,
            journal=outing.journal,
            folder=folder,
            clock=VirtualClock(),
            progress=outing.progress,
            each=each or outing.results.append,
            halt=halt,
            live=live,
            stdin=stdin,
        )
        outing.took_s = loop.time()

    run_virtually(main())
    return outing


def test_a_run_is_counted_journalled_and_sealed(tmp_path: Path) -> None:
    outing = go(tmp_path, 3, {"n2": Script(dial_error=Outcome.AUTH)})
    assert outing.tally.counts == {Outcome.OK: 2, Outcome.AUTH: 1}
    assert (outing.tally.stopped, outing.tally.not_reached) == (ExitCode.OK, ())
    assert sorted(outing.journal.records[:-1]) == [
        ("end", "n1"),
        ("end", "n2"),
        ("end", "n3"),
        ("start", "n1"),
        ("start", "n3"),
    ]
    assert outing.journal.records[-1] == ("seal", "")
    assert outing.transport.closed


def test_the_start_of_a_changing_run_is_durable_before_anything_is_sent(tmp_path: Path) -> None:
    transport = FakeTransport(ordinary=Script(dial_s=0.1))
    sent_at_sync: list[int] = []

    class Watching(FakeJournal):
        async def durable(self) -> None:
            await asyncio.sleep(5.0)
            sent_at_sync.append(len(transport.sent))
            await super().durable()

    go(tmp_path, 2, journal=Watching(), transport=transport, pacing=Pacing(workers=1, width=1))
    assert sent_at_sync == [0, 1]
    assert len(transport.sent) == 2


def test_a_run_that_changes_nothing_waits_for_no_disk(tmp_path: Path) -> None:
    outing = go(tmp_path, 3, changing=False)
    assert outing.journal.syncs == 0
    assert ("start", "n1") in outing.journal.records


def test_skipped_nodes_are_told_first_and_counted(tmp_path: Path) -> None:
    outing = go(tmp_path, 1, skipped=(("n7", "off"),))
    first = outing.results[0]
    assert (first.node, first.outcome, first.message) == ("n7", Outcome.SKIPPED, "off")
    assert outing.tally.counts == {Outcome.SKIPPED: 1, Outcome.OK: 1}


def test_progress_hears_of_every_step(tmp_path: Path) -> None:
    names = [event for event, _ in go(tmp_path, 2).progress.events]
    assert sorted(names) == ["node_finished"] * 2 + ["node_started"] * 2 + ["run_finished", "run_started"]


def test_the_deadline_halts_what_runs_and_leaves_the_rest_unasked(tmp_path: Path) -> None:
    pacing = Pacing(workers=1, width=2, deadline_s=60.0)
    outing = go(tmp_path, 5, ordinary=Script(run_s=50.0), pacing=pacing)
    assert outing.tally.stopped is ExitCode.DEADLINE
    assert outing.tally.counts == {Outcome.OK: 2, Outcome.CANCELLED: 2}
    assert outing.tally.not_reached == ("n5",)
    assert {each.message for each in outing.results[2:]} == {"the run's deadline of 60 s has passed: ended"}
    assert outing.took_s == pytest.approx(60.0)
    assert ("stop", "the run's deadline of 60 s has passed") in outing.journal.records


def test_a_deadline_ends_dials_too(tmp_path: Path) -> None:
    outing = go(tmp_path, 2, ordinary=Script(dial_s=100.0), pacing=Pacing(workers=1, deadline_s=5.0))
    assert outing.took_s == pytest.approx(5.0)
    assert [each.started_at for each in outing.results] == [0.0, 0.0]


def test_a_command_past_its_own_timeout_is_that_nodes_outcome(tmp_path: Path) -> None:
    outing = go(tmp_path, 2, {"n1": Script(run_s=None, survivors=(77,))}, timeout_s=30.0)
    assert outing.outcome("n1") is Outcome.TIMEOUT
    (result,) = [each for each in outing.results if each.node == "n1"]
    assert result.message == "ran past its 30 s and was ended; process 77 outlived KILL"
    assert (result.survivors, result.duration_s) == ((77,), 30.0)


def test_stragglers_get_their_seconds_and_are_cut_off(tmp_path: Path) -> None:
    scripts = {"n100": Script(run_s=None), "n99": Script(run_s=20.0)}
    outing = go(tmp_path, 100, scripts, pacing=Pacing(workers=1, stragglers=(0.98, 30.0)))
    assert outing.took_s == pytest.approx(30.0)
    assert (outing.outcome("n99"), outing.outcome("n100")) == (Outcome.OK, Outcome.CANCELLED)
    assert outing.tally.stopped is ExitCode.OK


def test_the_first_signal_ends_what_runs_and_its_results_still_arrive(tmp_path: Path) -> None:
    scripts = {"n1": Script(run_s=None, stdout=(b"so far",)), "n2": Script(run_s=None, survivors=None)}
    outing = go(tmp_path, 9, scripts, pacing=Pacing(workers=1, width=2), asks={3.0: ExitCode.SIGINT})
    assert outing.tally.stopped is ExitCode.SIGINT
    by_node = {each.node: each for each in outing.results}
    assert by_node["n1"].stdout.inline == b"so far"
    assert by_node["n1"].message == "stopped by SIGINT: ended"
    assert by_node["n2"].message == "stopped by SIGINT: ended; whether anything of it still runs could not be learnt"
    assert set(outing.tally.not_reached) == {f"n{number}" for number in range(3, 10)}


def test_the_second_signal_leaves_at_once_and_says_what_may_still_run(tmp_path: Path) -> None:
    asks = {3.0: ExitCode.SIGINT, 4.0: ExitCode.SIGINT}
    outing = go(tmp_path, 2, {"n1": Script(run_s=None, deaf=True)}, asks=asks)
    assert outing.took_s == pytest.approx(4.0)
    (result,) = [each for each in outing.results if each.node == "n1"]
    assert (result.outcome, result.survivors) == (Outcome.CANCELLED, None)
    assert outing.transport.aborted == ["n1"]


def test_a_node_that_does_not_end_when_halted_is_left_after_its_grace(tmp_path: Path) -> None:
    outing = go(tmp_path, 1, {"n1": Script(run_s=None, deaf=True)}, asks={3.0: ExitCode.SIGTERM})
    assert outing.took_s == pytest.approx(18.0)
    assert outing.outcome("n1") is Outcome.CANCELLED


def test_a_signal_before_the_run_reaches_no_node(tmp_path: Path) -> None:
    halt = Halt()
    halt.request(ExitCode.SIGTERM)
    outing = go(tmp_path, 3, halt=halt)
    assert outing.transport.dials == {}
    assert (outing.tally.stopped, len(outing.tally.not_reached)) == (ExitCode.SIGTERM, 3)


def test_a_budget_of_failures_stops_the_run_and_says_so(tmp_path: Path) -> None:
    outing = go(tmp_path, 50, ordinary=Script(dial_error=Outcome.REFUSED), pacing=Pacing(workers=1, max_failed=4))
    assert outing.tally.counts == {Outcome.REFUSED: 4}
    assert outing.tally.stopped is ExitCode.REFUSED
    assert len(outing.tally.not_reached) == 46
    assert outing.tally.reason == "the budget of 4 failed nodes is used up"


def test_waves_and_retries_work_together(tmp_path: Path) -> None:
    scripts = {"n1": Script(dial_errors=(Outcome.THROTTLED, Outcome.REFUSED))}
    outing = go(tmp_path, 4, scripts, pacing=Pacing(workers=1, wave=2, retries=2))
    assert outing.tally.counts == {Outcome.OK: 4}
    assert [each.node for each in outing.results[2:]] == ["n3", "n4"]
    assert {each.node: each.attempts for each in outing.results} == {"n1": 3, "n2": 1, "n3": 1, "n4": 1}


def test_bugs_on_more_than_a_hundredth_of_the_nodes_stop_a_changing_run(tmp_path: Path) -> None:
    outing = go(tmp_path, 400, ordinary=Script(run_bug=True), pacing=Pacing(workers=1, width=1))
    assert outing.tally.stopped is ExitCode.BUG
    assert outing.tally.counts == {Outcome.UNKNOWN: 5}


def test_bugs_do_not_stop_a_run_that_changes_nothing(tmp_path: Path) -> None:
    outing = go(tmp_path, 40, ordinary=Script(run_bug=True), changing=False)
    assert outing.tally.counts == {Outcome.UNKNOWN: 40}


def test_a_full_journal_starts_nothing_more_and_halts_nothing_that_runs(tmp_path: Path) -> None:
    journal = FakeJournal(room=5)
    outing = go(tmp_path, 30, ordinary=Script(run_s=2.0), pacing=Pacing(workers=1, width=3), journal=journal)
    assert outing.tally.stopped is ExitCode.SETUP
    assert len(outing.transport.sent) < 8
    assert outing.tally.counts[Outcome.OK] >= 3
    assert Outcome.CANCELLED not in outing.tally.counts
    assert outing.tally.not_reached
    refused = [each for each in outing.results if each.outcome is Outcome.LOCAL]
    assert all(each.started_at == 0 and "not started" in each.message for each in refused)


def test_what_the_reader_of_the_results_raises_ends_the_run(tmp_path: Path) -> None:
    def gone(_: NodeResult) -> None:
        raise BrokenPipeError("nobody reads")

    with pytest.raises(BrokenPipeError, match="nobody reads"):
        go(tmp_path, 5, each=gone)


@contextlib.contextmanager
def written(folder: Path, data: bytes) -> Iterator[BinaryIO]:
    path = folder / "given"
    path.write_bytes(data)
    with path.open("rb") as file:
        yield file


def test_stdin_reaches_every_node_from_its_beginning(tmp_path: Path) -> None:
    data = os.urandom(300_000)
    with written(tmp_path, data) as stdin:
        outing = go(
            tmp_path,
            20,
            ordinary=Script(echo=True),
            pacing=Pacing(workers=1, width=3),
            keeping=Keeping(inline_bytes=1 << 20),
            stdin=stdin,
        )
    assert [each.stdout.inline == data for each in outing.results] == [True] * 20
    assert (tmp_path / "stdin").stat().st_mode & 0o777 == 0o400


def test_output_beyond_the_inline_size_lies_below_the_runs_folder(tmp_path: Path) -> None:
    outing = go(tmp_path, 3, ordinary=Script(stdout=(b"x" * 10_000,)))
    (path,) = {each.stdout.path for each in outing.results}
    assert path is not None
    assert Path(path).parent == tmp_path / "output"


def test_output_that_our_disk_refuses_is_that_nodes_local_outcome_and_stops_dispatch(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        flood = Script(stdout=(b"x" * 200_000,))
        outing = go(tmp_path, 9, {"n2": flood}, ordinary=Script(run_s=1.0), pacing=Pacing(workers=1, width=2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (result,) = [each for each in outing.results if each.node == "n2"]
    assert result.outcome is Outcome.LOCAL
    assert result.message.endswith("File too large; the command itself ended with 0")
    assert result.started_at > 0
    assert outing.tally.stopped is ExitCode.SETUP
    assert len(outing.tally.not_reached) >= 6


def test_live_lines_are_passed_on_with_their_node(tmp_path: Path) -> None:
    seen: list[Any] = []
    go(tmp_path, 1, ordinary=Script(stdout=(b"a\nb",)), live=lambda *line: seen.append(line))
    assert seen == [("n1", "stdout", b"a"), ("n1", "stdout", b"b")]


def test_an_outdir_that_can_not_be_made_is_a_setup_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SetupError, match="can't be made"):
        go(tmp_path, 1, keeping=Keeping(outdir=str(tmp_path / "file" / "out")))


def test_under_five_hundred_nodes_one_process_is_enough() -> None:
    assert worker_count(Pacing(), nodes_count=499, cores_count=64) == 1
    assert worker_count(Pacing(), nodes_count=500, cores_count=2) == 2
    assert worker_count(Pacing(), nodes_count=6250, cores_count=64) == 16
    assert worker_count(Pacing(workers=4), nodes_count=2, cores_count=64) == 2
    assert worker_count(Pacing(workers=0, width=1), nodes_count=6250, cores_count=64) == 1


def test_the_width_is_what_the_descriptors_hold() -> None:
    assert fitting_width(256, descriptors=20_000) == (256, 9968)
    assert fitting_width(256, descriptors=256) == (96, 96)
    with pytest.raises(SetupError, match="limit of open files is 65, too low"):
        fitting_width(256, descriptors=65)
