"""Reads a drawer: walks a package and gives what each of its files ends in; sites add theirs by entry points."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def read_drawer(package: ModuleType, constant: str, *, group: str | None = None) -> list[Any]:
    """Return that constant of every file in the package, in order of file name, then the entry points of `group`.

    An entry point names its constant: `[project.entry-points."GROUP"] NAME = "module:CONSTANT"`.
    """
    found = [getattr(importlib.import_module(f"{package.__name__}.{name}"), constant) for name in names_in(package)]
    return found + (_entry_points(group) if group else [])


def names_in(package: ModuleType) -> list[str]:
    """Return the names of a package's own files, in order, without importing them."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def modules_below(package: ModuleType) -> list[ModuleType]:
    """Import and return every module of a package, at any depth."""
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [importlib.import_module(module.name) for module in found]


def _entry_points(group: str) -> list[Any]:
    from importlib.metadata import entry_points  # noqa: PLC0415  20 ms that a light verb does not have

    return [point.load() for point in sorted(entry_points(group=group), key=lambda point: point.name)]
