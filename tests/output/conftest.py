"""Fixtures for the reports: the drawer of formats, and a whole report written through a sink."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.report import Head, Item, Report
from aifctl.output import formats as drawer
from aifctl.output.format import Format, Page
from aifctl.output.pipe import TextPipe
from aifctl.output.sink import open_sink
from aifctl.output.terminal import TerminalFacts

Render = Callable[..., str]


@pytest.fixture(scope="session")
def formats() -> dict[str, Format]:
    """All formats in the drawer, by name."""
    names = [module.name for module in pkgutil.iter_modules(drawer.__path__)]
    found = [importlib.import_module(f"{drawer.__name__}.{name}").FORMAT for name in names]
    return {one.name: one for one in found}


@pytest.fixture
def render(formats: dict[str, Format], tmp_path: Path) -> Render:
    """Write a whole report through a sink and return what came out on stdout, decoded."""

    def write(
        name: str,
        head: Head,
        items: Iterable[Item],
        report: Report | None = None,
        *,
        terminal: TerminalFacts | None = None,
        stderr: list[str] | None = None,
        **page: Any,
    ) -> str:
        facts = terminal or TerminalFacts()
        paths = tmp_path / "stdout", tmp_path / "stderr"
        descriptors = [os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600) for path in paths]
        pipes = [TextPipe(descriptor, encoding=facts.encoding) for descriptor in descriptors]
        whole = Page(terminal=facts, now=lambda: datetime(2026, 11, 24, 0, 40, 47, tzinfo=UTC), **page)
        sink = open_sink(name, formats, page=whole, stdout=pipes[0], stderr=pipes[1])
        sink.open(head)
        for item in items:
            sink.item(item)
        sink.close(report or Report())
        for descriptor in descriptors:
            os.close(descriptor)
        if stderr is not None:
            stderr.append(paths[1].read_text())
        return paths[0].read_bytes().decode(facts.encoding)

    return write
