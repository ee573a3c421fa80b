"""Jitter, text file, heartbeat."""

from __future__ import annotations

import os
import stat
import threading
import urllib.error
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Coverage
from aifctl.core.secret import Secret
from aifctl.diagnosis.fleet_metrics import fleet_metrics
from aifctl.dispatch.cron import Attempt, check_textfile, jitter_s, send_heartbeat, write_textfile
from aifctl.dispatch.posting import Letter
from tests.core.test_metrics import checked
from tests.diagnosis.fleet_healths import sick_fleet

TOKEN = "https://hc.example/ping/3f2a-secret"


def attempt(code: ExitCode, second: int, name: str = "sweep") -> Attempt:
    return Attempt(
        name=name,
        verb="sweep",
        at=datetime(2026, 11, 24, 0, 0, second, tzinfo=UTC),
        duration_s=12.5,
        exit=code,
        coverage=Coverage(asked=8, answered=6, skipped=1),
        counts={"ok": 6, "connect-timeout": 2},
    )


def value(path: Path, row: str) -> float:
    (line,) = [line for line in path.read_text().splitlines() if line.startswith(f"{row} ")]
    return float(line.removeprefix(row))


def test_the_text_file_holds_attempt_exit_code_coverage_and_counts(tmp_path: Path) -> None:
    path = tmp_path / "aifctl.prom"

    write_textfile(path, attempt(ExitCode.COVERAGE, 0))

    assert value(path, 'aifctl_attempt_timestamp_seconds{name="sweep"}') == 1795478400.0
    assert value(path, 'aifctl_exit_code{name="sweep"}') == 3
    assert value(path, 'aifctl_coverage_ratio{name="sweep"}') == 0.75
    assert value(path, 'aifctl_asked_nodes{name="sweep"}') == 8
    assert value(path, 'aifctl_nodes{name="sweep",outcome="connect-timeout"}') == 2
    assert "last_success" not in path.read_text()
    for line in path.read_text().splitlines():
        assert line.startswith(("# HELP aifctl_", "# TYPE aifctl_", "aifctl_"))


def test_the_last_success_is_kept_over_failures_and_moved_by_the_next_success(tmp_path: Path) -> None:
    path, row = tmp_path / "aifctl.prom", 'aifctl_last_success_timestamp_seconds{name="sweep"}'
    seen = []
    for second, code in enumerate(
        [ExitCode.OK, ExitCode.COVERAGE, ExitCode.BUG, ExitCode.SIGTERM, ExitCode.FINDINGS, ExitCode.NONE_ASKED]
    ):
        write_textfile(path, attempt(code, second))
        seen.append(value(path, row) - 1795478400.0)

    assert seen == [0, 0, 0, 0, 4, 4]


def test_another_jobs_success_or_a_broken_file_is_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "aifctl.prom"
    write_textfile(path, attempt(ExitCode.OK, 1, name="other"))
    write_textfile(path, attempt(ExitCode.BUG, 2))
    assert "last_success" not in path.read_text()

    path.write_bytes(b'\xff\xfe\naifctl_last_success_timestamp_seconds{name="sweep"} nonsense\n')
    write_textfile(path, attempt(ExitCode.BUG, 3))
    assert "last_success" not in path.read_text()


def test_the_text_file_can_be_read_by_the_exporter_whatever_the_umask_and_leaves_nothing_beside_it(
    tmp_path: Path,
) -> None:
    before = os.umask(0o077)
    try:
        write_textfile(tmp_path / "aifctl.prom", attempt(ExitCode.OK, 0))
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "aifctl.prom").stat().st_mode) == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["aifctl.prom"]


def test_a_text_file_that_cannot_be_replaced_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "aifctl.prom").mkdir()

    with pytest.raises(SetupError, match=r"--textfile .*aifctl\.prom can't be written: Is a directory"):
        write_textfile(tmp_path / "aifctl.prom", attempt(ExitCode.OK, 0))

    assert [path.name for path in tmp_path.iterdir()] == ["aifctl.prom"]


def test_a_sweeps_file_holds_how_its_nodes_stand_under_the_jobs_name_and_promtool_accepts_it(tmp_path: Path) -> None:
    path = tmp_path / "aifctl.prom"
    write_textfile(path, replace(attempt(ExitCode.FINDINGS, 0, name="hall-1"), more=tuple(fleet_metrics(sick_fleet()))))
    checked(path.read_text())
    assert value(path, 'aifctl_fleet_nodes{name="hall-1",condition="fault"}') == 2
    assert value(path, 'aifctl_exit_code{name="hall-1"}') == 1


def test_a_name_with_quotes_stays_one_label(tmp_path: Path) -> None:
    path = tmp_path / "aifctl.prom"
    write_textfile(path, attempt(ExitCode.OK, 0, name='a"b\\c\nd'))
    write_textfile(path, attempt(ExitCode.BUG, 9, name='a"b\\c\nd'))

    assert value(path, 'aifctl_last_success_timestamp_seconds{name="a\\"b\\\\c\\nd"}') == 1795478400.0


def test_a_path_that_cannot_work_is_refused_before_anything_is_run(tmp_path: Path) -> None:
    assert check_textfile(str(tmp_path / "a.prom")) == tmp_path / "a.prom"
    with pytest.raises(UsageError, match=r"must end in \.prom"):
        check_textfile(str(tmp_path / "a.txt"))
    with pytest.raises(SetupError, match="is not a folder that can be written"):
        check_textfile(str(tmp_path / "gone" / "a.prom"))


def test_jitter_is_the_same_every_time_differs_between_control_hosts_and_stays_below_its_limit() -> None:
    hosts = [f"ctl{index}" for index in range(200)]
    waits = [jitter_s(300.0, "sweep", control_host=host) for host in hosts]

    assert waits == [jitter_s(300.0, "sweep", control_host=host) for host in hosts]
    assert len(set(waits)) == 200
    assert 0 <= min(waits) < 30
    assert 270 < max(waits) < 300
    assert jitter_s(300.0, "sweep", control_host="ctl1") != jitter_s(300.0, "other", control_host="ctl1")
    assert jitter_s(0.0, "sweep") == 0.0


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """An HTTP server on loopback: its address, and the paths that were asked for; /fail answers 500."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(500 if self.path == "/fail" else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", paths
        server.shutdown()
        thread.join()


def test_a_heartbeat_reaches_its_address(listener: tuple[str, list[str]]) -> None:
    address, paths = listener

    assert send_heartbeat(Secret(f"{address}/ping/abc".encode())) is None
    assert paths == ["/ping/abc"]


def test_a_heartbeat_that_is_answered_badly_is_said_without_its_address(listener: tuple[str, list[str]]) -> None:
    address, _ = listener

    assert send_heartbeat(Secret(f"{address}/fail".encode())) == "the heartbeat was not sent: it answered 500"


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")), "Connection refused"),
        (urllib.error.URLError("unknown url type: 3f2a-secret"), "URLError"),
        (ValueError(f"bad {TOKEN}"), "ValueError"),
    ],
)
def test_a_heartbeat_that_fails_is_one_sentence_without_the_secret(problem: Exception, sentence: str) -> None:
    def send(url: str, _: Letter) -> None:
        assert url == TOKEN
        raise problem

    assert send_heartbeat(Secret(TOKEN.encode()), send=send) == f"the heartbeat was not sent: {sentence}"


def test_a_heartbeat_that_hangs_is_left_behind() -> None:
    release = threading.Event()

    def send(_: str, __: Letter) -> None:
        release.wait()

    said = send_heartbeat(Secret(TOKEN.encode()), send=send, timeout_s=0.0)

    release.set()
    assert said == "the heartbeat was not answered within 0 s"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x", "", "hc.example/ping"])
def test_only_web_addresses_are_called(url: str) -> None:
    def send(called: str, _: Letter) -> None:
        pytest.fail(called)

    said = send_heartbeat(Secret(url.encode()), send=send)

    assert said == "the heartbeat was not sent: its URL does not begin with https:// or http://"
