"""Findings as the store keeps them, a row each, and as checks make them."""

from __future__ import annotations

from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.standing_text import parse_finding
from aifctl.ports.store_rows import FindingRow


def finding_of(row: FindingRow) -> Finding:
    """Return the finding that the store keeps as a row."""
    body = {
        "check": row.check,
        "subject": row.subject,
        "code": row.code,
        "result": row.result,
        "action": row.action or "none",
        "message": row.message,
        "identity": row.identity,
        **row.evidence,
    }
    return parse_finding(body, node=row.node)
