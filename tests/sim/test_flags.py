"""Options of emulated commands are read as getopt reads them."""

from __future__ import annotations

import pytest

from aifctl.sim.shell.context import CommandError
from aifctl.sim.shell.flags import Flags
from tests.sim.emulated import answer


def test_unknown_options_are_refused_as_not_emulated() -> None:
    refused = answer("head --unknown-thing /etc/hostname")
    assert refused.rc != 0
    assert "not emulated on a simulated node" in refused.err


def test_letters_may_stand_together_and_values_next_to_them_or_behind() -> None:
    lines = "printf '1\\n2\\n3\\n' | "
    assert [answer(lines + line).out for line in ("head -n2", "head -n 2", "head -2")] == ["1\n2\n"] * 3


def test_two_dashes_end_the_options() -> None:
    assert answer("echo word > -n; cat -- -n").out == "word\n"


def test_a_value_that_is_missing_is_asked_for() -> None:
    assert "option requires an argument -- 'n'" in answer("head -n").err


def test_numbers_may_have_suffixes_and_signs() -> None:
    flags = Flags(values={"c": "+2K"})
    assert (flags.number("c"), flags.number("n", 10)) == (2048, 10)
    with pytest.raises(CommandError, match="invalid number: 'many'"):
        flags.size("many")


def test_flags_know_what_was_given() -> None:
    flags = Flags(given={"a"}, values={"n": "1"})
    assert ("a" in flags, "n" in flags, "x" in flags, sorted(flags)) == (True, True, False, ["a", "n"])
