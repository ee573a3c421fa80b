"""What may be wrong with one node of four, and what `aifctl` makes of it: each scenario once, for every kind of node.

A subclass gives the `ward`: simulated nodes in tests/cli, real hosts in tests/lab. Of everything that is told here the
operator at 3 a.m. needs all: the outcome, the exit code, a sentence, that the other nodes are none the worse, and that
nothing of ours goes on running out there.
"""

from __future__ import annotations

import abc
import base64
import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.command import Operator, Said, wait_until


class Ward(abc.ABC):
    """Four nodes, of which one can be made sick.

    `hostname` is the command that all scenarios run: what it does on the sick node is the fault's affair.
    """

    operator: Operator
    four: str
    sick: str
    well: tuple[str, ...]

    @abc.abstractmethod
    def fault(self, text: str) -> contextlib.AbstractContextManager[None]:
        """Make the node sick while inside; `text` is KIND[:ARGUMENT] as `aifctl sim fault` takes it."""

    @abc.abstractmethod
    def running(self) -> list[str]:
        """Return what commands still run on the nodes."""

    @abc.abstractmethod
    def written(self, path: str) -> list[str]:
        """Return which nodes have that file."""


def of_the_well(ward: Ward, done: Said) -> None:
    """Check that the nodes beside the sick one answered as ever."""
    items = done.items()
    assert {node: (items[node]["outcome"], items[node]["stdout"]) for node in ward.well} == {
        node: ("ok", f"{node}\n") for node in ward.well
    }, done


def the_sick(ward: Ward, done: Said, outcome: str, says: str) -> None:
    item = done.items()[ward.sick]
    assert item["outcome"] == outcome, done
    assert says in item["message"], done
    assert "\n" not in item["message"].strip(), done


class FaultScenarios:
    """Collected where a subclass gives a `ward` fixture."""

    @pytest.mark.parametrize(
        ("fault", "outcome", "says"),
        [
            pytest.param("dead", "connect-timeout", "no answer", id="dead"),
            pytest.param("refused", "refused", "refused the connection", id="refused"),
            pytest.param("slow-banner:60", "connect-timeout", "banner", id="slow banner"),
            pytest.param("half-open", "connect-timeout", "banner", id="half open"),
            pytest.param("throttle:100%", "throttled", "MaxStartups", id="MaxStartups"),
            pytest.param("wrong-host-key", "host-key", "aifctl trust scan", id="wrong host key"),
            pytest.param("auth-refused", "auth", "refused the login", id="auth refused"),
        ],
    )
    def test_a_node_that_lets_nobody_in_is_named_with_its_reason_and_exit_3(
        self, ward: Ward, fault: str, outcome: str, says: str
    ) -> None:
        with ward.fault(fault):
            done = ward.operator.json("run", ward.four, "--connect-timeout=2s", "--", "hostname")
        assert done.code == 3, done
        the_sick(ward, done, outcome, says)
        of_the_well(ward, done)
        envelope = done.envelope()
        assert (envelope["complete"], envelope["exit"]) == (False, 3)
        assert (envelope["coverage"]["asked"], envelope["coverage"]["answered"]) == (4, 3)
        assert ward.running() == []

    def test_no_node_but_a_refusing_one_is_exit_4(self, ward: Ward) -> None:
        with ward.fault("refused"):
            done = ward.operator.json("run", ward.sick, "--", "hostname")
        assert done.code == 4, done
        the_sick(ward, done, "refused", "no sshd listens")

    def test_a_changed_host_key_shows_both_fingerprints(self, ward: Ward) -> None:
        with ward.fault("wrong-host-key"):
            done = ward.operator.json("run", ward.sick, "--", "touch /tmp/ran")
        message = done.items()[ward.sick]["message"]
        assert message.count("SHA256:") == 2, message
        assert ward.written("/tmp/ran") == []

    def test_a_throttled_node_is_asked_again_as_often_as_allowed_and_never_ran(self, ward: Ward) -> None:
        with ward.fault("throttle:100%"):
            done = ward.operator.json("run", ward.four, "--retries=2", "--", "hostname")
        assert done.code == 3, done
        the_sick(ward, done, "throttled", "MaxStartups")
        assert done.items()[ward.sick]["attempts"] == 3
        of_the_well(ward, done)

    @pytest.mark.parametrize("fault", ["slow-banner:0.3", "slow:0.3"])
    def test_a_node_that_is_only_slow_answers_like_the_others(self, ward: Ward, fault: str) -> None:
        with ward.fault(fault):
            done = ward.operator.json("run", ward.four, "--", "hostname")
        assert done.code == 0, done
        assert done.items()[ward.sick]["stdout"] == f"{ward.sick}\n"
        of_the_well(ward, done)

    def test_a_hanging_node_is_ended_at_its_timeout_and_holds_nobody_up(self, ward: Ward) -> None:
        with ward.fault("hang"):
            done = ward.operator.json("run", ward.four, "--timeout=2s", "--", "hostname")
            assert ward.running() == []
        assert done.code == 3, done
        the_sick(ward, done, "timeout", "2 s")
        assert done.items()[ward.sick]["survivors"] == []
        of_the_well(ward, done)

    def test_a_hanging_node_alone_was_asked_so_it_is_exit_3_not_4(self, ward: Ward) -> None:
        with ward.fault("hang"):
            done = ward.operator.json("run", ward.sick, "--timeout=2s", "--", "hostname")
        assert done.code == 3, done

    def test_a_deadline_ends_a_hanging_node_with_124(self, ward: Ward) -> None:
        with ward.fault("hang"):
            done = ward.operator.json("run", ward.four, "--deadline=3s", "--", "hostname")
            assert ward.running() == []
        assert done.code == 124, done
        the_sick(ward, done, "cancelled", "deadline of 3 s")
        of_the_well(ward, done)

    def test_stragglers_are_cut_off_when_the_others_are_done(self, ward: Ward) -> None:
        with ward.fault("hang"):
            done = ward.operator.json("run", ward.four, "--stragglers=75%:0.2s", "--", "hostname")
            assert ward.running() == []
        assert done.code == 3, done
        the_sick(ward, done, "cancelled", "straggler")
        of_the_well(ward, done)

    def test_ctrl_c_ends_a_hanging_node_and_prints_what_the_others_said(self, ward: Ward) -> None:
        with ward.fault("hang"):
            run = ward.operator.start("run", ward.four, "-o", "json", "--", "hostname")
            wait_until(lambda: _done(ward, 3) and ward.running(), "three answers and one that hangs")
            run.send_signal(signal.SIGINT)
            done = ward.operator.finish(run, "run")
            assert ward.running() == []
        assert done.code == 130, done
        assert done.envelope()["exit"] == 130
        the_sick(ward, done, "cancelled", "SIGINT")
        of_the_well(ward, done)

    def test_runs_stop_ends_a_hanging_node_from_another_terminal(self, ward: Ward) -> None:
        with ward.fault("hang"):
            run = ward.operator.start("run", ward.four, "-o", "json", "--", "hostname")
            wait_until(lambda: _done(ward, 3) and ward.running(), "three answers and one that hangs")
            stopped = ward.operator.aifctl("runs", "stop")
            done = ward.operator.finish(run, "run")
            assert ward.running() == []
        assert stopped.code == 0, stopped
        assert done.code in {130, 143}, done
        of_the_well(ward, done)

    def test_ctrl_c_while_dialling_starts_nothing(self, ward: Ward) -> None:
        with ward.fault("half-open"):
            run = ward.operator.start(
                "run", ward.sick, "--connect-timeout=50s", "-o", "json", "--progress=json", "--", "touch /tmp/dialled"
            )
            _read_until(run, "node_started")
            run.send_signal(signal.SIGINT)
            done = ward.operator.finish(run, "run")
        assert done.code == 130, done
        assert done.outcomes() == {ward.sick: "cancelled"}, done
        assert ward.written("/tmp/dialled") == []

    def test_a_flood_is_capped_in_the_report_and_whole_in_its_file(self, ward: Ward, tmp_path: Path) -> None:
        with ward.fault("flood:3M"):
            done = ward.operator.json(
                "run", ward.four, "--output-cap=64K", f"--outdir={tmp_path / 'out'}", "--", "hostname"
            )
        assert done.code == 0, done
        item = done.items()[ward.sick]
        size_bytes = (3 << 20) + len(f"{ward.sick}\n")
        assert (item["truncated"], item["bytes_count"]) == (True, size_bytes)
        assert len(item["stdout"]) <= 80 << 10
        assert (tmp_path / "out" / f"{ward.sick}.out").stat().st_size == size_bytes
        of_the_well(ward, done)

    def test_a_node_that_dies_mid_command_is_lost_and_not_asked_again(self, ward: Ward) -> None:
        with ward.fault("dies-mid-command:0.05"):
            done = ward.operator.json("run", ward.four, "--retries=3", "--", "hostname")
        assert done.code == 3, done
        the_sick(ward, done, "lost", "what the command did is unknown")
        item = done.items()[ward.sick]
        assert (item["stdout"], item["attempts"]) == ("begun\n", 1)
        of_the_well(ward, done)

    def test_a_lost_node_is_named_by_resume_and_repeated_only_on_demand(self, ward: Ward) -> None:
        with ward.fault("dies-mid-command:0.05"):
            ward.operator.json("run", ward.four, "--", "hostname")
        left = ward.operator.aifctl("runs", "resume", "latest")
        assert "lost" in left.out + left.err, left
        assert ward.sick in left.out + left.err, left
        again = ward.operator.json("runs", "resume", "latest", "--again=lost")
        assert again.code == 0, again
        assert again.items()[ward.sick]["stdout"] == f"{ward.sick}\n"
        assert again.outcomes() == {ward.sick: "ok"}

    def test_bytes_that_are_no_text_reach_json_exactly_and_the_terminal_never(self, ward: Ward) -> None:
        with ward.fault("non-utf8"):
            done = ward.operator.json("run", ward.four, "--", "hostname")
            shown = ward.operator.aifctl("runs", "show")
        assert done.code == 0, done
        item = done.items()[ward.sick]
        assert item["encoding"] == "base64"
        raw = base64.b64decode(item["stdout"])
        assert raw.startswith(b"\xff\xfe\x1b[2J")
        assert raw.endswith(f"{ward.sick}\n".encode())
        assert "\x1b" not in shown.out, shown
        assert r"\x1b[2J" in shown.out, shown
        of_the_well(ward, done)

    def test_a_command_that_fails_on_one_node_is_exit_1_with_its_code_in_the_report(self, ward: Ward) -> None:
        with ward.fault("exit:3"):
            done = ward.operator.json("run", ward.four, "--", "hostname")
            alone = ward.operator.aifctl("run", ward.sick, "--remote-exit-code", "--", "hostname")
        assert done.code == 1, done
        assert (done.items()[ward.sick]["outcome"], done.items()[ward.sick]["rc"]) == ("exit", 3)
        assert alone.code == 3, alone
        of_the_well(ward, done)

    def test_a_full_disk_on_one_node_is_that_nodes_row_and_the_others_have_the_file(
        self, ward: Ward, tmp_path: Path
    ) -> None:
        source = tmp_path / "file"
        source.write_bytes(os.urandom(100_000))
        with ward.fault("full-disk"):
            done = ward.operator.json("push", ward.four, str(source), "/mnt/pushed")
            assert ward.written("/mnt/pushed") == list(ward.well)
        assert done.code in {1, 3}, done
        item = done.items()[ward.sick]
        assert item["outcome"] not in {"ok", "unknown"}, done
        assert "no space left" in item["message"].lower(), done
        assert {done.outcomes()[node] for node in ward.well} == {"ok"}
        ward.operator.aifctl("run", ward.four, "--", "rm -f /mnt/pushed")

    def test_a_node_without_sftp_says_so_and_the_others_have_the_file(self, ward: Ward, tmp_path: Path) -> None:
        source = tmp_path / "file"
        source.write_text("small\n")
        with ward.fault("no-sftp"):
            done = ward.operator.json("push", ward.four, str(source), "/mnt/pushed")
            assert ward.written("/mnt/pushed") == list(ward.well)
        assert done.code == 3, done
        the_sick(ward, done, "protocol", "SFTP")
        ward.operator.aifctl("run", ward.four, "--", "rm -f /mnt/pushed")


def _done(ward: Ward, count: int) -> bool:
    """Say whether the latest run's journal holds so many ends."""
    journals = list(ward.operator.state.glob("runs/*/journal.jsonl"))
    return bool(journals) and max(journals).read_text().count('"end"') >= count


def _read_until(process: subprocess.Popen[bytes], event: str) -> None:
    """Read the progress on stderr until it tells of an event."""
    assert process.stderr is not None
    for line in process.stderr:
        with contextlib.suppress(ValueError):
            if event in json.dumps(json.loads(line)):
                return
    raise AssertionError(f"aifctl ended with {process.wait()} before {event}")
