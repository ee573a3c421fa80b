"""The bench's own judgement: only work that was done counts; nothing is measured here."""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path

import pytest

from aifctl.sim.measured import Cost, parse_pss_bytes, tree
from tests.bench import clients, replies, table
from tests.bench.figures import Figure, Line, failures, judge, median_of, of_line, ratio
from tests.bench.fleet import addresses, spread
from tests.bench.measure import Measured, measure

NODES = ("127.1.0.1", "127.1.0.2")


def done(exit_code: int = 0, stderr: bytes = b"", cpu_s: float = 0.004, wall_s: float = 2.0) -> Measured:
    cost = Cost(exit_code=exit_code, wall_s=wall_s, cpu_s=cpu_s, pss_bytes=0, processes_count=1, stderr=stderr)
    return Measured(cost=cost, stdout=b"")


def test_a_client_that_fails_reads_failed_and_shows_no_figure() -> None:
    line = judge("x", done(1, b"noise\nno such key"), nodes=NODES, answered=frozenset(NODES))
    assert line.failed == "exit 1; no such key"
    row = list(table.render_lines([line]))[-1]
    assert "FAILED: exit 1" in row
    assert "2.00" not in row


def test_a_client_that_exits_0_without_every_nodes_own_reply_reads_failed() -> None:
    line = judge("x", done(), nodes=NODES, answered=frozenset(NODES[:1]))
    assert line.failed == "no reply of its own from 1 of 2 nodes"


def test_a_client_that_did_the_work_gets_its_figures() -> None:
    line = judge("x", done(), nodes=NODES, answered=frozenset(NODES))
    assert line.failed == ""
    assert line.cpu_ms == pytest.approx(2.0)
    assert line.nodes_per_s == pytest.approx(1.0)


def test_a_ratio_with_a_line_that_does_not_count_is_no_figure() -> None:
    good = judge("good", done(), nodes=NODES, answered=frozenset(NODES))
    bad = judge("bad", done(2), nodes=NODES, answered=frozenset())
    assert ratio("r", 0.65, good, bad).verdict == "FAILED: bad exit 2"
    assert ratio("r", 0.65, good, None).verdict == "FAILED: not measured"
    assert ratio("r", 0.65, good, good).value == 1.0


@pytest.mark.parametrize(
    ("value", "judged", "verdict"),
    [
        (100.0, True, "kept"),
        (149.0, True, "missed by 49%"),
        (151.0, True, "FAILED: 1.51 times what is promised"),
        (151.0, False, "missed by 51%"),
    ],
)
def test_ratios_and_bytes_fail_at_one_and_a_half_and_seconds_never(value: float, *, judged: bool, verdict: str) -> None:
    assert Figure(name="f", promise=100, unit="", value=value, judged=judged).verdict == verdict


def test_the_bench_fails_for_our_lines_and_broken_promises_but_not_for_a_missing_peer() -> None:
    peer = Line(client="clush", nodes_count=2, missing="clush is not installed")
    held = ratio("r", 0.65, judge("a", done(), nodes=NODES, answered=frozenset(NODES)), peer)
    assert held.verdict == "not measured: clush is not installed"
    assert "not measured: clush is not installed" in list(table.render_lines([peer]))[-1]
    assert failures([peer], [held]) == []
    ours = Line(client="aifctl run", nodes_count=2, failed="exit 70")
    broken = of_line(
        "memory", 300e6, "bytes", judge("a", done(), nodes=NODES, answered=frozenset(NODES)), 1e9, judged=True
    )
    assert len(failures([ours, peer], [broken])) == 2


PLAIN = (
    b"---------------\n127.1.0.1 (1): ok\n---------------\n127.1.0.1\n"
    b"---------------\n127.1.0.2 (1): ok\n---------------\n127.1.0.9\n---------------\n2 nodes: 2 ok\n"
)


@pytest.mark.parametrize(
    ("read", "stdout"),
    [
        (replies.of_prefixed, b"127.1.0.1: 127.1.0.1\n127.1.0.2: 127.1.0.9\n127.1.0.3: Connection refused\n"),
        (replies.of_ansible, b"127.1.0.1 | CHANGED | rc=0 >>\n127.1.0.1\n127.1.0.2 | UNREACHABLE! => {}\n"),
        (replies.of_plain, PLAIN),
        (
            replies.of_json,
            json.dumps(
                {
                    "items": [
                        {"node": "127.1.0.1", "outcome": "ok", "stdout": "127.1.0.1\n"},
                        {"node": "127.1.0.2", "outcome": "ok", "stdout": "127.1.0.9\n"},
                        {"node": "127.1.0.3", "outcome": "refused", "stdout": None},
                    ]
                }
            ).encode(),
        ),
    ],
)
def test_only_a_nodes_own_reply_counts(read: object, stdout: bytes) -> None:
    assert callable(read)
    assert read(stdout) == frozenset({"127.1.0.1"})


def test_a_shell_that_answered_only_some_rounds_does_not_count() -> None:
    assert replies.of_plain_rounds(PLAIN * 3, 3) == frozenset({"127.1.0.1"})
    assert replies.of_plain_rounds(PLAIN * 2, 3) == frozenset()


def test_broken_json_is_no_reply() -> None:
    assert replies.of_json(b"Traceback") == frozenset()


def test_a_reply_counts_only_where_it_is_as_long_as_the_fleet_made_it() -> None:
    items = [
        {"node": "127.1.0.1", "outcome": "ok", "stdout": "127.1.0.1\n" + "." * 5 + "\n"},
        {"node": "127.1.0.2", "outcome": "ok", "stdout": "127.1.0.2\n" + "." * 4 + "\n"},
    ]
    assert replies.of_json(json.dumps({"items": items}).encode(), reply_bytes=16) == frozenset({"127.1.0.1"})


def test_silence_is_read_by_outcome() -> None:
    items = [{"node": "a", "outcome": "connect-timeout"}, {"node": "b", "outcome": "ok"}]
    assert replies.with_outcome(json.dumps({"items": items}).encode(), "connect-timeout") == frozenset({"a"})


def test_several_rounds_give_each_figures_median_and_one_that_does_not_count_fails_them_all() -> None:
    rounds = [Line(client="x", nodes_count=1, cpu_ms=value, p50_s=value) for value in (3.0, 1.0, 2.0)]
    assert (median_of(rounds).cpu_ms, median_of(rounds).p50_s, median_of(rounds).p99_s) == (2.0, 2.0, None)
    assert median_of([*rounds, Line(client="x", nodes_count=1, failed="exit 1")]).failed == "exit 1"


def test_measuring_counts_children_that_were_waited_for_and_keeps_both_streams(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.15: pass"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}]); print('out'); sys.exit('err')"
    result = measure([sys.executable, "-c", program], cwd=tmp_path, env=os.environ)
    assert result.cost.cpu_s >= 0.15
    assert (result.exit_code, result.stdout, result.stderr) == (1, b"out\n", b"err\n")


def test_a_command_past_its_time_is_killed_and_its_exit_code_shows_it(tmp_path: Path) -> None:
    assert measure(["sleep", "30"], cwd=tmp_path, env=os.environ, timeout_s=0.1).exit_code == -9


def test_memory_is_looked_at_in_the_whole_tree() -> None:
    assert tree(os.getpid())[0] == os.getpid()
    assert parse_pss_bytes("Rss:  900 kB\nPss:      12 kB\nPss_Dirty: 8 kB\n") == 12 << 10


def test_addresses_are_distinct_and_the_dead_are_spread_among_them() -> None:
    nodes = addresses(6250)
    assert len(set(nodes)) == 6250
    dead = spread(nodes, 0.05)
    assert len(dead) == 312
    assert nodes.index(dead[1]) - nodes.index(dead[0]) == 20


def test_a_missing_peer_says_what_is_missing() -> None:
    client = clients.Client(name="x", needs="/nowhere/clush", command=lambda _: [], replies=replies.of_prefixed)
    assert client.missing() == "clush is not installed"


def test_the_tables_say_where_and_when() -> None:
    assert table.render_machine(date(2026, 11, 24)).startswith("2026-11-24, ")
    rows = list(table.render_figures([Figure(name="memory", promise=300e6, unit="bytes", value=150e6, judged=True)]))
    assert rows[-1] == "| memory | 300 MB | 150 MB | kept |"
