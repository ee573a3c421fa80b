"""The floors of the house can fail: a planted violation breaks each contract of pyproject.toml."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.source import CHECKOUT

#: Contract → a file and a line that it must not allow.
PLANTED = {
    "floors": ("aifctl/core/planted.py", "import aifctl.fleet.node"),
    "pure": ("aifctl/fleet/planted.py", "import subprocess"),
    "verbs": ("aifctl/ops/planted.py", "import asyncssh"),
    "onnode": ("aifctl/survey/planted.py", "import aifctl.onnode"),
    "sim-is-blind": ("aifctl/sim/planted.py", "import aifctl.diagnosis"),
    "thin-cli": ("aifctl/cli/planted.py", "import aifctl.transport"),
}


def _contracts() -> dict[str, str]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"]: contract["name"] for contract in project["tool"]["importlinter"]["contracts"]}


def _lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    only = [word for contract in contracts for word in ("--contract", contract)]
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", *only]
    env = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(CHECKOUT / "aifctl", tmp_path / "aifctl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_import_breaks_its_contract(copy: Path, contract: str) -> None:
    file, line = PLANTED[contract]
    (copy / file).write_text(f"from __future__ import annotations\n\n{line}\n")
    done = _lint(copy, contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "planted" in done.stdout


def test_every_contract_has_its_planted_import() -> None:
    assert set(PLANTED) == set(_contracts())


def test_a_new_room_must_be_given_a_floor(copy: Path) -> None:
    (copy / "aifctl/attic").mkdir()
    (copy / "aifctl/attic/__init__.py").write_text('"""A room that no contract knows."""\n')
    done = _lint(copy, "floors")
    assert done.returncode == 1
    assert "attic" in done.stdout
