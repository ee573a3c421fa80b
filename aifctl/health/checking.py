"""checks list and explain: what is looked for, by which numbers, and where those come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.core.report import Column, Field, FieldType, Head, Item, Kind, Report
from aifctl.diagnosis.check import Check, Threshold
from aifctl.diagnosis.check_actions import actions_of
from aifctl.diagnosis.finding import WORST_FIRST
from aifctl.fleet.nearest import nearest
from aifctl.fleet.profile import Profile
from aifctl.health.muting import said_mutes
from aifctl.ports.sink import Sink
from aifctl.ports.store_rows import Mute
from aifctl.ports.toolbox import Toolbox

CHECKS = Kind(
    name="Checks",
    about="Checks that a sweep judges nodes by.",
    key="check",
    columns=(
        Column(key="check", title="check", type=FieldType.STRING, about="its name"),
        Column(key="section", title="section", type=FieldType.STRING, about="the part of a reading that it needs"),
        Column(key="standing", title="standing", type=FieldType.STRING, about="findings that stand, by result"),
        Column(key="muted", title="muted", type=FieldType.STRING, about="where and until when it reads unknown"),
        Column(key="about", title="about", type=FieldType.STRING, about="one sentence"),
    ),
    fields=(
        Field(key="counts", type=FieldType.OBJECT, about="findings that stand: result → count"),
        Field(key="origin", type=FieldType.STRING, about="built in, or the module of a site's own"),
    ),
)
CHECK = Kind(
    name="Check",
    about="One check: what it looks for, by which numbers, and what it asks to be done.",
    key="check",
    records=True,
    columns=(
        Column(key="check", title="check", type=FieldType.STRING, about="its name"),
        Column(key="about", title="about", type=FieldType.STRING, about="one sentence"),
        Column(key="detail", title="detail", type=FieldType.STRING, about="what it sees and what it can't, and why"),
        Column(key="section", title="reads", type=FieldType.STRING, about="the part of a reading that it needs"),
        Column(key="needs", title="needs", type=FieldType.ARRAY, about="what it asks a profile for, as sentences"),
        Column(key="actions", title="may ask for", type=FieldType.ARRAY, about="actions that it can name"),
        Column(key="explained_by", title="explained by", type=FieldType.ARRAY, about="checks whose finding says why"),
        Column(key="standing", title="standing", type=FieldType.STRING, about="findings that stand, by result"),
        Column(key="muted", title="muted", type=FieldType.ARRAY, about="where, until when, by whom and why"),
        Column(key="origin", title="from", type=FieldType.STRING, about="built in, or the module of a site's own"),
    ),
    fields=(
        Field(key="counts", type=FieldType.OBJECT, about="findings that stand: result → count"),
        Field(key="thresholds", type=FieldType.ARRAY, about="what it asks a profile for, with each profile's value"),
        Field(key="compares_peers", type=FieldType.BOOLEAN, about="`node why` shows it beside its peers"),
    ),
)

_OURS = "aifctl.health.checks."


def list_checks(tools: Toolbox, sink: Sink) -> Report:
    """Report all checks, by name."""
    counts, mutes = _standing(tools), _mutes(tools)
    sink.open(Head(kind=CHECKS))
    for check in tools.checks:
        sink.item(
            {
                "check": check.name,
                "section": check.section.value,
                "standing": _said_counts(counts.get(check.name, {})),
                "muted": "; ".join(said_mutes(mutes.get(check.name, ()))),
                "about": check.about,
                "counts": dict(counts.get(check.name, {})),
                "origin": _origin(check),
            }
        )
    return Report(summary={"checks_count": len(tools.checks), "muted_count": len(mutes)}, notes=_unknown_notes(tools))


def explain_check(name: str, tools: Toolbox, sink: Sink) -> Report:
    """Report one check; UsageError with the nearest where there is none of that name."""
    check = _named(name, tools.checks)
    counts = _standing(tools, check.name).get(check.name, {})
    sink.open(Head(kind=CHECK))
    sink.item({**_explained(check, tools.profiles.all), **_now(check, counts, tools)})
    return Report(summary={"checks_count": 1})


def _explained(check: Check, profiles: Sequence[Profile]) -> Item:
    return {
        "check": check.name,
        "about": check.about,
        "detail": check.detail,
        "section": check.section.value,
        "needs": [line for threshold in check.needs for line in _said_need(threshold, profiles)],
        "actions": [", ".join(actions_of(check))] if actions_of(check) else [],
        "explained_by": [", ".join(check.explained_by)] if check.explained_by else [],
        "origin": _origin(check),
        "thresholds": [_threshold(threshold, profiles) for threshold in check.needs],
        "compares_peers": check.measure is not None,
    }


def _now(check: Check, counts: dict[str, int], tools: Toolbox) -> Item:
    return {
        "standing": _said_counts(counts),
        "counts": dict(counts),
        "muted": said_mutes(_mutes(tools).get(check.name, ())),
    }


def _said_need(threshold: Threshold, profiles: Sequence[Profile]) -> list[str]:
    said = [
        (profile.name, profile.expectations[threshold.key])
        for profile in profiles
        if threshold.key in profile.expectations
    ]
    if not said:
        unsaid = "only a site can say it" if threshold.optional else "no profile says it, so the check reads unknown"
        return [f"{threshold.key}: {threshold.about}; {unsaid}"]
    groups: dict[tuple[str, str], list[str]] = {}
    for name, expectation in said:
        groups.setdefault((_value(expectation.value), expectation.source), []).append(name)
    lines = [f"{threshold.key}: {threshold.about}"]
    return lines + [f"  {value} in {', '.join(names)} ({source})" for (value, source), names in groups.items()]


def _threshold(threshold: Threshold, profiles: Sequence[Profile]) -> dict[str, Any]:
    return {
        "key": threshold.key,
        "about": threshold.about,
        "type": threshold.type.__name__,
        "low": threshold.low,
        "high": threshold.high,
        "optional": threshold.optional,
        "profiles": {
            profile.name: {"value": said.value, "source": said.source, "file": profile.origin}
            for profile in profiles
            if (said := profile.expectations.get(threshold.key))
        },
    }


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _named(name: str, checks: Sequence[Check]) -> Check:
    for check in checks:
        if check.name == name:
            return check
    near = nearest(name, [check.name for check in checks])
    advice = f"did you mean {near}?" if near else "`aifctl checks list` has all"
    raise UsageError(f"there is no check {name!r}; {advice}")


def _origin(check: Check) -> str:
    module = getattr(check.judge, "__module__", "") or "unknown"
    return "built in" if module.startswith(_OURS) else f"this site's own: {module}"


def _standing(tools: Toolbox, check: str = "") -> dict[str, dict[str, int]]:
    reader = tools.store_reader
    found: dict[str, Counter[str]] = {}
    for row in reader.findings(check=check) if reader else []:
        found.setdefault(row.check, Counter())[row.result] += 1
    return {name: dict(counts) for name, counts in found.items()}


def _said_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{counts[result]} {result}" for result in WORST_FIRST if counts.get(result))


def _mutes(tools: Toolbox) -> dict[str, list[Mute]]:
    reader = tools.store_reader
    found: dict[str, list[Mute]] = {}
    for row in reader.mutes(at_s=tools.clock.now().timestamp()) if reader else []:
        found.setdefault(row.check, []).append(row)
    return found


def _unknown_notes(tools: Toolbox) -> tuple[str, ...]:
    known = {check.name for check in tools.checks}
    gone = sorted(set(_mutes(tools)) - known - {"section-read"})
    return (f"muted, but not among the checks of this host: {', '.join(gone)}",) if gone else ()
