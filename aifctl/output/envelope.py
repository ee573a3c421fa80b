"""The envelope that json and jsonl share: what stands before the items, and what is only known behind them."""

from __future__ import annotations

from typing import Any

from aifctl.core.report import Coverage, Head, Report
from aifctl.output.format import Page
from aifctl.output.json_text import iso_time

SCHEMA = "aifctl/v1/"


def opening_facts(head: Head, page: Page) -> dict[str, Any]:
    """Return schema, generated_at and facts."""
    return {"schema": SCHEMA + head.kind.name, "generated_at": iso_time(page.now()), "facts": dict(head.facts)}


def closing_facts(report: Report) -> dict[str, Any]:
    """Return errors, notes, coverage, summary, complete and exit, in this order."""
    return {
        "errors": [dict(error) for error in report.errors],
        "notes": list(report.notes),
        "coverage": {} if report.coverage is None else _coverage(report.coverage),
        "summary": dict(report.summary),
        "complete": report.complete,
        "exit": report.code,
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "asked": coverage.asked,
        "answered": coverage.answered,
        "skipped": coverage.skipped,
        "share": round(coverage.share, 6),
    }
