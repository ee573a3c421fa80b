"""Firmware as a sweep judges it: each component that the probe can see is one check more, and its baseline is what it expects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from aifctl.diagnosis.absent import NeutralError
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.component import Component, Part, Standing, State, stand
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.reading import Reading
from aifctl.fleet.baseline import Baseline, Rule
from aifctl.fleet.profile import Expectation

_PREFIX = "firmware"


def check_name(component: str) -> str:
    """Return the name of a component's check."""
    return f"{_PREFIX}-{component}"


def expectations_of(baseline: Baseline) -> Mapping[str, Expectation]:
    """Return a baseline as the checks ask for it, to be laid over a profile's own expectations."""
    return {
        _key(name): Expectation(value=rule, source=_source(baseline, rule)) for name, rule in baseline.rules.items()
    }


def firmware_checks(components: Iterable[Component]) -> tuple[Check, ...]:
    """Return a check for each component that a reading can show."""
    return tuple(_check(component) for component in components if component.parts)


def _check(component: Component) -> Check:
    if component.section is None:
        raise AssertionError(f"{component.name} has parts in a reading, and no section")
    return Check(
        name=check_name(component.name),
        about=f"{component.about[:-1]}: what runs is what the node's baseline lists.",
        section=component.section,
        subjects=_subjects(component),
        judge=_judge(component),
        detail=f"{component.detail} Judged only where a baseline names the component; `aifctl firmware explain NODE "
        f"{component.name}` says by which.",
    )


def _subjects(component: Component) -> Callable[[Reading], Iterator[tuple[str, Part]]]:
    parts = component.parts or (lambda _: ())

    def subjects(reading: Reading) -> Iterator[tuple[str, Part]]:
        for part in parts(reading):
            yield part.subject, part

    return subjects


def _judge(component: Component) -> Callable[[Part, Case], Iterator[Finding]]:
    key = _key(component.name)

    def judge(part: Part, case: Case) -> Iterator[Finding]:
        expected = case.profile.expectations.get(key) if case.profile else None
        if expected is None:
            raise NeutralError(f"a baseline for {component.name}")
        standing = stand(component, part, expected.value)
        if standing.state is not State.CURRENT:
            yield _finding(standing, expected)

    return judge


def _finding(standing: Standing, expected: Expectation) -> Finding:
    part, rule = standing.part, expected.value
    result = result_of(standing.state, rule)
    return Finding(
        check=check_name(standing.component),
        subject=part.subject,
        code=standing.state.value,
        result=result,
        action=Action.NONE if result is Result.UNKNOWN else Action.FIX,
        message=f"{standing.component} {standing.message}",
        observed=part.running if part.staged is None else [part.running, part.staged],
        expected=list(standing.accepted),
        source=expected.source,
        identity=part.identity,
    )


def result_of(state: State, rule: Rule) -> Result:
    """Return how bad a state is: a mandatory mismatch is degraded, an optional one or what only waits is watch."""
    if state is State.MISMATCH:
        return Result.DEGRADED if rule.mandatory else Result.WATCH
    return {State.CURRENT: Result.OK, State.STAGED: Result.WATCH}.get(state, Result.UNKNOWN)


def _key(component: str) -> str:
    return f"{_PREFIX}.{component}"


def _source(baseline: Baseline, rule: Rule) -> str:
    return f"baseline {baseline.name}: {rule.source}"
