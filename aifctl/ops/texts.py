"""Reports whose one item is a text: printed as it is by table and plain, a string in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aifctl.core.report import Column, Head, Kind, Report
from aifctl.ports.sink import Sink

TEXT = Kind(
    name="Text",
    columns=(Column(key="file", title="file"), Column(key="text", title="text")),
    key="file",
    text="text",
    about="A text and the name of the file it would go to.",
)


def tell_text(sink: Sink, text: str, *, file: str, facts: Mapping[str, Any] | None = None) -> Report:
    """Send one text; returns the clean report."""
    sink.open(Head(kind=TEXT, facts=dict(facts or {})))
    sink.item({"file": file, "text": text})
    return Report(summary={"texts_count": 1})
