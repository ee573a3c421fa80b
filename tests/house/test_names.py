"""Names say what a thing is: no rooms for leftovers, no ambiguous units, no words of two meanings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.source import Source, parse, sources

BANNED_MODULES = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "base"})

_QUANTITY = re.compile(
    r"(^|_)(timeout|delay|interval|duration|elapsed|deadline|grace|age|ttl|latency|size|memory|bandwidth|busbw|algbw"
    r"|temperature|power|clock_rate|link_rate)$"
)
_NUMBERS = {"int", "float", "int | None", "float | None"}


def banned_parts(source: Source) -> list[str]:
    parts = source.path.removesuffix(".py").split("/")
    return [part for part in parts if part.removeprefix("test_").strip("_") in BANNED_MODULES]


def unitless(source: Source) -> Iterator[str]:
    """Find numbers named after a quantity, and not after its unit: `timeout: float` in place of `timeout_s`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name, number = node.target.id, ast.unparse(node.annotation) in _NUMBERS
        elif isinstance(node, ast.arg):
            name, number = node.arg, node.annotation is not None and ast.unparse(node.annotation) in _NUMBERS
        else:
            continue
        if number and _QUANTITY.search(name):
            yield f"{source.path}:{node.lineno}: {name} ends in no unit: _s, _ms, _w, _c, _mhz, _bytes, _mib, _count"


def test_no_module_is_a_room_for_leftovers() -> None:
    assert [source.path for source in sources("aifctl", "tests") if banned_parts(source)] == []


def test_a_number_that_has_a_unit_ends_in_it() -> None:
    assert [line for source in sources("aifctl") for line in unitless(source)] == []


def test_the_rate_that_may_be_bits_or_bytes_is_named_nowhere() -> None:
    word = "gb" + "ps"  # the word does not say which
    assert [source.path for source in sources("aifctl", "tests") if word in source.text.lower()] == []


def test_planted_names_are_seen() -> None:
    assert banned_parts(parse("", "aifctl/fleet/utils.py")) == ["utils"]
    assert banned_parts(parse("", "aifctl/common/x.py")) == ["common"]
    assert banned_parts(parse("", "aifctl/fleet/commoner.py")) == []
    planted = "class A:\n    timeout: float = 1.0\n    size: int\n    grace_s: float\n    size_of: str\n"
    assert [line.split()[1] for line in unitless(parse(planted))] == ["timeout", "size"]
    assert len(list(unitless(parse("def f(*, connect_timeout: float | None, age_s: float): ...")))) == 1
