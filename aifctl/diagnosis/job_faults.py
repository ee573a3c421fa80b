"""What one job has done to many nodes at once: a bad kernel hits GPUs all over the fleet, and none of them is ill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.scopes import Rules

#: A finding's fact: by itself it is the job's as a rule, and the GPU's only where it comes back on that one alone.
BY_JOB = "by_job"
#: A process as the driver names it, or none.
_PROCESS, _UNNAMED = "process", "unnamed"

_Cause = tuple[str, str, str]


def of_jobs(findings: Iterable[Finding], rules: Rules) -> Iterator[tuple[str, Sequence[Finding]]]:
    """Yield the process's name and the findings of each kind that several nodes have told within minutes of each other."""
    by_cause: dict[_Cause, list[tuple[float, Finding]]] = {}
    for one in findings:
        if one.facts.get(BY_JOB) is True and one.at_s is not None:
            cause = (one.check, one.code, str(one.facts.get(_PROCESS) or _UNNAMED))
            by_cause.setdefault(cause, []).append((one.at_s, one))
    for (_, _, process), told in by_cause.items():
        told.sort(key=lambda pair: (pair[0], pair[1].node, pair[1].subject))
        at_once = [one for those in _bursts(told, rules.job_within_s) for one in _of_many(those, rules)]
        if at_once:
            yield process, at_once


def _bursts(told: Sequence[tuple[float, Finding]], within_s: float) -> Iterator[list[Finding]]:
    burst: list[Finding] = []
    begun_s = 0.0
    for at_s, one in told:
        if burst and at_s - begun_s > within_s:
            yield burst
            burst = []
        begun_s = begun_s if burst else at_s
        burst.append(one)
    yield burst


def _of_many(burst: list[Finding], rules: Rules) -> list[Finding]:
    return burst if len({one.node for one in burst}) >= rules.job_least_nodes else []
