"""One look at one node, from its reading and what is kept of it to what will be kept: pack, remember, judge, settle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import REACHABILITY, Finding, Result
from aifctl.diagnosis.judging import Verdict, asked, panels_of, verdict_of
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.muting import Muting, muted
from aifctl.diagnosis.packing import Packed, pack
from aifctl.diagnosis.peers import Spread
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.recurring import escalated, noted
from aifctl.diagnosis.remembering import remember
from aifctl.diagnosis.standing import Settled, settle, unseen
from aifctl.diagnosis.standing_text import NodeFindings
from aifctl.diagnosis.subjects import NODE
from aifctl.fleet.profile import Profile

#: The profile's key for how long after a boot links may still be coming up, and what holds without a profile.
DEBOUNCE_KEY = "boot.debounce_s"
_DEBOUNCE_S = 600.0

#: What judging over time asks a profile for, beside what the checks ask.
NEEDS = (
    Threshold(key=DEBOUNCE_KEY, type=float, low=0, high=86400, about="seconds after a boot that links may come up in"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of a node between two looks.

    Attributes:
        seen_at_s: when it last answered; 0 where it never did.
    """

    findings: NodeFindings = field(default_factory=NodeFindings)
    memory: Memory = field(default_factory=Memory)
    facts_digest: str = ""
    seen_at_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look came to. `packed` and `memory` are None where the node did not answer."""

    node: str
    at_s: float
    settled: Settled
    findings: NodeFindings
    packed: Packed | None = None
    memory: Memory | None = None

    @property
    def result(self) -> Result:
        """How the node stands."""
        return self.settled.verdict.result


class Examiner:
    """Judges by a fixed set of checks. Checks that read facts alone are not asked again while the facts are as they were.

    Args:
        checks: all of them.
        version: of ours; judges anew after an update.
    """

    def __init__(self, checks: Iterable[Check], *, version: str) -> None:
        checks = tuple(checks)
        self._all = panels_of(checks)
        self._moving = panels_of(check for check in checks if check.moving)
        self._again = {(check.name, code): kind for check in checks for code, kind in check.again.items()}
        self._still = frozenset(check.name for check in checks if not check.moving)
        names = ",".join(sorted(check.name for check in checks))
        self._own = hashlib.sha256(f"{version}:{names}".encode()).hexdigest()

    def examine(
        self,
        reading: Reading,
        kept: Kept,
        profile: Profile | None,
        inventory: Mapping[str, str] | None = None,
        *,
        mutes: Iterable[Muting] = (),
        peers: Mapping[str, Spread] | None = None,
    ) -> Look:
        """Examine a node that has answered."""
        packed = pack(reading)
        memory = remember(replace(kept.memory, seen_at_s=kept.seen_at_s), reading)
        case = Case(reading=reading, profile=profile, memory=memory, inventory=inventory or {}, peers=peers or {})
        verdict, ground = self.judge(case, kept.findings, packed.digest)
        memory = noted(memory, verdict.findings, self._again, reading)
        told = muted(verdict, reading.node, mutes)
        missed = [one for one in kept.findings.standing if one.finding.check == REACHABILITY]
        settled = settle(
            [one for one in kept.findings.standing if one.finding.check != REACHABILITY],
            kept.findings.past,
            told,
            at_s=reading.at_s,
            uptime_s=_uptime_s(reading),
            debounce_s=_debounce_s(profile),
        )
        settled = replace(settled, past=(*settled.past, *missed), cleared=(*settled.cleared, *missed))
        findings = NodeFindings(
            standing=settled.standing,
            past=settled.past,
            judged=verdict.judged,
            ground="" if told is not verdict or _is_booting(reading, profile) else ground,
        )
        return Look(
            node=reading.node, at_s=reading.at_s, settled=settled, findings=findings, packed=packed, memory=memory
        )

    def judge(self, case: Case, kept: NodeFindings, facts_digest: str) -> tuple[Verdict, str]:
        """Judge a reading whose facts have this digest; returns what it was judged by, too, to be kept with the verdict.

        Where that is as before, what the checks that read facts alone found then is what they would find now.
        """
        ground = self._ground(facts_digest, case.profile, case.inventory)
        as_before = kept.ground == ground
        tally = asked(case, self._moving if as_before else self._all)
        if as_before:
            tally.judged += filter(self._still.__contains__, kept.judged)
            tally.findings += self._still_found(kept)
        findings = escalated(tally.findings, self._again, case)
        return verdict_of(findings, tally.judged, node=case.reading.node), ground

    def miss(
        self,
        node: str,
        kept: Kept,
        *,
        at_s: float,
        outcome: str,
        message: str,
        result: Result = Result.UNREACHABLE,
    ) -> Look:
        """Take down that a node could not be looked at: what stood stands, stale, and that nothing was seen is news.

        `result` is UNKNOWN where it was reached, and what it said could not be understood.
        """
        finding = Finding(
            node=node,
            check=REACHABILITY,
            subject=NODE,
            code=outcome,
            result=result,
            message=message or f"it did not answer ({outcome})",
            observed=outcome,
            at_s=at_s,
        )
        before = [one for one in kept.findings.standing if one.finding.check == REACHABILITY]
        rest = unseen(one for one in kept.findings.standing if one.finding.check != REACHABILITY)
        alike = [replace(one, finding=replace(one.finding, code=outcome)) for one in before]
        settled = settle(
            alike,
            kept.findings.past,
            verdict_of([finding], (), node=node),
            at_s=at_s,
            uptime_s=None,
            debounce_s=_DEBOUNCE_S,
        )
        standing = (*settled.standing, *rest)
        ordered = verdict_of([one.finding for one in standing], (), node=node)
        settled = replace(settled, standing=standing, verdict=replace(ordered, result=result))
        findings = replace(kept.findings, standing=standing, past=settled.past, ground="")
        return Look(node=node, at_s=at_s, settled=settled, findings=findings)

    def _ground(self, facts_digest: str, profile: Profile | None, inventory: Mapping[str, str]) -> str:
        text = "\n".join((self._own, facts_digest, profile.digest if profile else "", *inventory, *inventory.values()))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _still_found(self, kept: NodeFindings) -> Sequence[Finding]:
        """Return what the checks that read facts alone found last time, which they would find again."""
        return [
            one.finding
            for one in kept.standing
            if one.finding.check in self._still and not one.stale and not one.clean_count
        ]


def _uptime_s(reading: Reading) -> float | None:
    uptime_s = reading.host.uptime_s if reading.host else Absent.MISSING
    return None if isinstance(uptime_s, Absent) else uptime_s


def _debounce_s(profile: Profile | None) -> float:
    expectation = profile.expectations.get(DEBOUNCE_KEY) if profile else None
    return float(expectation.value) if expectation else _DEBOUNCE_S


def _is_booting(reading: Reading, profile: Profile | None) -> bool:
    """Whether findings were softened for a boot: they must be judged anew when it is over."""
    uptime_s = _uptime_s(reading)
    return uptime_s is not None and uptime_s < _debounce_s(profile)
