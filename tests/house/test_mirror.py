"""tests/ mirrors aifctl/: what a room does is tried by the tests of that room.

A module is mirrored when a test of its own room imports it, or is named after it, or when it is a part (imported by
name) of a module of its room that is. Drawers' files are read by their loader.
"""

from __future__ import annotations

from tests.house.source import Source, imports, parse, sources
from tests.house.test_drawers import drawer_of

#: Tried through `aifctl` itself, in subprocesses and in process, all over tests/.
_ENTRANCE = frozenset({"", "__main__", "main", "cli", "wiring"})
#: What it holds has no behaviour of its own; its contract suites are tests/ports.
_PROTOCOLS = frozenset({"ports"})


def room(module: str) -> str:
    return module.split(".")[1] if module.count(".") else ""


def mirrored(modules: dict[str, Source], tests: list[Source]) -> set[str]:
    by_room: dict[str, list[Source]] = {}
    for test in tests:
        by_room.setdefault(room(test.module), []).append(test)
    found = {
        name
        for name in modules
        for test in by_room.get(room(name), [])
        if name in imports(test) or test.module.rpartition(".")[2] == f"test_{name.rpartition('.')[2]}"
    }
    waiting = list(found)
    while waiting:
        name = waiting.pop()
        parts = {part for part in imports(modules[name]) & set(modules) if room(part) == room(name)}
        waiting += parts - found
        found |= parts
    return found


_MODULES = {source.module: source for source in sources("aifctl") if not source.path.endswith("__init__.py")}
_MIRRORED = mirrored(_MODULES, list(sources("tests")))
_OWED = [
    name for name, source in _MODULES.items() if room(name) not in _ENTRANCE | _PROTOCOLS and not drawer_of(source)
]


def test_every_module_is_tried_by_the_tests_of_its_room() -> None:
    assert sorted(set(_OWED) - _MIRRORED) == []


def test_an_orphan_is_seen() -> None:
    modules = {
        name: parse(text)
        for name, text in {
            "aifctl.fleet.named": "import os",
            "aifctl.fleet.imported": "from aifctl.fleet import part",
            "aifctl.fleet.part": "",
            "aifctl.fleet.orphan": "",
            "aifctl.core.elsewhere": "",
        }.items()
    }
    tests = [
        parse("", "tests/fleet/test_named.py"),
        parse("from aifctl.fleet.imported import it", "tests/fleet/test_other.py"),
        parse("import aifctl.core.elsewhere", "tests/fleet/test_third.py"),
    ]
    assert set(modules) - mirrored(modules, tests) == {"aifctl.fleet.orphan", "aifctl.core.elsewhere"}
