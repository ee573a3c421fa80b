"""bench fanout: the verb against small fleets of real servers, and its judgement on made-up ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Head, Item, Kind, Report
from aifctl.ports.toolbox import Toolbox
from aifctl.sim.bench import FanoutAsked, fanout
from aifctl.sim.bench_cases import (
    CASES,
    Case,
    Figures,
    Replies,
    figures,
    filled,
    judge,
    median_of,
    percentile,
    read_replies,
    warm_figures,
)
from aifctl.sim.measured import Cost, parse_pss_bytes, tree
from tests.command import wait_until

NODES = ("r001n01", "r001n02")
PLAIN = Case(name="plain")


@dataclass
class KeptItems:
    """A sink that remembers."""

    items: list[Item] = field(default_factory=list)
    wants_fields: bool = True
    gone: bool = False

    def accept(self, kind: Kind) -> None:
        """Everything can be shown here."""

    def open(self, head: Head) -> None:
        assert head.kind.name == "FanoutBench"

    def item(self, item: Item) -> None:
        self.items.append(item)

    def close(self, report: Report) -> None:
        """Nothing to do."""


@dataclass
class OnlyNotes:
    """As much of a toolbox as this verb touches."""

    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


@pytest.fixture
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder for temporary files, and see to it that all are gone."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def measured(*cases: Case, nodes_count: int = 20) -> tuple[Report, list[Item]]:
    sink = KeptItems()
    report = fanout(FanoutAsked(nodes_count=nodes_count), cast("Toolbox", OnlyNotes()), sink, cases)
    return report, sink.items


def cost(exit_code: int = 0, cpu_s: float = 0.004, wall_s: float = 2.0, stderr: bytes = b"") -> Cost:
    return Cost(exit_code=exit_code, wall_s=wall_s, cpu_s=cpu_s, pss_bytes=1 << 20, processes_count=1, stderr=stderr)


def item(node: str, stdout: str | None, outcome: str = "ok", duration_s: float = 0.1) -> bytes:
    facts = {"type": "item", "node": node, "outcome": outcome, "stdout": stdout, "duration_s": duration_s}
    return json.dumps(facts).encode() + b"\n"


@pytest.mark.ssh
def test_every_way_of_running_gives_a_row_with_figures(nothing_left: Path) -> None:
    cases = [
        Case(name="cold run"),
        Case(name="warm command", warm=2),
        Case(name="2 workers", options=("--workers=2",)),
        filled(1 << 10),
        Case(name="refused", exit=ExitCode.COVERAGE, fault="refused@5%", faulty_outcome="refused"),
        Case(name="afterwards all are well"),
    ]
    report, rows = measured(*cases)
    assert [(row["case"], row["result"], row.get("message")) for row in rows] == [
        (case.name, "ok", None) for case in cases
    ]
    assert report.exit is ExitCode.OK
    assert all(row["nodes_count"] == 20 and row["pss_mib"] > 0 and row["p99_s"] >= row["p50_s"] > 0 for row in rows)
    # A warm command is the difference of two shells: on twenty nodes it can be less than what a busy machine adds.
    cold = [row for row in rows if row["case"] != "warm command"]
    assert all(row["cpu_ms_per_node"] > 0 and row["nodes_per_s"] > 0 for row in cold)


@pytest.mark.ssh
def test_a_reply_that_is_not_the_nodes_own_reads_failed_and_the_exit_code_is_1(nothing_left: Path) -> None:
    one_is_wrong = "test $(hostname) = r002n03 && echo r001n01 || hostname"
    report, rows = measured(Case(name="wrong", command=one_is_wrong), Case(name="right"))
    wrong, right = rows
    assert (wrong["result"], right["result"]) == ("FAILED", "ok")
    assert wrong["message"] == "no reply of its own from 1 of 20 nodes, r002n03 among them"
    assert "cpu_ms_per_node" not in wrong
    assert report.exit is ExitCode.FINDINGS
    assert report.summary == {"cases_count": 2, "failed_count": 1}


@pytest.mark.ssh
def test_an_exit_code_that_is_not_the_expected_one_reads_failed(nothing_left: Path) -> None:
    report, (row,) = measured(Case(name="fails", command="hostname; exit 3"), nodes_count=2)
    assert row["result"] == "FAILED"
    assert row["message"].startswith("exit 1, not 0")
    assert report.exit is ExitCode.FINDINGS


@pytest.mark.ssh
def test_ctrl_c_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "aifctl", "bench", "fanout", "--nodes", "20"]
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)}, stderr=subprocess.PIPE) as bench:
        assert bench.stderr is not None
        assert b"measuring 1" in bench.stderr.readline()
        began = tree(bench.pid)[1:]
        bench.send_signal(signal.SIGINT)
        bench.stderr.read()
        assert bench.wait() == ExitCode.SIGINT
    assert began
    # What was its child's child is reaped by the first process of the machine, in its own time.
    wait_until(lambda: not [pid for pid in began if Path(f"/proc/{pid}").exists()], "the end of every process")
    assert list(tmp_path.iterdir()) == []


def test_the_module_with_the_kind_loads_no_server() -> None:
    program = "import sys, aifctl.sim.bench; sys.exit('asyncssh' in sys.modules or 'cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_cases_cover_what_the_command_promises() -> None:
    assert [case.name for case in CASES] == [
        "cold run",
        "warm command",
        "1 worker",
        "2 workers",
        "reply of 0 B",
        "reply of 1 KB",
        "reply of 64 KB",
        "5 % dead nodes",
    ]


def test_only_a_nodes_own_reply_counts_and_only_to_the_byte() -> None:
    lines = [
        b'{"type":"run"}\n',
        item(NODES[0], "r001n01\n"),
        item(NODES[1], "r001n01\n"),
        item("r001n03", "r001n03"),
        item("r001n04", None, outcome="refused"),
        b'{"type":"summary","exit":0}\n',
    ]
    found = read_replies(lines, PLAIN)
    assert found.own == Counter({NODES[0]: 1})
    assert found.outcomes["r001n04"] == "refused"
    assert found.durations_s == [0.1]


def test_a_reply_of_a_size_is_the_name_and_that_much_more() -> None:
    assert filled(1024).reply("r001n01") == "r001n01\n" + "." * 1024
    assert filled(0).reply("r001n01") == ""


def test_broken_json_is_no_report() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        read_replies([b"Traceback\n"], PLAIN)


def replies(*names: str, times: int = 1, **outcomes: str) -> Replies:
    return Replies(own=Counter(dict.fromkeys(names, times)), outcomes=outcomes, durations_s=[0.1, 0.2])


def test_work_that_was_done_counts() -> None:
    assert judge(PLAIN, cost(), replies(*NODES), nodes=NODES, faulty=frozenset()) == ""


def test_a_command_that_fails_fast_does_not_win_and_says_its_last_words() -> None:
    failed = judge(PLAIN, cost(6, stderr=b"noise\nno key\n"), replies(*NODES), nodes=NODES, faulty=frozenset())
    assert failed == "exit 6, not 0; no key"


def test_each_of_several_commands_must_have_been_answered() -> None:
    found = replies(*NODES, times=2)
    assert judge(PLAIN, cost(), found, nodes=NODES, faulty=frozenset(), commands_count=2) == ""
    failed = judge(PLAIN, cost(), found, nodes=NODES, faulty=frozenset(), commands_count=3)
    assert failed == "no reply of its own from 2 of 2 nodes, r001n01 among them"


def test_a_faulty_node_must_end_as_its_fault_says() -> None:
    case = replace(PLAIN, faulty_outcome="connect-timeout")
    faulty = frozenset(NODES[1:])
    dead = replies(NODES[0], r001n02="connect-timeout")
    assert judge(case, cost(), dead, nodes=NODES, faulty=faulty) == ""
    alive = replies(*NODES, r001n02="ok")
    failed = judge(case, cost(), alive, nodes=NODES, faulty=faulty)
    assert failed == "1 of 1 faulty nodes did not end as connect-timeout, r001n02 among them"


def test_figures_are_per_node() -> None:
    found = figures(cost(), replies(*NODES), nodes_count=2)
    assert (found.cpu_ms_per_node, found.nodes_per_s, found.p50_s, found.p99_s) == (2.0, 1.0, 0.1, 0.2)


def test_a_warm_command_costs_what_many_cost_more_than_one() -> None:
    found = warm_figures(
        cost(cpu_s=1.0, wall_s=1.0), cost(cpu_s=1.5, wall_s=3.0), replies(*NODES), nodes_count=10, commands_count=10
    )
    assert (found.cpu_ms_per_node, found.nodes_per_s) == (5.0, 50.0)


def test_rounds_give_each_figures_own_median() -> None:
    rounds = [
        Figures(cpu_ms_per_node=cpu, nodes_per_s=pace, pss_bytes=1, p50_s=0.1, p99_s=0.2)
        for cpu, pace in ((3.0, 10.0), (1.0, 30.0), (2.0, 20.0))
    ]
    assert (median_of(rounds).cpu_ms_per_node, median_of(rounds).nodes_per_s) == (2.0, 20.0)


def test_percentiles_are_values_that_occurred() -> None:
    ordered = [float(value) for value in range(1, 101)]
    assert (percentile(ordered, 0.5), percentile(ordered, 0.99)) == (50.0, 99.0)
    assert (percentile([7.0], 0.99), percentile([], 0.5)) == (7.0, 0.0)


def test_memory_is_the_proportional_share_of_the_whole_tree() -> None:
    assert tree(os.getpid())[0] == os.getpid()
    assert parse_pss_bytes("Rss:  900 kB\nPss:      12 kB\nPss_Dirty: 8 kB\n") == 12 << 10
