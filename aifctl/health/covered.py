"""Of which nodes a sweep knows more than that nothing could be told, and which checks tell nothing because they fail."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from aifctl.diagnosis.finding import CHECK_FAILED, Finding, Result
from aifctl.diagnosis.muting import is_muted
from aifctl.diagnosis.scopes import Rules
from aifctl.diagnosis.standing_text import parse_findings
from aifctl.health.looking import Looked
from aifctl.ports.store_rows import NodeRow

_RAISED = CHECK_FAILED.encode()


@dataclass(slots=True)
class Covered:
    """Counted node by node. A check that raises on many nodes is at fault itself: it does not make those nodes unseen."""

    rules: Rules = field(default_factory=Rules)
    _answered_count: int = 0
    _told: set[str] = field(default_factory=set)
    _but_for: dict[str, frozenset[str]] = field(
        default_factory=dict
    )  # node → the checks that failed, all else was told
    _failed: dict[str, int] = field(default_factory=dict)  # check → on how many nodes it failed

    @property
    def nodes(self) -> frozenset[str]:
        """Return the nodes that count as looked at."""
        suspects = self.suspects
        return frozenset(self._told).union(node for node, checks in self._but_for.items() if checks <= suspects)

    @property
    def suspects(self) -> frozenset[str]:
        """Return the checks that failed on more nodes than any fleet has broken at once."""
        rules, least = self.rules, self.rules.suspect_share * self._answered_count
        return frozenset(
            check for check, count in self._failed.items() if count >= rules.suspect_least_nodes and count > least
        )

    def take(self, looked: Looked) -> None:
        """Count a node that was looked at."""
        look = looked.look
        if look.packed is not None:
            self._count(look.node, look.result, looked.findings, look.findings.judged)

    def recall(self, row: NodeRow) -> None:
        """Count a node by what the store has of its newest look."""
        result = Result(row.result)
        if result is Result.UNREACHABLE:
            return
        if result is Result.UNKNOWN or _RAISED in (row.findings or b""):
            kept = parse_findings(row.findings, node=row.node, seen_at_s=row.at_s) if row.findings else None
            findings = [one.finding for one in kept.standing] if kept else []
            self._count(row.node, result, findings, kept.judged if kept else ())
        else:
            self._count(row.node, result, (), ())

    def _count(self, node: str, result: Result, findings: Collection[Finding], judged: Iterable[str]) -> None:
        self._answered_count += 1
        unknown = [one for one in findings if one.result is Result.UNKNOWN and not is_muted(one)]
        failed = frozenset(one.check for one in unknown if one.code == CHECK_FAILED)
        for check in failed:
            self._failed[check] = self._failed.get(check, 0) + 1
        if result is not Result.UNKNOWN or (findings and not unknown):  # what is muted was told
            self._told.add(node)
        elif all(one.check in failed for one in unknown) and not failed.issuperset(judged):
            self._but_for[node] = failed
