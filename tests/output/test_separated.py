"""Separated values: every declared key a column, every cell harmless in its dialect."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.report import RUN, Column, Field, Head, Item, Kind, Report
from aifctl.output.format import whole_text
from aifctl.output.separated import Dialect, Separated
from tests.output.reports import result

_KIND = Kind(name="Node", columns=(Column(key="node", title="N", wide=True),), fields=(Field(key="labels"),))


def _bracketed(texts: Iterator[str]) -> Iterator[str]:
    yield "<"
    yield from texts
    yield ">"


_DIALECT = Dialect(separator=";", text=lambda text: text.replace(";", "_"), quote=_bracketed)


def written(*items: Item, kind: Kind = _KIND) -> list[str]:
    return "".join(whole_text(Separated(dialect=_DIALECT), Head(kind=kind), items, Report())).splitlines()


def test_all_declared_keys_are_columns_wide_ones_and_fields_too() -> None:
    assert written() == ["node;labels"]


def test_texts_are_made_harmless_and_quoted_and_lists_are_json() -> None:
    assert written({"node": "a;b", "labels": ["x", "y"]})[1:] == ['<a_b>;<["x","y"]>']


def test_numbers_stay_bare_and_what_is_absent_is_empty() -> None:
    assert written({"node": 7}, {"labels": True})[1:] == ["7;", ";true"]


def test_a_stream_goes_through_the_dialect_and_bytes_that_are_no_text_become_base64() -> None:
    keys, plain, binary = written(result("n1", out=b"a;b"), result("n2", out=b"\xff\x00"), kind=RUN)
    at = keys.split(";").index("stdout")
    assert plain.split(";")[at] == "<a_b>"
    assert binary.split(";")[at] == "</wA=>"


def test_a_kind_without_keys_has_no_title_line() -> None:
    assert written(kind=Kind(name="Nothing", columns=())) == []
