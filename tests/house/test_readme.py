"""The README knows every command, and its layout names every room."""

from __future__ import annotations

import re

import pytest

from aifctl.cli.nouns import NOUNS
from tests.house.source import CHECKOUT

README = CHECKOUT / "README.md"

pytestmark = pytest.mark.skipif(not README.exists(), reason="there is no README yet")


@pytest.fixture
def text() -> str:
    return README.read_text(encoding="utf-8")


@pytest.mark.parametrize("noun", NOUNS)
def test_every_command_is_mentioned(text: str, noun: str) -> None:
    assert re.search(rf"\baifctl\b[^\n]*\b{noun}\b", text)


@pytest.mark.parametrize("target", ["demo", "test", "deps", "check", "soak", "bench"])
def test_every_target_is_mentioned(text: str, target: str) -> None:
    assert f"make {target}" in text


def test_the_layout_names_every_room(text: str) -> None:
    rooms = {path.name for path in (CHECKOUT / "aifctl").iterdir() if (path / "__init__.py").exists()}
    assert [room for room in sorted(rooms) if not re.search(rf"^ *(aifctl/)?{room}/", text, flags=re.MULTILINE)] == []


def test_every_file_it_points_to_is_there(text: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert [link for link in links if not (CHECKOUT / link).exists()] == []


@pytest.mark.parametrize(
    "client", ["aifctl run", "aifctl shell", "parallel-ssh", "clush", "pdsh", "ansible", "asyncssh"]
)
def test_the_measured_table_has_a_line_with_figures_for_each_client(text: str, client: str) -> None:
    assert re.search(rf"^\| `?{client}[^|]*\| +[\d,]+ \| +\d+\.\d+ \|", text, flags=re.MULTILINE)
