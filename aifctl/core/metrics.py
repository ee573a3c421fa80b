"""Numbers in the text format that Prometheus scrapes and its exporters read from files.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, version 0.0.4).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from aifctl.core.printable import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric with all its samples; `rows` are (labels, value). What is not a number is left out, never written."""

    name: str
    about: str
    rows: tuple[tuple[Mapping[str, str], float], ...]
    type: str = "gauge"


def gauge(name: str, about: str, value: float, labels: Mapping[str, str] | None = None) -> Family:
    """Return a metric with one sample."""
    return Family(name=name, about=about, rows=((labels or {}, value),))


def render_metrics(families: Iterable[Family]) -> str:
    """Return the text; a metric without a sample is left out."""
    return "".join(line + "\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    rows = [(labels, value) for labels, value in family.rows if math.isfinite(value)]
    if rows:
        yield f"# HELP {family.name} {_escape_help(family.about)}"
        yield f"# TYPE {family.name} {family.type}"
    for labels, value in rows:
        told = ",".join(f'{name}="{escape_label(text)}"' for name, text in labels.items())
        yield f"{family.name}{f'{{{told}}}' if told else ''} {value:.17g}"


def escape_label(text: str) -> str:
    """Return a label's value as it stands between quotes; control characters, which some reader would obey, as escapes."""
    return _escape_help(text).replace('"', '\\"')


def _escape_help(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace("\n", "\\n")
