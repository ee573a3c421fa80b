"""What emulated commands are given: files by name, stdin, text with escapes."""

from __future__ import annotations

import pytest

from aifctl.sim.shell.given import unescaped
from tests.sim.emulated import answer


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (r"a\tb\n", "a\tb\n"),
        (r"\x41\101", "AA"),
        (r"\\n", r"\n"),
        (r"\q", r"\q"),
        (r"\xff", b"\xff".decode("utf-8", "surrogateescape")),
        ("plain", "plain"),
    ],
)
def test_escapes_stand_for_their_bytes(text: str, meant: str) -> None:
    assert unescaped(text) == meant


def test_files_are_read_in_turn_and_a_dash_is_stdin() -> None:
    assert answer("echo one > f; cat f - f", stdin=b"two\n").out == "one\ntwo\none\n"


def test_a_missing_file_or_a_folder_is_complained_of_and_the_rest_is_read() -> None:
    read = answer("echo one > f; cat gone f /etc")
    assert (read.rc, read.out) == (1, "one\n")
    assert "cat: gone: No such file or directory" in read.err
    assert "cat: /etc: Is a directory" in read.err
