"""Whatever stands in a file, there is an answer or a list of mistakes, and never a traceback."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.core.errors import InventoryError
from aifctl.core.printable import printable_line
from aifctl.roster.hostfile import parse_hostfile
from tests.fuzzing import examples
from tests.roster.inventories import SHIPPED, mistakes_in, open_drawer, roster

_DEMO = (SHIPPED / "demo" / "fleet.yaml").read_text()
_SCRAPS = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ":",
        "~",
        "\n",
        "  ",
        "- ",
        "#",
        "'",
        '"',
        "&a ",
        "*a",
        "!x ",
        "<<: ",
        "0",
        "-1",
        "{node#}",
        ",",
        "@",
        "é",
        "\t",
        "null",
        "99999999999999999999",
    ]
) | st.text(max_size=4)
_CUTS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 12), _SCRAPS), min_size=1, max_size=4)


def _spoiled(text: str, cuts: list[tuple[int, int, str]]) -> str:
    for position, length, scrap in cuts:
        at = position % (len(text) + 1)
        text = text[:at] + scrap + text[at + length :]
    return text


@settings(max_examples=examples(150))
@given(_CUTS)
def test_a_spoiled_inventory_is_read_or_its_mistakes_are_told(cuts: list[tuple[int, int, str]]) -> None:
    for mistake in mistakes_in(_spoiled(_DEMO, cuts)):
        assert mistake.startswith("a.yaml")
        assert printable_line(mistake) == mistake


_WRITTEN = {
    each.name: "".join(
        text
        for _, text in roster()
        .export_text(roster().load(SHIPPED / "demo").fleet, format_name=each.name, names=["r01n01", "r01n02", "r09n01"])
        .files
    )
    for each in open_drawer()
}


@pytest.mark.parametrize("name", sorted(_WRITTEN))
@settings(max_examples=examples(60))
@given(cuts=_CUTS)
def test_a_spoiled_import_is_read_or_refused(name: str, cuts: list[tuple[int, int, str]]) -> None:
    with suppress(InventoryError):
        imported = roster().import_text(_spoiled(_WRITTEN[name], cuts), format_name=name)
        assert all(printable_line(sentence) == sentence for sentence in imported.lost)
        settled = [sentence for sentence in imported.lost if sentence.startswith("to be settled by hand")]
        assert len(mistakes_in(imported.yaml)) == len(settled)


@settings(max_examples=examples(100))
@given(st.text(max_size=60), _CUTS)
def test_any_hostfile_is_read_or_refused(text: str, cuts: list[tuple[int, int, str]]) -> None:
    with suppress(InventoryError):
        fleet, _ = parse_hostfile(_spoiled("r[1-2]n[1-4]\nops@n9:22\n[2001:db8::1]:22\n", cuts) + text, file="hosts")
        assert len(set(fleet.names)) == len(fleet)
