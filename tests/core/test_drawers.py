"""A drawer is read by walking its package; no file of it is named anywhere."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from aifctl.core.drawers import modules_below, names_in, read_drawer


@pytest.fixture
def drawer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Make a package of two files and a folder."""
    folder = tmp_path / "planted_drawer"
    (folder / "deeper").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "second.py": "CHECK = 'b'",
        "first.py": "CHECK = 'a'",
        "deeper/__init__.py": "CHECK = 'c'",
        "deeper/below.py": "CHECK = 'd'",
    }.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith("planted_drawer")]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("planted_drawer")


def test_names_are_read_in_order_without_importing_a_file(drawer: ModuleType) -> None:
    assert names_in(drawer) == ["deeper", "first", "second"]
    assert "planted_drawer.first" not in sys.modules


def test_each_file_gives_its_constant(drawer: ModuleType) -> None:
    assert read_drawer(drawer, "CHECK") == ["c", "a", "b"]


def test_sites_add_theirs_by_entry_points_after_our_own_in_order_of_their_names(
    drawer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [
        metadata.EntryPoint(name=name, value=f"planted_drawer.{file}:CHECK", group="aifctl.checks")
        for name, file in (("z", "first"), ("y", "deeper.below"))
    ]
    monkeypatch.setattr(metadata, "entry_points", lambda *, group: [one for one in points if one.group == group])
    assert read_drawer(drawer, "CHECK", group="aifctl.checks") == ["c", "a", "b", "d", "a"]


def test_all_modules_at_any_depth_are_found(drawer: ModuleType) -> None:
    below = ["planted_drawer.deeper", "planted_drawer.deeper.below", "planted_drawer.first", "planted_drawer.second"]
    assert sorted(module.__name__ for module in modules_below(drawer)) == below
