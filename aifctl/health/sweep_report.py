"""What a sweep says: a row for each node as it answers, and at the end how the fleet stands, and an exit code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode, first_that_applies
from aifctl.core.outcome import NOT_STARTED, Outcome
from aifctl.core.report import Column, Coverage, Field, FieldType, Item, Kind
from aifctl.diagnosis.finding import RANK, Finding, Result
from aifctl.diagnosis.standing import Standing
from aifctl.fleet.fleet import Fleet
from aifctl.health.covered import Covered
from aifctl.health.looking import Looked
from aifctl.health.status import DRAWS, NEW
from aifctl.ports.store_rows import NodeRow

SWEEP = Kind(
    name="Sweep",
    about="What a sweep found on one node; incidents, coverage and what is new stand in the summary.",
    draws=DRAWS,
    merges=True,
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="the node's name"),
        Column(key="result", title="result", type=FieldType.STRING, about="the worst of all its findings; null: nobody looked"),
        Column(key="check", title="check", type=FieldType.STRING, about="of its worst finding"),
        Column(key="subject", title="subject", type=FieldType.STRING, about="what that is about: gpu:…, port:…, node"),
        Column(key="code", title="code", wide=True, type=FieldType.STRING, about="tells apart what one check finds"),
        Column(key="action", title="action", type=FieldType.STRING, about="what to do about it"),
        Column(key="since_at", title="since", type=FieldType.TIME, about="since when it stands"),
        Column(key="message", title="message", type=FieldType.STRING, about="in one sentence"),
        Column(key="outcome", title="outcome", wide=True, type=FieldType.STRING, about="of asking it: ok, connect-timeout, …"),
        Column(key="looked_at", title="looked", wide=True, type=FieldType.TIME, about="when it was looked at"),
    ),
    fields=(
        Field(key="findings", type=FieldType.ARRAY, about="all that stands: check, subject, code, result, observed, …"),
        Field(key="new", type=FieldType.ARRAY, about="check, subject and code of what this look opened or made worse"),
        Field(key="cleared", type=FieldType.ARRAY, about="the same of what it found gone"),
    ),
)  # fmt: skip

#: What `--fail-on` takes: a result, or anything new that is worse than watch.
FAIL_ON = (Result.FAULT.value, Result.DEGRADED.value, Result.UNKNOWN.value, Result.WATCH.value, NEW)
_NEWS = RANK[Result.WATCH]
#: A scope of one node is a node.
_LEAST_UNSEEN = 2
#: The node never got the command.
_NOT_ASKED = NOT_STARTED | {Outcome.CANCELLED, Outcome.SKIPPED}


def parse_fail_on(text: str) -> str:
    """Return what `--fail-on` says; UsageError for anything else."""
    if text not in FAIL_ON:
        raise UsageError(f"--fail-on {text!r}: write one of {', '.join(FAIL_ON)}")
    return text


@dataclass(slots=True)
class Count:
    """What has come in so far.

    Attributes:
        outcomes: of asking. results: of judging, by node.
        news: nodes with something new that is worse than watch.
        changed_count: nodes that are other than before.
    """

    outcomes: dict[Outcome, int] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    _covered: Covered = field(default_factory=Covered)
    news: set[str] = field(default_factory=set)
    gpu_counts: dict[str, int] = field(default_factory=dict)
    drivers: dict[str, str] = field(default_factory=dict)
    changed_count: int = 0
    bugs: list[str] = field(default_factory=list)

    def take(self, node: str, outcome: Outcome, looked: Looked | None) -> None:
        """Count one node."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        if looked is None:
            return
        self.results[node] = looked.look.result
        self._covered.take(looked)
        if looked.gpu_count is not None:
            self.gpu_counts[node] = looked.gpu_count
        if looked.driver_version:
            self.drivers[node] = looked.driver_version
        if looked.trace:
            self.bugs.append(looked.trace)
        self.changed_count += has_changed(looked)
        settled = looked.look.settled
        if any(RANK[one.finding.result] > _NEWS for one in (*settled.opened, *settled.changed)):
            self.news.add(node)

    def recall(self, rows: Iterable[NodeRow]) -> None:
        """Count nodes that the part of this sweep that was cut short has looked at."""
        for row in rows:
            self.outcomes[Outcome(row.outcome)] = self.outcomes.get(Outcome(row.outcome), 0) + 1
            self.results[row.node] = Result(row.result)
            self._covered.recall(row)

    @property
    def covered(self) -> frozenset[str]:
        """Return the nodes of which more is known than that nothing could be told."""
        return self._covered.nodes

    def coverage(self, asked: int) -> Coverage:
        """Return how much of what was to be looked at was."""
        return Coverage(asked=asked, answered=len(self.covered), skipped=self.outcomes.get(Outcome.SKIPPED, 0))

    def exit(
        self, names: Sequence[str], fleet: Fleet, *, fail_on: str, min_coverage: float, stopped: ExitCode
    ) -> ExitCode:
        """Return the first exit code that applies."""
        applying = [stopped]
        if self.bugs or self.outcomes.get(Outcome.UNKNOWN):
            applying.append(ExitCode.BUG)
        if names and not any(count for outcome, count in self.outcomes.items() if outcome not in _NOT_ASKED):
            applying.append(ExitCode.NONE_ASKED)
        covered = self.covered
        if len(covered) < min_coverage * len(names) or unseen_scopes(fleet, names, covered):
            applying.append(ExitCode.COVERAGE)
        if self._fails(fail_on):
            applying.append(ExitCode.FINDINGS)
        return first_that_applies(*applying)

    def _fails(self, fail_on: str) -> bool:
        """Whether anything found is to be told by the exit code; a check that nobody can judge by is never nothing."""
        if fail_on == NEW:
            return bool(self.news)
        bound = RANK[Result(fail_on)]
        return bool(self._covered.suspects) or any(RANK[result] >= bound for result in self.results.values())


def has_changed(looked: Looked) -> bool:
    """Return whether this look found anything other than the one before."""
    settled = looked.look.settled
    return bool(settled.opened or settled.changed or settled.cleared)


def unseen_scopes(fleet: Fleet, names: Collection[str], covered: Collection[str]) -> tuple[str, ...]:
    """Return the racks and units, whole among `names`, of which not one node was seen: a power cut is no rounding error."""
    asked, found = frozenset(names), []
    for kind in ("rack", "su"):
        for value, members in fleet.scope(kind).items():
            inside = asked.intersection(members)
            if len(inside) >= _LEAST_UNSEEN and inside.isdisjoint(covered):
                found.append(f"{kind} {value}")
    return tuple(found)


def item_of(node: str, outcome: Outcome, message: str, looked: Looked | None) -> Item:
    """Return a node's row."""
    if looked is None:
        return {"node": node, "result": None, "outcome": outcome.value, "message": message or None, "findings": []}
    settled = looked.look.settled
    since = {one.finding.key: one for one in settled.standing}
    worst = looked.findings[0] if looked.findings else None
    return {
        "node": node,
        "result": looked.look.result.value,
        **_worst(worst, since),
        "outcome": outcome.value,
        "looked_at": looked.look.at_s,
        "findings": [_finding(one, since.get(one.key)) for one in looked.findings],
        "new": [_key(one) for one in (*settled.opened, *settled.changed)],
        "cleared": [_key(one) for one in settled.cleared],
    }


def _worst(worst: Finding | None, since: Mapping[tuple[str, str, str], Standing]) -> Mapping[str, Any]:
    if worst is None:
        return {}
    standing = since.get(worst.key)
    return {
        "check": worst.check,
        "subject": worst.subject,
        "code": worst.code or None,
        "action": worst.action.value,
        "since_at": standing.first_at_s if standing else None,
        "message": worst.message,
    }


def _finding(one: Finding, standing: Standing | None) -> Mapping[str, Any]:
    return {
        "check": one.check,
        "subject": one.subject,
        "code": one.code or None,
        "result": one.result.value,
        "action": one.action.value,
        "message": one.message,
        "observed": one.observed,
        "expected": one.expected,
        "source": one.source or None,
        "identity": one.identity or None,
        "since_at": standing.first_at_s if standing else None,
        "evidence_at": one.at_s if one.at_s is not None else (standing.last_at_s if standing else None),
        "stale": standing.stale if standing else False,
        "facts": dict(one.facts),
    }


def _key(one: Standing) -> Mapping[str, str]:
    return {"check": one.finding.check, "subject": one.finding.subject, "code": one.finding.code}
