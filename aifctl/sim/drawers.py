"""Reads a drawer: walks a package and gives what each of its files ends in."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def read_drawer(package: ModuleType, constant: str) -> list[Any]:
    """Return that constant of every file in the package, in order of file name."""
    found = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [getattr(importlib.import_module(f"{package.__name__}.{name}"), constant) for name in found]
