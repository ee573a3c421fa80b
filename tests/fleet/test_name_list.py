from __future__ import annotations

import pytest

from aifctl.core.errors import UsageError
from aifctl.fleet.name_list import parse_name_list


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("\n\n", []),
        ("n1\nn2\n", ["n1", "n2"]),
        ("n[1-3]\n", ["n1", "n2", "n3"]),
        ("n1 n2\tn3", ["n1", "n2", "n3"]),
        ("n1,n2,\nn3", ["n1", "n2", "n3"]),
        ("n[1,2] , n4", ["n1", "n2", "n4"]),
        ("# spares\nn1 # broken\n  # more\nn2#3", ["n1", "n2#3"]),
        ("\ufeffn1\r\nn2\r\n", ["n1", "n2"]),
    ],
)
def test_a_list_holds_names_one_a_line_or_folded(text: str, names: list[str]) -> None:
    assert parse_name_list(text, origin="list") == names


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("n1\n@all", "list:2: only names and ranges stand in a list, not '@', at column 1"),
        ("n1 ! n2", "list:1: only names and ranges stand in a list, not '!', at column 4"),
        ("n1\n\nn[3-1]", "list:3: the range 3-1 runs backwards"),
        ("n[1-", r"list:1: '\[' is never closed"),
        ("n*", "list:1: 'n\\*' is not a name"),
        ("-", "list:1: '-' is not a name"),
        ("n1\x1b[2J", r"list:1: "),
    ],
)
def test_a_mistake_is_named_with_file_line_and_column(text: str, where: str) -> None:
    with pytest.raises(UsageError, match=where) as caught:
        parse_name_list(text, origin="list")
    assert "\x1b" not in str(caught.value)


def test_a_list_of_more_than_a_million_names_is_an_error() -> None:
    with pytest.raises(UsageError, match="list:2: that would be more than 1,000,000 names"):
        parse_name_list("n[1-600000]\nm[1-600000]", origin="list")
