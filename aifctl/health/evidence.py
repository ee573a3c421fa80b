"""What the newest look at a node says for and against lifting what was done to it."""

from __future__ import annotations

from aifctl.custody.drains import Evidence
from aifctl.diagnosis.finding import RANK, REACHABILITY, Finding, Result
from aifctl.diagnosis.standing_text import NodeFindings, parse_findings
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.ports.store_rows import NodeRow

#: A watch keeps nobody out of service.
_MILD = RANK[Result.WATCH]
#: The fan-out's word for a node that answered.
_ANSWERED = "ok"


def findings_of(row: NodeRow) -> NodeFindings:
    """Return what is kept of a node's findings; nothing where it never answered. UnreadableError where it can't be read."""
    return parse_findings(row.findings, node=row.node, seen_at_s=row.seen_at_s) if row.findings else NodeFindings()


def evidence_of(row: NodeRow) -> Evidence:
    """Return the evidence: what was judged when it last answered, and what stands, stale or not.

    What can't be read is no evidence of anything.
    """
    kept = _readable(row)
    if kept is None:
        return Evidence()
    reached = (REACHABILITY,) if row.outcome == _ANSWERED else ()
    return Evidence(
        seen_at_s=row.seen_at_s,
        boot_id=row.boot_id,
        judged=frozenset((*kept.judged, *reached)),
        found=frozenset(one.finding.check for one in kept.standing if _counts(one.finding)),
    )


def seen_checks(row: NodeRow) -> frozenset[str]:
    """Return the checks that found something when the node was last looked at; none where it did not answer then."""
    kept = _readable(row) if row.outcome == _ANSWERED else None
    return (
        frozenset(one.finding.check for one in kept.standing if not one.stale and not one.clean_count)
        if kept
        else frozenset()
    )


def missed_looks_count(row: NodeRow) -> int:
    """Return how many looks in a row did not reach the node."""
    kept = _readable(row) or NodeFindings()
    return max((one.looks_count for one in kept.standing if one.finding.check == REACHABILITY), default=0)


def _readable(row: NodeRow) -> NodeFindings | None:
    try:
        return findings_of(row)
    except UnreadableError:  # whoever looks at the node next says so, and begins anew
        return None


def _counts(finding: Finding) -> bool:
    """What may be the node still booting is not clean yet, however mildly it is put meanwhile."""
    return RANK[finding.result] > _MILD or finding.debounced
