"""The checkout as the house tests see it: which files there are, parsed once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One Python file; `path` is relative to the checkout."""

    path: str
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """The dotted name, of a package for its __init__.py."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def sources(*tops: str) -> tuple[Source, ...]:
    """Return every Python file below these folders of the checkout, in order."""
    return tuple(source for top in tops for source in _read(CHECKOUT / top))


def parse(text: str, path: str = "aifctl/room/planted.py") -> Source:
    """Return a source of a test's own, to prove that a rule sees what it forbids."""
    return Source(path=path, text=text, tree=ast.parse(text))


@cache
def imports(source: Source) -> frozenset[str]:
    """Return what a file imports, wherever in it: modules, and module.name for names taken from them."""
    found: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (origin := _origin(node, source)):
            found |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _origin(node: ast.ImportFrom, source: Source) -> str:
    """Return where names are taken from, dots in front resolved."""
    if not node.level:
        return node.module or ""
    package = source.module.split(".") if source.path.endswith("__init__.py") else source.module.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])


def _read(folder: Path) -> Iterator[Source]:
    for file in sorted(folder.rglob("*.py")):
        yield parse(file.read_text(encoding="utf-8"), file.relative_to(CHECKOUT).as_posix())
