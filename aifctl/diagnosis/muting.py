"""Muted checks read unknown: what they find is not acted on, and that they find nothing is not clean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.judging import Verdict, verdict_of
from aifctl.diagnosis.subjects import NODE

#: The code of a muted check that finds nothing, and the key in a finding's facts that says what it would have been.
MUTED = "muted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Muting:
    """One mute that holds; `nodes` None is all of them."""

    check: str
    nodes: frozenset[str] | None
    until_s: float
    who: str
    reason: str

    def covers(self, node: str) -> bool:
        """Whether the node is among those it is for."""
        return self.nodes is None or node in self.nodes


def muted(verdict: Verdict, node: str, mutes: Iterable[Muting]) -> Verdict:
    """Return what is left of a verdict; the very same one where nothing of it is muted on this node.

    A finding keeps its key, so that it neither clears nor begins anew when a mute begins or ends. Whoever remembers
    verdicts must not remember a muted one: what stands in it is not what the checks have found.
    """
    holding = {mute.check: mute for mute in mutes if mute.covers(node)}
    spoken = {*verdict.judged, *(finding.check for finding in verdict.findings)}
    if holding.keys().isdisjoint(spoken):
        return verdict
    findings = [_muted(one, holding[one.check]) if one.check in holding else one for one in verdict.findings]
    silent = spoken - {finding.check for finding in verdict.findings}
    findings += [_clean(holding[check]) for check in sorted(silent & holding.keys())]
    return verdict_of(findings, verdict.judged, node=node)


def is_muted(finding: Finding) -> bool:
    """Whether a mute has made it what it is; no incident comes of it."""
    return MUTED in finding.facts


def _muted(finding: Finding, mute: Muting) -> Finding:
    return replace(
        finding,
        result=Result.UNKNOWN,
        action=Action.NONE,
        message=f"{finding.message} ({_said(mute)})",
        facts={**finding.facts, MUTED: finding.result.value},
    )


def _clean(mute: Muting) -> Finding:
    return Finding(
        check=mute.check,
        subject=NODE,
        code=MUTED,
        result=Result.UNKNOWN,
        message=_said(mute),
        facts={MUTED: Result.OK.value},
    )


def _said(mute: Muting) -> str:
    until = datetime.fromtimestamp(mute.until_s, UTC)
    return f"muted until {until:%Y-%m-%d %H:%M}Z by {mute.who}: {mute.reason}"
