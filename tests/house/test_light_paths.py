"""Light paths load nothing heavy: what they import is counted, in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = frozenset({"asyncssh", "cryptography", "paramiko", "sqlalchemy", "jinja2"})

#: Statement → top-level modules that it must not load.
LIGHT = {
    "import aifctl.main": HEAVY | {"typer", "click", "rich", "yaml", "asyncio", "ClusterShell", "tabulate"},
    "import aifctl.fleet.selector": HEAVY | {"typer", "rich", "yaml", "asyncio", "tabulate"},
    "import aifctl.fleet.fleet, aifctl.fleet.node": HEAVY | {"typer", "rich", "yaml", "asyncio", "ClusterShell"},
    "import aifctl.roster.cache": HEAVY | {"typer", "rich", "asyncio"},
    "import aifctl.cli.completion": HEAVY | {"yaml", "asyncio"},
    "import aifctl.sim.verbs": frozenset({"asyncssh", "typer", "rich"}),
    "import aifctl.ports.toolbox": HEAVY | {"typer", "rich", "yaml"},
}

_PROGRAM = "import sys, json\n{}\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"


def loaded(statement: str, folder: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(statement)], cwd=folder, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(("statement", "forbidden"), LIGHT.items())
def test_a_light_path_loads_nothing_heavy(statement: str, forbidden: frozenset[str], tmp_path: Path) -> None:
    assert loaded(statement, tmp_path) & forbidden == set()


def test_a_heavy_import_is_seen(tmp_path: Path) -> None:
    assert "asyncssh" in loaded("import asyncssh", tmp_path)
