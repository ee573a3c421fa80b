from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from aifctl.core.errors import NodeSetSyntaxError
from aifctl.fleet.selector import parse_selector
from aifctl.fleet.selector_tree import Expression, Kind, Names, Operator, Term
from tests.fleet.call_count import calls_of


@pytest.mark.parametrize(
    ("text", "operators"),
    [
        ("a,b", [Operator.UNION]),
        ("a!b", [Operator.MINUS]),
        ("a not b", [Operator.MINUS]),
        ("a & b", [Operator.AND]),
        ("a and b", [Operator.AND]),
        ("a^b", [Operator.XOR]),
        ("a xor b", [Operator.XOR]),
        ("(a)and(b)not@all", [Operator.AND, Operator.MINUS]),
        ("a,b&c", [Operator.UNION, Operator.AND]),
    ],
)
def test_operators_are_signs_or_words_and_stay_in_their_order(text: str, operators: list[Operator]) -> None:
    assert [operator for operator, _ in parse_selector(text).expression.steps] == operators


@pytest.mark.parametrize("text", ["and", "not", "xor", "a,and,b", "a,not", "not,a", "and and xor", "notary"])
def test_words_are_names_where_no_operator_can_stand(text: str) -> None:
    expression = parse_selector(text).expression
    assert all(isinstance(each, Names) for each in (expression.first, *(operand for _, operand in expression.steps)))


def test_parentheses_make_an_expression_of_their_own() -> None:
    expression = parse_selector("a ! (b, (c & d))").expression
    inner = expression.steps[0][1]
    assert isinstance(inner, Expression)
    assert isinstance(inner.steps[0][1], Expression)


@pytest.mark.parametrize(
    ("text", "kind", "key", "values"),
    [
        ("@all", Kind.ALL, "", ()),
        ("@*", Kind.ALL, "", ()),
        ("@canary", Kind.GROUP, "", ("canary",)),
        ("@g[1-2]", Kind.GROUP, "", ("g1", "g2")),
        ("@group:all", Kind.GROUP, "", ("all",)),
        ("@rack:r[01-03]", Kind.RACK, "", ("r01", "r02", "r03")),
        ("@rack:r1*", Kind.RACK, "", ("r1*",)),
        ("@su:3", Kind.SU, "", ("3",)),
        ("@hall:2", Kind.HALL, "", ("2",)),
        ("@leaf:l7-r3", Kind.LEAF, "", ("l7-r3",)),
        ("@feed:A3", Kind.FEED, "", ("A3",)),
        ("@site:north", Kind.SITE, "", ("north",)),
        ("@sku:h100", Kind.SKU, "", ("h100",)),
        ("@state:drained", Kind.STATE, "", ("drained",)),
        ("@state:drain*", Kind.STATE, "", ("drain*",)),
        ("@state:off", Kind.STATE, "", ("off",)),
        ("@run:last", Kind.RUN, "last", ()),
        ("@run:20261124-1:failed", Kind.RUN, "20261124-1", ("failed",)),
        ("@run:x:connect-timeout", Kind.RUN, "x", ("connect-timeout",)),
        ("@job:123_[4-5]", Kind.JOB, "", ("123_[4-5]",)),
        ("@slurm:job:123", Kind.SLURM, "job", ("123",)),
        ("@slurm:part:gpu", Kind.SLURM, "part", ("gpu",)),
        ("@slurm:state:IDLE+DRAIN", Kind.SLURM, "state", ("IDLE+DRAIN",)),
        ("@attr:sku=h100*", Kind.ATTR, "sku", ("h100*",)),
        ("@attr:su=[1-2]", Kind.ATTR, "su", ("1", "2")),
        ("@attr:note=a=b", Kind.ATTR, "note", ("a=b",)),
        ("@file:/tmp/list.txt", Kind.FILE, "", ("/tmp/list.txt",)),
        ("@stdin", Kind.STDIN, "", ()),
        ("-", Kind.STDIN, "", ()),
    ],
)
def test_every_kind_of_term_is_read(text: str, kind: Kind, key: str, values: tuple[str, ...]) -> None:
    term = parse_selector(f" {text} ").expression.first
    assert isinstance(term, Term)
    assert (term.kind, term.key, term.values, term.text, term.column) == (kind, key, values, text, 1)


@pytest.mark.parametrize(
    ("text", "column", "sentence"),
    [
        ("", 0, "the selector is empty"),
        ("  ", 0, "the selector is empty"),
        ("a,,b", 2, "a name is missing before ','"),
        (",a", 0, "a name is missing before ','"),
        ("!a", 0, "a name is missing before '!'"),
        ("a&!b", 2, "a name is missing before '!'"),
        ("a,", 1, "nothing follows ','"),
        ("a ! ", 2, "nothing follows '!'"),
        ("a and", 2, "nothing follows 'and'"),
        ("()", 1, "a name is missing before ')'"),
        ("a,(b", 2, "'(' is never closed"),
        ("(", 0, "'(' is never closed"),
        ("a)", 1, "')' closes nothing"),
        ("(a,)", 3, "a name is missing before ')'"),
        ("n[1-3] n4", 7, "write a comma before 'n4'"),
        ("@all nto @rack:r1", 5, "write a comma before 'nto'"),
        ("n1(n2)", 2, "an operator is missing"),
        ("a or b", 2, "union is written with a comma"),
        ("a and not b", 6, "write a not b, in place of a and not b"),
        ("not b", 0, "write @all not b"),
        ("x,n[3-1]", 4, "the range 3-1 runs backwards; write 1-3"),
        ("x,n[1-3", 3, "'[' is never closed"),
        ("x,n]", 3, "']' closes no bracket"),
        ("n[1-5/0]", 2, "a step of 0"),
        ("x & n[1-003]", 6, "differ in width"),
        ("x,@rak:r1", 2, "did you mean @rack:"),
        ("@xyzzy:r1", 0, "there are @group:"),
        ("@all:x", 0, "@all takes no value"),
        ("@", 0, "the name of a group must follow"),
        ("@@rack", 0, "the name of a group must follow"),
        ("a,@rack:", 2, "@rack: is not complete; write @rack:NAME"),
        ("@rack:r[2-1]", 8, "runs backwards"),
        ("@attr:sku", 6, "write @attr:sku=h100*"),
        ("@attr:sku=", 9, "write @attr:sku=h100*"),
        ("@attr:=x", 6, "write @attr:sku=h100*"),
        ("@run:x:", 6, "write @run:RUN"),
        ("@run:x:faild", 7, "did you mean failed"),
        ("@slurm:x:1", 7, "there are job, part, state"),
        ("@slurm:job:", 7, "write @slurm:job:ID"),
        ("@slurm:job", 7, "write @slurm:job:ID"),
        ("@state:drainde", 7, "did you mean drained"),
        ("(" * 51 + "a" + ")" * 51, 50, "more than 50 deep"),
    ],
)
def test_a_mistake_is_named_with_its_column(text: str, column: int, sentence: str) -> None:
    with pytest.raises(NodeSetSyntaxError) as caught:
        parse_selector(text)
    assert sentence in str(caught.value)
    assert caught.value.column == column
    assert caught.value.text == text


def test_a_union_of_ten_thousand_terms_needs_no_deep_recursion() -> None:
    text = ",".join(f"n{number}x" for number in range(10_000))
    assert len(parse_selector(text).expression.steps) == 9_999
    assert calls_of(lambda: parse_selector(text)) < 60 * 10_000


@given(st.lists(st.sampled_from([*"n10[]-/,!&^()@:=* ", "not ", " and "])).map("".join))
def test_any_text_either_parses_or_is_refused_with_a_column_inside_it(text: str) -> None:
    try:
        assert parse_selector(text).text == text
    except NodeSetSyntaxError as problem:
        assert 0 <= problem.column <= len(text)  # noqa: PT017 - both ends are fine


@given(
    st.lists(
        st.sampled_from(["@rack:", "@attr:", "@run:", "@slurm:", "@file:", "x", "=", ":", "[1-2]", "*", "-"]),
        max_size=6,
    )
)
def test_any_term_either_parses_or_is_refused_with_a_column_inside_it(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        assert parse_selector(text).expression.steps == ()
    except NodeSetSyntaxError as problem:
        assert 0 <= problem.column <= len(text)  # noqa: PT017 - both ends are fine
