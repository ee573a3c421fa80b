"""Nothing in the checkout knows the machine that it was written on."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.house.source import CHECKOUT

_PLACES = re.compile("|".join(["/work" + "/", "/tmp/" + "setup", r"/home/(?!ops|operator|aifctl|jane|alice)[a-z]+/"]))


def _tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.decode().split("\0") if name]


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    own = str(CHECKOUT)
    found = []
    for name in _tracked():
        file = CHECKOUT / name
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        found += [f"{name}: {match[0]}" for match in _PLACES.finditer(text)] + (
            [f"{name}: {own}"] if own in text else []
        )
    assert found == []


def test_planted_paths_are_seen() -> None:
    assert _PLACES.search("see /work" + "/main/x")
    assert not _PLACES.search("aifctl/work of /home/ops/.ssh/config")
