"""The two commands of the README: what make says, and what the suite may do to a machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.source import CHECKOUT

TARGETS = ("demo", "test", "deps", "check", "soak", "bench", "completions", "lock", "clean")

# What make itself needs of a machine; everything else is kept off PATH.
_TOOLS = ("bash", "sh", "awk", "mkdir", "touch")

_INSIDE = """
import os, socket, subprocess
from pathlib import Path

import pytest

def test_the_checkout_is_read_only():
    with pytest.raises(OSError, match="Read-only"):
        Path({checkout!r}, "written-by-a-test").touch()

def test_there_is_no_network_but_loopback():
    names = [line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]]
    assert names == ["lo"] or {user}
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

def test_home_and_temporary_files_are_the_suites_own():
    Path.home().joinpath("file").touch()
    assert "aifctl-test." in str(Path.home()) and "aifctl-test." in os.environ["TMPDIR"]

def test_a_process_that_a_test_forgets():
    subprocess.Popen(["sleep", {marker!r}], start_new_session=True).returncode = 0

@pytest.mark.lab
@pytest.mark.skip(reason="the moon is not full")
def test_lab(): ...
"""


def test_help_names_every_target() -> None:
    said = subprocess.run(["make", "help"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert [target for target in TARGETS if f"make {target} " not in said] == []


def test_make_alone_is_help() -> None:
    said = [subprocess.run(["make", *words], cwd=CHECKOUT, capture_output=True, check=True) for words in ([], ["help"])]
    assert said[0].stdout == said[1].stdout


def test_without_a_python_one_sentence_names_the_packages(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(CHECKOUT / name, tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in _TOOLS:
        (tools / tool).symlink_to(shutil.which(tool) or "/nowhere")
    make = shutil.which("make")
    assert make is not None
    done = subprocess.run(
        [make, "demo"], cwd=tmp_path, env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].endswith("as root: apt-get install -y make python3-venv git")
    assert not (tmp_path / ".venv").exists()


@pytest.mark.skipif(not (CHECKOUT / ".venv/ready").exists(), reason="the suite runs in make's own environment")
def test_the_suite_leaves_the_machine_as_it_was_and_says_what_it_skipped(tmp_path: Path) -> None:
    marker = f"98765.{os.getpid()}"
    tests = tmp_path / "test_inside.py"
    tests.write_text(_INSIDE.format(checkout=str(CHECKOUT), marker=marker, user=os.geteuid() != 0))
    env = {name: value for name, value in os.environ.items() if name != "CI"} | {
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": str(CHECKOUT),
    }
    done = subprocess.run(
        [CHECKOUT / "tests/suite.sh", "test", "-c", "pyproject.toml", "-p", "tests.conftest", tests],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["skipped, and why:", "  1 the moon is not full"]
    left = [file for file in Path("/proc").glob("[0-9]*/cmdline") if marker.encode() in _read(file)]
    assert left == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["test_inside.py"]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # ended while we looked
