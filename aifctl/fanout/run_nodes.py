"""Nodes of a run by what became of them, and two runs side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aifctl.core.errors import UsageError
from aifctl.core.outcome import Outcome
from aifctl.fanout.runs import NEVER_STARTED, RUNNING_NOW, RunRecord
from aifctl.fleet.nearest import nearest
from aifctl.fleet.selector_terms import RUN_SETS
from aifctl.ports.work import NodeResult, Output

_PARTS = (*RUN_SETS, *(outcome.value for outcome in Outcome))


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeChange:
    """What differs for one node between two runs; None where a run was not for that node.

    Attributes:
        kind: outcome, rc, output, gone (only in the earlier run) or new (only in the later one).
        before, after: the outcome there, `not-started` included.
    """

    node: str
    kind: str
    before: str | None
    after: str | None
    earlier: NodeResult | None
    later: NodeResult | None


def outcomes_for_selector(record: RunRecord) -> dict[str, Outcome | None]:
    """Return the nodes of `@run:RUN` with their outcomes, None for one that was never started.

    Nodes in flight are left out: acting on what is still being acted on is nobody's wish.
    """
    known = {name: outcome for name, outcome in record.outcomes.items() if outcome != RUNNING_NOW}
    return {name: None if outcome == NEVER_STARTED else Outcome(outcome) for name, outcome in known.items()}


def outcomes_named(parts: Iterable[str]) -> frozenset[str]:
    """Turn words of `--outcome` and of `@run:RUN:…` into outcomes; UsageError with the nearest for an unknown one."""
    wanted: set[str] = set()
    for part in parts:
        if part in RUN_SETS:
            wanted.update(NEVER_STARTED if outcome is None else outcome.value for outcome in RUN_SETS[part])
        elif part in _PARTS:
            wanted.add(part)
        else:
            near = nearest(part, _PARTS)
            advice = f"did you mean {near}?" if near else f"there are {', '.join(_PARTS)}"
            raise UsageError(f"there is no outcome {part!r}; {advice}")
    return frozenset(wanted)


def listed(text: str | None) -> tuple[str, ...]:
    """Split a,b,c."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def compare_runs(earlier: RunRecord, later: RunRecord) -> list[NodeChange]:
    """Return the nodes whose outcome, exit status or output differs, in the later run's order; equal ones are left out."""
    names = dict.fromkeys((*later.outcomes, *earlier.outcomes))
    changes = (_change(name, earlier, later) for name in names)
    return [change for change in changes if change is not None]


def is_same(earlier: RunRecord, result: NodeResult) -> bool:
    """Tell whether a node's outcome, exit status and output are what they were in an earlier run."""
    before = earlier.outcomes.get(result.node)
    one = earlier.result(result.node) if before else None
    return before is not None and not _kind(before, result.outcome.value, one, result)


def _change(name: str, earlier: RunRecord, later: RunRecord) -> NodeChange | None:
    before, after = earlier.outcomes.get(name), later.outcomes.get(name)
    one = earlier.result(name) if before else None
    two = later.result(name) if after else None
    kind = _kind(before, after, one, two)
    if not kind:
        return None
    return NodeChange(node=name, kind=kind, before=before, after=after, earlier=one, later=two)


def _kind(before: str | None, after: str | None, one: NodeResult | None, two: NodeResult | None) -> str:
    if before is None or after is None:
        return "new" if before is None else "gone"
    if before != after:
        return "outcome"
    if one is None or two is None:
        return ""
    if (one.rc, one.signal) != (two.rc, two.signal):
        return "rc"
    return "output" if (_digest(one.stdout), _digest(one.stderr)) != (_digest(two.stdout), _digest(two.stderr)) else ""


def _digest(output: Output) -> tuple[int, str]:
    return output.bytes_count, output.sha256
