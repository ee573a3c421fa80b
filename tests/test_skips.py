"""Nothing is skipped quietly: the plumbing in conftest.py, tried on suites of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest

@pytest.mark.skip(reason="no moon tonight")
def test_plain(): ...

@pytest.mark.gpu
@pytest.mark.skip(reason="no gpu here")
def test_gpu(): ...

@pytest.mark.captures
@pytest.mark.skip(reason="no captures here")
def test_captures(): ...
"""


def _run(folder: Path, suite: str, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(Path(__file__).with_name("conftest.py").read_text(encoding="utf-8"))
    (folder / "pytest.toml").write_text('[pytest]\nmarkers = ["gpu", "captures"]\n')
    (folder / "test_suite.py").write_text(suite)
    ours = ("AIFCTL_", "PYTEST_")
    env = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith(ours)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args]
    return subprocess.run(command, cwd=folder, env=env | environ, capture_output=True, text=True, check=False)


def test_a_skip_fails_in_ci_and_says_why(tmp_path: Path) -> None:
    run = _run(tmp_path, SUITE, CI="true")
    assert run.returncode == 1
    assert "2 skipped, 1 error" in run.stdout
    assert "CI=true forbids: no moon tonight" in run.stdout


def test_outside_ci_a_skip_stays_a_skip(tmp_path: Path) -> None:
    assert "3 skipped" in _run(tmp_path, SUITE).stdout


def test_captures_that_are_there_must_be_used_in_ci(tmp_path: Path) -> None:
    run = _run(tmp_path, SUITE, CI="true", AIFCTL_CAPTURES="/captures")
    assert "1 skipped, 2 errors" in run.stdout


def test_a_module_that_skips_itself_fails_in_ci(tmp_path: Path) -> None:
    suite = 'import pytest\npytest.importorskip("no_such_module_here")\ndef test_it(): ...\n'
    run = _run(tmp_path, suite, CI="true")
    assert run.returncode != 0
    assert "CI=true forbids" in run.stdout


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_every_skip_is_handed_on_once(tmp_path: Path, workers: tuple[str, ...]) -> None:
    skips = tmp_path / "skips"
    _run(tmp_path, SUITE, *workers, AIFCTL_SKIPS=str(skips))
    assert sorted(skips.read_text().splitlines()) == ["no captures here", "no gpu here", "no moon tonight"]


def test_a_test_sees_neither_this_machines_settings_nor_its_agent(tmp_path: Path) -> None:
    suite = """
import os
def test_environment():
    assert "AIFCTL_INVENTORY" not in os.environ and "SSH_AUTH_SOCK" not in os.environ
    assert os.environ["HOME"] != "/somewhere" and os.environ["AIFCTL_CAPTURES"] == "kept"
"""
    run = _run(tmp_path, suite, AIFCTL_INVENTORY="x", SSH_AUTH_SOCK="y", HOME="/somewhere", AIFCTL_CAPTURES="kept")
    assert "1 passed" in run.stdout, run.stdout
