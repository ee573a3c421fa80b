from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, strategies as st

from aifctl.core.printable import printable, printable_bytes, printable_line


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]52;c;eA==\x07", r"\x1b]52;c;eA==\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\rb", r"a\x0db"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\u2066\u061c\u200b\ufeff", r"\u2066\u061c\u200b\ufeff"),
        ("\U000e0041", r"\U000e0041"),
        ("\udcff", r"\udcff"),
        ("tab\tand\nnewline stay", "tab\tand\nnewline stay"),
        ("café 日本 ✓", "café 日本 ✓"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(raw: str, shown: str) -> None:
    assert printable(raw) == shown


def test_a_line_holds_neither_newline_nor_tab() -> None:
    assert printable_line("a\tb\r\nc\x00") == r"a\tb\r\nc\x00"


def test_bytes_that_are_not_utf8_are_shown_as_escapes_and_dos_line_ends_go() -> None:
    assert printable_bytes(b"\xff\xfeok\r\n\x00") == "\\xff\\xfeok\n\\x00"


@given(st.text())
def test_nothing_printable_is_a_control_a_format_or_a_surrogate_that_moves_text(text: str) -> None:
    left = {character for character in printable(text) if unicodedata.category(character) in {"Cc", "Cs"}}

    assert left <= {"\t", "\n"}
    assert not {"\u202a", "\u202e", "\u2066", "\u200f"} & set(printable(text))


@given(st.text())
def test_what_is_printable_stays_as_it_is(text: str) -> None:
    once = printable(text)

    assert printable(once) == once


@given(st.binary())
def test_any_bytes_become_text_that_utf8_can_hold(data: bytes) -> None:
    assert printable_bytes(data).encode() is not None
