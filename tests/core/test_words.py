"""Counts as sentences say them."""

from __future__ import annotations

import pytest

from aifctl.core.words import counted


@pytest.mark.parametrize(("count", "said"), [(0, "0 nodes"), (1, "1 node"), (2, "2 nodes"), (6250, "6,250 nodes")])
def test_one_is_one_and_thousands_are_set_apart(count: int, said: str) -> None:
    assert counted(count) == said


def test_a_word_that_ends_in_s_has_a_plural_too() -> None:
    assert (counted(1, "process"), counted(2, "process")) == ("1 process", "2 processes")
