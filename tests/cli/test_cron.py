"""What cron needs: one at a time, a text file on every end, a heartbeat that tells the truth, no noise."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.cli.prompt import InProcess, Prompt

pytestmark = pytest.mark.ssh


def metrics(path: Path) -> dict[str, float]:
    """Return the text file's samples, by metric and labels without our prefix."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return {name.removeprefix("aifctl_"): float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_one_at_a_time_under_a_lock(prompt: Prompt) -> None:
    prompt.break_("hang@r001n02")
    holder = prompt.hanging("run", "r001n02", "--lock", "job", "--deadline", "60s", "--", "hostname")
    locked = ("r001n01", "--deadline", "60s", "--", "true")

    for text in prompt.both("run", "--lock", "job", *locked):
        assert text.code == 75
        assert f"pid {holder.pid}" in text.err
    for text in prompt.both("run", "--lock", "job:skip", *locked):
        assert text.code == 0
        assert "skipped" in text.err
    assert prompt.aifctl("run", "--lock", "job:wait=300ms", *locked).code == 75
    assert prompt.aifctl("run", "--lock", "other", *locked).code == 0
    assert len(prompt.journals()) == 2

    holder.send_signal(signal.SIGTERM)
    assert prompt.finish(holder).code == 143
    assert prompt.aifctl("run", "--lock", "job", *locked).code == 0


def test_whoever_waits_for_a_lock_gets_it_when_its_holder_dies(prompt: Prompt) -> None:
    prompt.break_("hang@r001n02")
    holder = prompt.hanging("run", "r001n02", "--lock", "job", "--deadline", "60s", "--", "hostname")
    waiting = prompt.start("run", "r001n01", "--lock", "job:wait=40s", "--deadline", "60s", "--", "true")
    holder.kill()
    holder.communicate()
    assert prompt.finish(waiting).code == 0


@pytest.mark.parametrize(
    ("args", "code", "job"),
    [
        (("run", "@all", "--lock", "job", "--", "true"), 2, "job"),
        (("run", "@all", "--lock", "job!", "--deadline", "1m", "--", "true"), 2, "job!"),
        (("run", "@all", "--width", "many", "--", "true"), 2, "run"),
        (("run", "nosuch", "--", "true"), 2, "run"),
        (("run", "--", "true"), 2, "run"),
        (("run", "@all", "-o", "nosuch", "--", "true"), 2, "run"),
        (("run", "@all", "--state-dir", "/dev/null/state", "--", "true"), 6, "run"),
        (("run", "@all", "--inventory", "/nonexistent", "--", "true"), 6, "run"),
        (("run", "@all", "--heartbeat-url", "file:/nonexistent", "--", "true"), 6, "run"),
        (("run", "@all", "--max-failed", "some", "--", "true"), 2, "run"),
        (("push", "@all", "/etc/hostname", "/tmp/x", "--confirm-hash", "0" * 12), 5, "push"),
    ],
)
def test_the_text_file_tells_of_every_end_that_came_before_the_nodes(
    prompt: Prompt, aifctl: InProcess, tmp_path: Path, args: tuple[str, ...], code: int, job: str
) -> None:
    prom = tmp_path / "a.prom"
    assert aifctl(args[0], f"--textfile={prom}", *args[1:]).code == code
    found = metrics(prom)
    assert found[f'exit_code{{name="{job}"}}'] == code
    assert found[f'attempt_timestamp_seconds{{name="{job}"}}'] > 0
    assert not [name for name in found if name.startswith("last_success")]
    assert [path.name for path in tmp_path.glob("*.prom*")] == ["a.prom"]


def test_the_text_file_tells_of_coverage_and_keeps_the_last_success(prompt: Prompt, tmp_path: Path) -> None:
    prom = tmp_path / "a.prom"
    args = ("run", "r001n[01-02]", "--textfile", str(prom), "--", "true")
    assert prompt.aifctl(*args).code == 0
    first = metrics(prom)
    success = 'last_success_timestamp_seconds{name="run"}'
    assert first[success] == first['attempt_timestamp_seconds{name="run"}']
    assert first['coverage_ratio{name="run"}'] == 1

    prompt.break_("refused@r001n02")
    assert prompt.aifctl(*args).code == 3
    second = metrics(prom)
    assert second['exit_code{name="run"}'] == 3
    assert second['coverage_ratio{name="run"}'] == 0.5
    assert second['nodes{name="run",outcome="refused"}'] == 1
    assert second[success] == first[success]
    assert second['attempt_timestamp_seconds{name="run"}'] > first[success]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_text_file_tells_of_a_signal(prompt: Prompt, tmp_path: Path, number: signal.Signals, code: int) -> None:
    prompt.break_("hang@r001n02")
    prom = tmp_path / "a.prom"
    process = prompt.hanging("run", "r001n02", "--textfile", str(prom), "--", "hostname")
    process.send_signal(number)
    assert prompt.finish(process).code == code
    assert metrics(prom)['exit_code{name="run"}'] == code


def test_a_skip_is_an_attempt_and_no_success(prompt: Prompt, tmp_path: Path) -> None:
    prompt.break_("hang@r001n02")
    prom = tmp_path / "a.prom"
    holder = prompt.hanging("run", "r001n02", "--lock", "job", "--deadline", "60s", "--", "hostname")
    skip = ("--lock", "job:skip", "--deadline", "60s", "--textfile", str(prom))
    assert prompt.aifctl("run", "r001n01", *skip, "--", "true").code == 0
    assert 'attempt_timestamp_seconds{name="job"}' in metrics(prom)
    assert not [name for name in metrics(prom) if name.startswith("last_success")]
    holder.kill()
    holder.communicate()


def test_a_signal_while_it_waits_for_its_turn_is_written_down_and_nothing_was_sent(
    prompt: Prompt, tmp_path: Path
) -> None:
    prom = tmp_path / "a.prom"
    process = prompt.start("run", "@all", "--jitter", "1000d", "--textfile", str(prom), "-o", "json", "--", "true")
    prompt.wait_sleeping(process)
    process.send_signal(signal.SIGTERM)
    said = prompt.finish(process)
    assert (said.code, said.envelope()["exit"]) == (143, 143)
    assert metrics(prom)['exit_code{name="run"}'] == 143
    assert prompt.journals() == []


@pytest.fixture
def heartbeats() -> Iterator[tuple[str, list[str]]]:
    """Give an address on loopback and the paths that were called there."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", paths
        server.shutdown()
        thread.join()


def test_a_heartbeat_is_sent_where_all_were_looked_at_and_its_address_is_never_shown(
    prompt: Prompt, heartbeats: tuple[str, list[str]]
) -> None:
    address, paths = heartbeats
    url = prompt.home / "url"
    url.write_text(f"{address}/ping/3f2a-secret\n")
    url.chmod(0o600)
    args = ("run", "r001n[01-02]", "--heartbeat-url", f"file:{url}", "-o", "json", "-v", "--", "hostname")
    done = prompt.aifctl(*args)
    assert (done.code, paths) == (0, ["/ping/3f2a-secret"])

    prompt.break_("refused@r001n02")
    missed = prompt.aifctl(*args)
    assert (missed.code, len(paths)) == (3, 1)

    url.write_text("http://127.0.0.1:9/ping/3f2a-secret\n")
    prompt.cure()
    failed = prompt.aifctl(*args)
    assert failed.code == 0
    assert "heartbeat" in failed.err
    written = "".join(path.read_text(errors="replace") for path in prompt.state.rglob("*") if path.is_file())
    assert "3f2a-secret" not in done.out + done.err + missed.err + failed.out + failed.err + written


def test_a_heartbeat_that_others_can_read_is_refused(prompt: Prompt, aifctl: InProcess) -> None:
    url = prompt.home / "url"
    url.write_text("http://127.0.0.1:9/3f2a-secret\n")
    url.chmod(0o644)
    said = aifctl("run", "r001n01", "--heartbeat-url", f"file:{url}", "--", "true")
    assert said.code == 6
    assert "chmod 600" in said.err
    assert "3f2a-secret" not in said.err
    assert aifctl("run", "r001n01", "--heartbeat-url", "http://127.0.0.1:9/3f2a-secret", "--", "true").code == 2


def test_quiet_leaves_stderr_to_errors(prompt: Prompt) -> None:
    prompt.break_("refused@r001n02")
    said = prompt.aifctl("run", "r001n[01-02]", "-q", "--", "true")
    assert (said.code, said.err) == (3, "")
    assert re.search(r"r001n02.*refused", said.out)


def test_only_changes_tells_what_is_not_as_it_was(prompt: Prompt) -> None:
    args = ("run", "r001n[01-02]", "--only-changes", "--", "hostname")
    assert set(prompt.json(*args).outcomes()) == {"r001n01", "r001n02"}
    assert prompt.json(*args).outcomes() == {}
    prompt.break_("refused@r001n02")
    changed = prompt.json(*args)
    assert (changed.code, changed.outcomes()) == (3, {"r001n02": "refused"})
    assert changed.envelope()["coverage"]["asked"] == 2
