"""The tour that `make demo` shows, and its machinery with a stand-in for aifctl."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from aifctl.core.exit_codes import ExitCode
from aifctl.sim.demo import TOUR, Demo, Step

pytestmark = pytest.mark.ssh

#: Answers `reach` by dialling a node of the inventory it was given, and everything else as its words say.
_STAND_IN = """
import os, re, socket, sys
words = sys.argv[1:]
if words[0] == "reach":
    text = open(os.environ["AIFCTL_INVENTORY"]).read()
    sock = socket.create_connection((words[1], int(re.search(r"port: (\\d+)", text)[1])), timeout=1)
    print(sock.makefile("rb").readline().decode())
elif words[0] == "environment":
    print(*sorted(key for key in os.environ if key.startswith(("AIFCTL_", "SSH_"))))
elif words[0] == "wait":
    print("waiting", os.environ["AIFCTL_STATE_DIR"], flush=True); import time; time.sleep(600)
else:
    print(*words[1:]); sys.exit(int(words[0]))
"""


def toured(steps: Sequence[Step], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ExitCode, str, list[str]]:
    """Run a tour over the stand-in; returns its exit code, all it printed, and its surprises."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out = io.BytesIO()
    environ = {**os.environ, "AIFCTL_STATE": "other", "SSH_AUTH_SOCK": "/agent"}
    demo = Demo(out, environ=environ, program=(sys.executable, "-c", _STAND_IN))
    return demo.tour(tuple(steps)), out.getvalue().decode(), demo.surprises


def test_a_tour_in_which_all_goes_as_it_must_ends_with_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [
        Step(about="First.", argv=("0", "hello world"), says=("hello world",)),
        Step(about="Ill.", argv=("3", "partly"), expected=ExitCode.COVERAGE),
        Step(about="A real node answers.", argv=("reach", "127.1.1.1"), says=("SSH-2.0-",)),
    ]
    code, printed, surprises = toured(steps, tmp_path, monkeypatch)
    assert (code, surprises) == (ExitCode.OK, [])
    assert "# First.\n$ aifctl 0 'hello world'\nhello world\n" in printed
    assert list(tmp_path.iterdir()) == []


def test_a_tour_with_a_wrong_exit_code_or_a_missing_text_says_so_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [Step(about="a", argv=("1", "x")), Step(about="b", argv=("0", "x"), says=("never printed",))]
    code, printed, surprises = toured(steps, tmp_path, monkeypatch)
    assert code is ExitCode.BUG
    assert surprises == ["`aifctl 1 x` ended with 1, not 0", "`aifctl 0 x` did not print 'never printed'"]
    assert "NOT AS EXPECTED" in printed


def test_sick_nodes_are_sick_until_the_tour_mends_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = "127.1.7.1"
    steps = [
        Step(about="ill", argv=("reach", refused), expected=ExitCode.FINDINGS, says=("refused",)),
        Step(about="well", argv=("reach", refused), says=("SSH-2.0-",), healed=True),
    ]
    assert toured(steps, tmp_path, monkeypatch)[2] == []


def test_the_commands_see_the_simulated_fleet_and_nothing_of_the_persons_own_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [Step(about="e", argv=("environment",), says=("AIFCTL_INVENTORY AIFCTL_SSH_CONFIG AIFCTL_STATE_DIR\n",))]
    assert toured(steps, tmp_path, monkeypatch)[2] == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_a_tour_that_is_interrupted_or_killed_leaves_no_node_behind(tmp_path: Path, name: str) -> None:
    code = (
        "import sys\nfrom aifctl.sim.demo import Demo, Step\nimport os\n"
        f"Demo(sys.stdout.buffer, environ=os.environ, program=(sys.executable, '-c', {_STAND_IN!r}))"
        ".tour((Step(about='w', argv=('wait',)),))\n"
    )
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    tour = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert tour.stdout is not None
    with tour:
        while b"$ aifctl wait" not in tour.stdout.readline():
            assert tour.poll() is None
        workers = _workers(tmp_path)
        assert workers
        os.killpg(tour.pid, getattr(signal, name))
    until = time.monotonic() + 20
    while _workers(tmp_path):
        assert time.monotonic() < until
        time.sleep(0.02)
    if name == "SIGINT":
        assert list(tmp_path.iterdir()) == []


def test_the_tour_goes_as_it_says_with_the_real_commands_and_leaves_nothing(tmp_path: Path) -> None:
    """Whatever the person's own settings, terminal and locale are."""
    own = {"AIFCTL_WIDTH": "nonsense", "AIFCTL_INVENTORY": "/nonexistent", "SSH_AUTH_SOCK": "/agent", "LANG": "C"}
    done = subprocess.run(
        [sys.executable, "-m", "aifctl", "demo"],
        env={**os.environ, **own, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT AS EXPECTED" not in done.stdout
    assert done.stdout.count("\n$ aifctl ") == len(TOUR)
    assert list(tmp_path.iterdir()) == []
    assert _workers(tmp_path) == []


def test_every_step_of_the_tour_says_why_and_expects_something() -> None:
    assert all(step.about and step.argv for step in TOUR)
    assert {ExitCode.OK, ExitCode.COVERAGE, ExitCode.FINDINGS} <= {step.expected for step in TOUR}


def _workers(folder: Path) -> list[int]:
    """Return the processes whose command line names the folder: workers of a fleet that lies in it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"aifctl.sim.worker" in words and any(word.startswith(os.fsencode(folder)) for word in words):
            found.append(int(path.parent.name))
    return found
