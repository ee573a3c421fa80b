"""From a reading to findings: every check on every subject, each by itself, whatever one of them runs into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import CannotTellError, NeutralError
from aifctl.diagnosis.check import Case, Check, Glance
from aifctl.diagnosis.finding import CHECK_FAILED, RANK, Action, Finding, Result
from aifctl.diagnosis.reading import Reading, SectionName, SectionStatus
from aifctl.diagnosis.subjects import NODE

#: The checks of these sections' own ends: one finding says that a section could not be read.
SECTION_CHECK = "section-read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What all checks say of one node.

    Attributes:
        findings: worst first, then by check and subject.
        judged: the checks that could be judged on at least one subject, in order of name; a check that is in neither
            `judged` nor `findings` had nothing to look at.
        result: the worst of all; UNKNOWN where nothing was judged.
    """

    findings: tuple[Finding, ...] = ()
    judged: tuple[str, ...] = ()
    result: Result = Result.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Checks that judge the same things, which are listed once a reading; most checks of a section do.

    Attributes:
        checks: by their glances; what several share is seen once.
    """

    section: SectionName
    judges_ends: bool
    subjects: Callable[[Reading], Iterable[tuple[str, Any]]]
    checks: Mapping[Glance | None, Sequence[Check]]


def panels_of(checks: Iterable[Check]) -> tuple[Panel, ...]:
    """Put together the checks that judge the same."""
    found: dict[tuple[Any, ...], list[Check]] = {}
    for check in checks:
        found.setdefault((check.section, check.judges_ends, check.subjects), []).append(check)
    return tuple(
        Panel(section=section, judges_ends=judges_ends, subjects=subjects, checks=_by_glance(those))
        for (section, judges_ends, subjects), those in found.items()
    )


def _by_glance(checks: Iterable[Check]) -> Mapping[Glance | None, Sequence[Check]]:
    found: dict[Glance | None, list[Check]] = {}
    for check in checks:
        found.setdefault(check.all_fine, []).append(check)
    return found


@dataclass(slots=True)
class Tally:
    """What checks have found so far, and which of them could judge anything."""

    findings: list[Finding] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)


def judge(case: Case, checks: Iterable[Check]) -> Verdict:
    """Judge one reading by all checks."""
    tally = asked(case, panels_of(checks))
    return verdict_of(tally.findings, tally.judged, node=case.reading.node)


def asked(case: Case, panels: Iterable[Panel]) -> Tally:
    """Return what all checks say of one reading."""
    tally = Tally(findings=list(judge_ends(case.reading)))
    for panel in panels:
        end = case.reading.end(panel.section)
        if end.status is SectionStatus.OK or (panel.judges_ends and end.status in _UNREAD):
            _ask(panel, case, tally)
    return tally


def verdict_of(findings: Sequence[Finding], judged: Sequence[str], *, node: str = "") -> Verdict:
    """Put findings in order and say what they come to."""
    named = [replace(finding, node=node) if finding.node != node else finding for finding in findings]
    named.sort(key=lambda finding: (-RANK[finding.result], finding.check, finding.subject, finding.code))
    if named:
        result = max((finding.result for finding in named), key=RANK.__getitem__)
    else:
        result = Result.OK if judged else Result.UNKNOWN
    return Verdict(findings=tuple(named), judged=tuple(sorted(judged)), result=result)


def judge_ends(reading: Reading) -> Iterator[Finding]:
    """Say of each section that was tried and not read that it is unknown: could not look is never clean."""
    for section, end in reading.ends.items():
        if end.status in _UNREAD and end.code not in _OTHERS_BUSINESS:
            why = printable_line(end.message) or end.code or end.status.value
            yield Finding(
                check=SECTION_CHECK,
                subject=NODE,
                code=section.value,
                result=Result.UNKNOWN,
                message=f"the {section.value} section could not be read: {why}",
                observed=end.status.value,
                expected=SectionStatus.OK.value,
            )


_UNREAD = frozenset({SectionStatus.ERROR, SectionStatus.TIMEOUT})
#: Ends that a check of its own judges (health/checks/driver_answers.py): evidence, not ignorance.
_OTHERS_BUSINESS = frozenset({"driver-hung", "library-mismatch", "no-driver"})


def _ask(panel: Panel, case: Case, tally: Tally) -> None:
    try:
        listed = list(panel.subjects(case.reading))
    except NeutralError:
        return
    except CannotTellError as problem:
        tally.findings += [_unknown(check, NODE, problem) for those in panel.checks.values() for check in those]
        return
    except Exception as problem:  # noqa: BLE001 - checks of a subject that raises are unknown on this node; the others go on
        tally.findings += [_broken(check, NODE, problem) for those in panel.checks.values() for check in those]
        return
    things = [thing for _, thing in listed]
    for glance, checks in panel.checks.items():
        try:
            fine = bool(glance and things and glance(things, case))
        except (CannotTellError, NeutralError, TypeError):  # not told, or compared with nothing: `judge` says what
            fine = False
        except Exception as problem:  # noqa: BLE001 - as of a `judge`; those are asked all the same
            fine = False
            tally.findings += [_broken(check, NODE, problem) for check in checks]
        tally.judged += [check.name for check in checks if fine or _judge_subjects(check, listed, case, tally.findings)]


def _judge_subjects(check: Check, subjects: Sequence[tuple[str, Any]], case: Case, findings: list[Finding]) -> bool:
    """Judge each, and return whether any could be judged. What was found before a check raised counts."""
    before_count, neutral_count = len(findings), 0
    for subject, thing in subjects:
        try:
            for finding in check.judge(thing, case):
                findings.append(finding)  # noqa: PERF402  what was found before it raised counts
        except NeutralError:
            neutral_count += 1
        except CannotTellError as problem:
            findings.append(_unknown(check, subject, problem))
        except Exception as problem:  # noqa: BLE001 - a check that raises is unknown on this subject; the others go on
            findings.append(_broken(check, subject, problem))
    return neutral_count < len(subjects) or len(findings) > before_count


def _unknown(check: Check, subject: str, problem: CannotTellError) -> Finding:
    return Finding(
        check=check.name,
        subject=subject,
        code="unknown",
        result=Result.UNKNOWN,
        message=f"can't tell: {problem.what} ({problem.why})",
        observed=str(problem.why),
    )


def _broken(check: Check, subject: str, problem: Exception) -> Finding:
    return Finding(
        check=check.name,
        subject=subject,
        code=CHECK_FAILED,
        result=Result.UNKNOWN,
        action=Action.NONE,
        message=f"the check itself failed: {type(problem).__name__}: {printable_line(str(problem))[:200]}",
    )
