"""Verbs that only look load nothing heavy: counted in the real command, on an inventory that has been read before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aifctl.core.state_dir import StateDir
from aifctl.core.store_url import StoreUrl
from aifctl.core.system_clock import SystemClock
from aifctl.ports.store_writes import By, NodeLook
from aifctl.store.place import find_place
from aifctl.store.store import open_store
from tests.house.source import CHECKOUT

HEAVY = {"asyncssh", "cryptography", "paramiko", "sqlalchemy", "jinja2", "prompt_toolkit", "asyncio", "yaml"}

COUNTED = """
import json, sys
from aifctl.main import main
code = main(sys.argv[1:])
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def loaded(tmp_path: Path, *words: str, codes: frozenset[int] = frozenset({0, 1})) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, *words],
        env={
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(CHECKOUT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AIFCTL_INVENTORY": str(CHECKOUT / "inventory/demo"),
            "AIFCTL_STATE_DIR": str(tmp_path / "state"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code in codes, done.stderr
    return set(modules)


@pytest.mark.parametrize(
    "words",
    [
        ("nodes", "@all", "-o", "count"),
        ("nodes", "@rack:r01", "-o", "table"),
        ("nodes", "@all", "-o", "json"),
        ("find", "r01n01"),
        ("inventory", "show", "@rack:r01", "-o", "json"),
        ("runs", "list"),
        ("status", "--map"),
        ("node", "show", "r01n01"),
        ("node", "why", "r01n01", "-o", "json"),
        ("node", "history", "r01n01"),
        ("node", "note", "@all"),
        ("node", "states"),
        ("events", "@rack:r01"),
        ("checks", "list"),
        ("--help",),
        ("run", "--help"),
        ("__complete", "selector", "@rack:"),
    ],
    ids=" ".join,
)
def test_a_verb_that_only_looks_loads_nothing_heavy(tmp_path: Path, words: tuple[str, ...]) -> None:
    loaded(tmp_path, "nodes", "-o", "count")  # the first reading of an inventory compiles its YAML
    assert loaded(tmp_path, *words) & HEAVY == set()


def test_what_goes_to_programs_and_files_is_written_without_rich(tmp_path: Path) -> None:
    loaded(tmp_path, "nodes", "-o", "count")
    for output in ("json", "jsonl", "csv", "tsv", "plain", "nodeset", "count", "table", "wide", "md"):
        assert "rich" not in loaded(tmp_path, "nodes", "@rack:r01", "-o", output), output


def test_what_is_loaded_is_seen(tmp_path: Path) -> None:
    assert "yaml" in loaded(tmp_path, "nodes", "-o", "count"), "the first reading"
    assert "typer" in loaded(tmp_path, "nodes", "-o", "count")


@pytest.mark.parametrize(
    "words",
    [
        ("node", "show", "r01n01"),
        ("node", "why", "r01n01"),
        ("node", "history", "r01n01"),
        ("events", "--since", "365d"),
        ("checks", "list"),
        ("__complete", "incident", ""),
    ],
    ids=" ".join,
)
def test_what_is_remembered_is_read_without_what_writes_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    loaded(tmp_path, "nodes", "-o", "count")
    place = find_place(StoreUrl(), StateDir(path=tmp_path / "state"))
    with open_store(place, clock=SystemClock()) as store:
        store.begin_sweep("s1", selector="@all", asked=1, probe="0123", facts={})
        store.add("s1", [NodeLook(node="r01n01", at_s=SystemClock().now().timestamp(), outcome="ok", result="ok")])
        store.note(["r01n01"], "it hums", By(who="root"))
    assert loaded(tmp_path, *words) & HEAVY == set()
