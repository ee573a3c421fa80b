from __future__ import annotations

import pytest

from aifctl.fleet.shell_words import explain_expanded_words
from tests.fleet.fleets import fleet_of

FLEET = fleet_of(["n01", "n02", "n03"])


def test_a_file_that_is_no_node_is_what_the_shell_made_of_a_range() -> None:
    assert explain_expanded_words(["n1"], FLEET) == (
        "n1 is a file in this folder, so the shell has probably put it in place of an unquoted range; "
        "write the selector in quotes, such as 'n[1-9]'"
    )


def test_several_files_are_what_the_shell_made_of_a_range_even_if_they_are_nodes() -> None:
    sentence = explain_expanded_words(["n01", "n02"], FLEET)
    assert sentence.startswith("n01 n02 are files in this folder")
    assert sentence.endswith("such as 'n[01-02]'")


def test_a_node_s_name_alone_proves_nothing() -> None:
    assert explain_expanded_words(["n01"], FLEET) == ""


@pytest.mark.parametrize("words", [[], ["n[1-3]"], ["@all"], ["n1", "@all"], ["-"], ["n1,n2"]])
def test_what_the_shell_cannot_have_made_is_left_alone(words: list[str]) -> None:
    assert explain_expanded_words(words, FLEET) == ""


def test_many_files_are_not_all_listed() -> None:
    sentence = explain_expanded_words([f"n{number}" for number in range(50)], FLEET)
    assert sentence.startswith("n0 n1 n2 … are files")
    assert "'n[0-49]'" in sentence


def test_a_file_name_cannot_drive_the_terminal() -> None:
    assert "\x9b" not in explain_expanded_words(["n\x9b2J1"], FLEET)
