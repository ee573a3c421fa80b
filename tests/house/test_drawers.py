"""Drawers: one file, one constant at its end, and nobody imports the file."""

from __future__ import annotations

import ast

from tests.house.source import Source, imports, parse, sources

#: Folder of a drawer → the constant that each of its files ends in.
DRAWERS = {
    "aifctl/firmware/components": "COMPONENT",
    "aifctl/health/checks": "CHECK",
    "aifctl/output/formats": "FORMAT",
    "aifctl/roster/formats": "FORMAT",
    "aifctl/sim/commands": "COMMANDS",
    "aifctl/sim/faults": "FAULT",
}


def drawer_of(source: Source) -> str | None:
    folder, _, file = source.path.rpartition("/")
    return folder if folder in DRAWERS and file != "__init__.py" else None


def constants(source: Source) -> list[str]:
    """Return the public upper-case names that a file assigns at its top level."""
    names = []
    for step in source.tree.body:
        targets = (
            step.targets if isinstance(step, ast.Assign) else [step.target] if isinstance(step, ast.AnnAssign) else []
        )
        names += [target.id for target in targets if isinstance(target, ast.Name)]
    return [name for name in names if name.isupper() and not name.startswith("_")]


def ends_in(source: Source) -> str | None:
    last = source.tree.body[-1]
    return constants(parse(ast.unparse(last)))[-1] if constants(parse(ast.unparse(last))) else None


_FILES = [source for source in sources("aifctl") if drawer_of(source)]


def test_a_drawers_file_ends_in_its_one_constant() -> None:
    found = {source.path: (constants(source), ends_in(source)) for source in _FILES}
    wanted = {source.path: DRAWERS[drawer_of(source) or ""] for source in _FILES}
    assert found == {path: ([constant], constant) for path, constant in wanted.items()}


def test_nobody_imports_a_drawers_file() -> None:
    files = {source.module for source in _FILES}
    importers = [f"{source.path}: {name}" for source in sources("aifctl") for name in imports(source) & files]
    assert importers == []


def test_every_drawer_has_files() -> None:
    assert {drawer_of(source) for source in _FILES} == set(DRAWERS)


def test_planted_files_are_seen() -> None:
    assert constants(parse("FORMAT = 1\nOTHER: int = 2\n_MINE = 3\nname = 4")) == ["FORMAT", "OTHER"]
    assert ends_in(parse("FORMAT = 1\ndef f(): ...")) is None
    assert ends_in(parse("def f(): ...\nFORMAT = f()")) == "FORMAT"
