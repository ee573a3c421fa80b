"""The top level of the repository, as whoever opens it for the first time sees it."""

from __future__ import annotations

import re
import subprocess

from tests.house.source import CHECKOUT

_ROOMS = {"aifctl", "inventory", "playbooks", "tests", "completions"}
_FILES = {"pyproject.toml", "README.md", "LICENSE", "Makefile", "requirements.lock"}


def test_only_what_belongs_there_lies_at_the_top() -> None:
    said = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    top = {name.partition("/")[0] for name in said.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} == _ROOMS | _FILES


def test_what_must_hold_before_a_change_lands_is_deps_test_and_soak_with_nothing_skipped() -> None:
    text = (CHECKOUT / ".ci/run").read_text(encoding="utf-8")
    assert re.findall(r"^make (\w+)$", text, flags=re.MULTILINE) == ["deps", "test", "soak"]
    assert "export CI=true" in text
    assert "set -e" in text
    assert (CHECKOUT / ".ci/run").stat().st_mode & 0o111


def test_the_licence_is_apache_2() -> None:
    assert "Apache License" in (CHECKOUT / "LICENSE").read_text(encoding="utf-8")
    assert 'license = "Apache-2.0"' in (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
