"""What cron needs of a sweep: one at a time, in its time, a text file on every end, a heartbeat that tells the truth, no noise."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.prompt import InProcess, Prompt
from tests.cli.test_cron import metrics
from tests.fakes.receiver import Receiver, listening

pytestmark = pytest.mark.ssh

SICK = "r002n03"
CRON = ("--lock", "sweep:skip", "--deadline", "60s")


def valid(prom: Path) -> dict[str, float]:
    """Return the samples of a text file, which Prometheus' own tool has nothing against where there is one."""
    if promtool := shutil.which("promtool"):
        done = subprocess.run(
            [promtool, "check", "metrics"], input=prom.read_text(), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, ""), done
    return metrics(prom)


@pytest.fixture
def beats(prompt: Prompt) -> Iterator[tuple[Receiver, str]]:
    """A receiver of heartbeats, and how it is named on a command line."""
    receiver = Receiver()
    with listening(receiver):
        file = prompt.home / "beat.url"
        file.touch(mode=0o600)
        file.write_text(receiver.address)
        yield receiver, f"file:{file}"


def test_two_crons_at_once_are_one_sweep(prompt: Prompt, tmp_path: Path) -> None:
    prompt.break_("hang@r001n02")
    prom = tmp_path / "sweep.prom"
    holder = prompt.hanging("sweep", *CRON)
    skipped = prompt.aifctl("sweep", *CRON, "--textfile", str(prom))
    assert (skipped.code, skipped.out) == (0, ""), skipped
    assert f"pid {holder.pid}" in skipped.err
    page = prompt.aifctl("sweep", *CRON, "-o", "html")
    assert (page.code, f"pid {holder.pid}" in page.out, page.out.endswith("</html>\n")) == (0, True, True), page
    assert not [name for name in valid(prom) if name.startswith("last_success")], "a skip is no success"
    for said in prompt.both("sweep", "--lock", "sweep", "--deadline", "60s"):
        assert said.code == 75, said
    assert len(prompt.journals()) == 1
    holder.send_signal(signal.SIGTERM)
    assert prompt.finish(holder).code == 143


def test_at_its_deadline_what_was_seen_is_told_and_kept(
    prompt: Prompt, beats: tuple[Receiver, str], tmp_path: Path
) -> None:
    receiver, url = beats
    prompt.break_("hang@r001n02", f"gpu-lost@{SICK}")
    prom = tmp_path / "sweep.prom"
    cut = prompt.json("sweep", "--deadline", "4s", "--textfile", str(prom), "--heartbeat-url", url)
    envelope = cut.envelope()
    assert (cut.code, envelope["exit"], envelope["complete"]) == (124, 124, False), cut
    assert [node for node, item in cut.items().items() if item["result"] is None] == ["r001n02"]
    told = valid(prom)
    assert told['exit_code{name="sweep"}'] == 124
    assert told['answered_nodes{name="sweep"}'] == 23
    assert receiver.letters == []
    conditions = prompt.json("status").envelope()["summary"]["conditions"]
    assert (conditions["ok"], conditions["fault"], conditions["unseen"]) == (22, 1, 1)


@pytest.mark.parametrize(
    ("args", "code", "job"),
    [
        pytest.param(("nosuch",), 2, "sweep", id="no such node"),
        pytest.param(("--lock", "night"), 2, "night", id="a lock without a deadline"),
        pytest.param(("--fail-on", "smoke"), 2, "sweep", id="no such result"),
        pytest.param(("--fail-on",), 2, "sweep", id="an option without its value"),
        pytest.param(("--nosuch",), 2, "sweep", id="no such option"),
        pytest.param(("--min-coverage", "many"), 2, "sweep", id="no such share"),
        pytest.param(("--profile", "h200-nosuch"), 2, "sweep", id="no such profile"),
        pytest.param(("--resume", "latest"), 2, "sweep", id="nothing to go on with"),
        pytest.param(("@all", "--resume", "latest"), 2, "sweep", id="a selector and a sweep to go on with"),
        pytest.param(("-o", "nosuch"), 2, "sweep", id="no such format"),
        pytest.param(("-o", "nagios", "--nosuch"), 3, "sweep", id="Nagios and no such option"),
        pytest.param(("--inventory", "/nonexistent"), 6, "sweep", id="no inventory"),
        pytest.param(("--state-dir", "/dev/null/state"), 6, "sweep", id="no state directory"),
        pytest.param(("--heartbeat-url", "file:/nonexistent"), 6, "sweep", id="no address of the heartbeat"),
    ],
)
def test_the_text_file_tells_of_an_end_before_the_first_node(
    prompt: Prompt, aifctl: InProcess, tmp_path: Path, args: tuple[str, ...], code: int, job: str
) -> None:
    prom = tmp_path / "sweep.prom"
    said = aifctl("sweep", f"--textfile={prom}", *args)
    assert (said.code, "Traceback" in said.err) == (code, False), said
    told = valid(prom)
    assert told[f'exit_code{{name="{job}"}}'] == (2 if code == 3 else code)
    assert not [name for name in told if name.startswith("last_success")]
    assert [path.name for path in tmp_path.glob("*.prom*")] == ["sweep.prom"]


def test_a_heartbeat_is_sent_for_a_fleet_that_was_seen_well_or_sick_and_for_no_other(
    prompt: Prompt, aifctl: InProcess, beats: tuple[Receiver, str], tmp_path: Path
) -> None:
    receiver, url = beats
    prom = tmp_path / "sweep.prom"
    args = ("sweep", "--heartbeat-url", url, "--textfile", str(prom))
    prompt.break_(f"gpu-lost@{SICK}")
    assert aifctl(*args).code == 1  # somebody looked, and found something
    assert len(receiver.letters) == 1
    seen = valid(prom)
    success = 'last_success_timestamp_seconds{name="sweep"}'
    assert (seen['exit_code{name="sweep"}'], seen['coverage_ratio{name="sweep"}']) == (1, 1)

    prompt.break_("probe-garbage@@rack:r004")  # 20 of 24: below 98 %, and a rack that nobody could judge
    assert aifctl(*args).code == 3
    assert len(receiver.letters) == 1
    blind = valid(prom)
    assert (blind['answered_nodes{name="sweep"}'], blind[success]) == (20, seen[success])


def test_quiet_and_only_changes_are_silent_until_something_is_new(prompt: Prompt, aifctl: InProcess) -> None:
    for word in ("--quiet", "--only-changes"):
        first = aifctl("sweep", word)
        assert (first.code, first.out, first.err) == (0, "", ""), first
    prompt.break_(f"gpu-lost@{SICK}")
    new = aifctl("sweep", "--only-changes")
    assert (new.code, SICK in new.out) == (1, True), new
    same = aifctl("sweep", "--only-changes")
    assert (same.code, same.out, same.err) == (1, "", ""), same
    prompt.cure()
    gone = aifctl("sweep", "--only-changes")
    assert (gone.code, SICK in gone.out) == (0, True), gone
    assert aifctl("sweep", "--quiet", "--only-changes").out == ""


def test_jitter_waits_a_while_of_its_own_and_then_sweeps(prompt: Prompt) -> None:
    assert prompt.json("sweep", "@rack:r001", "--jitter", "1s").code == 0
