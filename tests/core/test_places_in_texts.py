from __future__ import annotations

from aifctl.core.errors import NodeSetSyntaxError, UnknownGroupError, at_column, excerpt
from aifctl.core.exit_codes import ExitCode


def test_a_sentence_points_at_its_column_counted_from_one() -> None:
    assert at_column("a name is missing", text="a,,b", column=2) == "a name is missing, at column 3 of 'a,,b'"


def test_of_a_long_text_only_what_is_near_the_column_is_shown() -> None:
    text = "".join(f"n{number}," for number in range(10_000))
    assert excerpt(text, around=text.index("n5000,"), most=20) == "…998,n4999,n5000,n500…"
    assert excerpt(text, most=6) == "n0,n1,…"
    assert excerpt(text, around=len(text), most=6) == "…n9999,"


def test_errors_with_a_place_are_usage_errors_that_keep_it() -> None:
    for error in (NodeSetSyntaxError("x", text="a b", column=2), UnknownGroupError("x", text="a b", column=2)):
        assert (error.exit_code, error.text, error.column) == (ExitCode.USAGE, "a b", 2)
