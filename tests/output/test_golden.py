"""What each format writes, byte for byte. `pipe` is a file or a pipe; 80 and 40 are terminals of that width."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.output.format import Format
from aifctl.output.terminal import TerminalFacts
from tests.output.conftest import Render
from tests.output.fleet_reports import FLEET_CASES
from tests.output.reports import CASES, scopes_of

_ALL = CASES | FLEET_CASES
GOLDEN = Path(__file__).parent / "golden"
_PLACES = {
    "pipe": TerminalFacts(),
    "80": TerminalFacts(is_terminal=True, width=80, moves=True),
    "40": TerminalFacts(is_terminal=True, width=40, moves=True),
    "ascii": TerminalFacts(is_terminal=True, width=80, encoding="ascii"),
    "colour": TerminalFacts(is_terminal=True, width=80, colour=True, moves=True),
}


@pytest.mark.parametrize("golden", sorted(GOLDEN.iterdir()), ids=lambda path: path.name)
def test_a_format_writes_its_golden_file(golden: Path, render: Render) -> None:
    case, name, place = golden.stem.split(".")
    head, items, report = _ALL[case]

    written = render(name, head, items(), report, terminal=_PLACES[place], scopes_of=scopes_of)

    assert written == golden.read_bytes().decode()


def test_every_format_has_golden_files_for_what_it_can_show(formats: dict[str, Format]) -> None:
    shown = {tuple(path.stem.split(".")[:2]) for path in GOLDEN.iterdir()}

    pages = {"html"}  # looked at by a browser, in test_fleet_page_browser.py
    assert shown >= {
        (case, name)
        for case, (head, *_) in _ALL.items()
        for name in formats.keys() - pages
        if formats[name].fits(head.kind)
    }


@pytest.mark.parametrize("golden", sorted(GOLDEN.iterdir()), ids=lambda path: path.name)
def test_no_golden_file_holds_a_raw_control_character(golden: Path) -> None:
    coloured = golden.stem.endswith(".colour")
    text = golden.read_bytes().decode()

    raw = {character for character in text if not character.isprintable() and character not in "\n\t"}

    assert raw <= ({"\x1b"} if coloured else set())
