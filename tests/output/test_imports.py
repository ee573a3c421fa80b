"""What a format loads: a proxy for the time that it takes to start."""

from __future__ import annotations

import subprocess
import sys

import pytest

_WRITE = """
import importlib, os, sys
from aifctl.core.report import RUN, Column, Head, Kind, Report
from aifctl.output.format import Page
from aifctl.output.pipe import TextPipe
from aifctl.output.sink import open_sink
name = sys.argv[1]
kind = RUN if sys.argv[2] == "run" else Kind(name="N", columns=(Column(key="node", title="node"),))
formats = {name: importlib.import_module(f"aifctl.output.formats.{name}").FORMAT}
null = TextPipe(os.open(os.devnull, os.O_WRONLY))
sink = open_sink(name, formats, page=Page(), stdout=null, stderr=null)
sink.open(Head(kind=kind))
sink.item({"node": "n1", "outcome": "ok"})
sink.close(Report())
heavy = {"rich", "tabulate", "typer", "asyncio", "asyncssh", "yaml", "ClusterShell"}
print(*sorted(heavy & set(sys.modules)))
"""


def loaded(name: str, kind: str) -> set[str]:
    command = [sys.executable, "-c", _WRITE, name, kind]
    return set(subprocess.run(command, check=True, capture_output=True, text=True, timeout=50).stdout.split())


@pytest.mark.parametrize("name", ["count", "nodeset", "plain", "json", "jsonl", "csv", "tsv"])
@pytest.mark.parametrize("kind", ["run", "rows"])
def test_formats_for_programs_load_nothing_heavy(name: str, kind: str) -> None:
    assert loaded(name, kind) == set()


def test_a_run_in_a_table_loads_nothing_heavy() -> None:
    assert loaded("table", "run") == set()


def test_rows_for_a_file_are_aligned_without_rich() -> None:
    assert loaded("table", "rows") == {"tabulate"}
