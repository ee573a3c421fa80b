"""Reports whose one item is a text."""

from __future__ import annotations

from aifctl.ops.texts import TEXT, tell_text
from tests.ops.run_fakes import ListSink


def test_a_text_is_one_item_that_formats_show_as_it_is() -> None:
    sink = ListSink()
    report = tell_text(sink, "a: 1\n", file="site.yaml", facts={"format": "hosts"})
    assert (sink.heads[0].kind, sink.heads[0].facts) == (TEXT, {"format": "hosts"})
    assert sink.items == [{"file": "site.yaml", "text": "a: 1\n"}]
    assert TEXT.text == "text"
    assert report.code == 0
