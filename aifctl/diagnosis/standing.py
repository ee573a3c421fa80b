"""Findings over time: what is new, what stands, what has cleared; boots and flapping don't make news of themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.judging import Verdict, verdict_of
from aifctl.diagnosis.muting import is_muted

Key = tuple[str, str, str]

#: A finding that came back this often within a day is flapping: it stands until it has been clean this many looks.
_FLAPS_COUNT = 3
_FLAPS_WITHIN_S = 24 * 3600.0
_CLEAN_LOOKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A finding with its history.

    Attributes:
        first_at_s: since when it stands without a gap that counts. last_at_s: when it was last seen.
        looks_count: how many looks in a row have seen it; kept for nodes that could not be reached alone.
        clean_count: looks since, that would have seen it and did not; above 0 only while it flaps.
        returns_at_s: when it came back after having been clean, within the last day.
        stale: the last look could not see it one way or the other.
    """

    finding: Finding
    first_at_s: float
    last_at_s: float
    looks_count: int = 1
    clean_count: int = 0
    returns_at_s: tuple[float, ...] = ()
    stale: bool = False

    @property
    def flapping(self) -> bool:
        """Whether it comes and goes."""
        return len(self.returns_at_s) >= _FLAPS_COUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A node after a look.

    Attributes:
        standing: what stands now, worst first; a finding that only flaps is among them, its `clean_count` above 0.
        past: cleared findings that are remembered for a day, so that a return is known for one.
        opened, changed, cleared: what is other than before the look; `changed`: another result or action, muted or no longer.
        verdict: of the findings that stand.
    """

    standing: tuple[Standing, ...]
    past: tuple[Standing, ...]
    opened: tuple[Standing, ...]
    changed: tuple[Standing, ...]
    cleared: tuple[Standing, ...]
    verdict: Verdict


def settle(
    before: Iterable[Standing],
    past: Iterable[Standing],
    verdict: Verdict,
    *,
    at_s: float,
    uptime_s: float | None,
    debounce_s: float,
) -> Settled:
    """Put what a look found beside what stood.

    Args:
        before: what stood, as the last `Settled` left it.
        past: as the last `Settled` left it.
        verdict: of this look. A check in `judged` that no longer finds something has seen that it is gone; one that
            could not look leaves what it had found standing, stale.
        at_s: when this look was, seconds since the epoch.
        uptime_s: seconds since the node booted; None where that is not known.
        debounce_s: how long after a boot links and fabric may still be coming up.
    """
    booting = uptime_s is not None and uptime_s < debounce_s
    now = {finding.key: _debounced(finding, uptime_s) if booting else finding for finding in verdict.findings}
    stood, gone = {one.finding.key: one for one in before}, _still_remembered(past, at_s)
    standing: dict[Key, Standing] = {}
    opened, changed, cleared = [], [], []
    for key, seen in now.items():
        old = stood.get(key)
        finding = _lasting(seen, at_s - old.first_at_s if old and not old.clean_count else 0.0)
        new = standing[key] = _seen(old, gone.pop(key, None), finding, at_s)
        if old is None:
            opened.append(new)
        elif _told(old.finding) != _told(finding):
            changed.append(new)
    for key, old in stood.items():
        if key in now:
            continue
        kept = _unseen(old, verdict.judged)
        if kept is None:
            gone[key] = replace(old, last_at_s=old.last_at_s)
            cleared.append(old)
        else:
            standing[key] = kept
    ordered = verdict_of([one.finding for one in standing.values()], verdict.judged)
    return Settled(
        standing=tuple(standing[finding.key] for finding in ordered.findings),
        past=tuple(gone.values()),
        opened=tuple(opened),
        changed=tuple(changed),
        cleared=tuple(cleared),
        verdict=ordered,
    )


def _told(finding: Finding) -> tuple[Result, Action, bool]:
    """What of a finding is news when it is another: that it is muted, too, since no incident comes of it then."""
    return finding.result, finding.action, is_muted(finding)


def unseen(before: Iterable[Standing]) -> tuple[Standing, ...]:
    """Return what stands after a look that did not reach the node: all that stood, stale."""
    return tuple(replace(one, stale=True) for one in before)


def _seen(old: Standing | None, gone: Standing | None, finding: Finding, at_s: float) -> Standing:
    if old is not None:
        returned = old.clean_count > 0
        returns = _within_a_day((*old.returns_at_s, at_s) if returned else old.returns_at_s, at_s)
        return replace(
            old,
            finding=finding,
            last_at_s=at_s,
            looks_count=1 if returned else old.looks_count + 1,
            clean_count=0,
            returns_at_s=returns,
            stale=False,
        )
    returns = _within_a_day((*gone.returns_at_s, at_s), at_s) if gone else ()
    return Standing(finding=finding, first_at_s=at_s, last_at_s=at_s, returns_at_s=returns)


def _unseen(old: Standing, judged: Collection[str]) -> Standing | None:
    """Return what is left of a finding that this look has not made again; None: it has cleared."""
    if old.finding.check not in judged and old.finding.code != "unknown" and old.finding.result is not Result.UNKNOWN:
        return replace(old, stale=True)
    if old.flapping and old.clean_count + 1 < _CLEAN_LOOKS:
        return replace(old, clean_count=old.clean_count + 1, stale=False)
    return None


def _debounced(finding: Finding, uptime_s: float | None) -> Finding:
    if not finding.debounced or finding.result in {Result.OK, Result.WATCH, Result.UNKNOWN}:
        return finding
    message = f"{finding.message} (booted {(uptime_s or 0) / 60:.0f} min ago: not judged yet)"
    return replace(finding, result=Result.WATCH, action=Action.NONE, message=message)


def _lasting(finding: Finding, stood_s: float) -> Finding:
    """Return a finding that counts only if it lasts, as it counts after having stood for so long."""
    if finding.result is not Result.FAULT or stood_s >= finding.lasting_s:
        return finding
    message = f"{finding.message} (a fault if it lasts for {finding.lasting_s / 60:g} min)"
    return replace(finding, result=Result.DEGRADED, action=Action.WATCH, message=message)


def _still_remembered(past: Iterable[Standing], at_s: float) -> dict[Key, Standing]:
    return {one.finding.key: one for one in past if one.last_at_s > at_s - _FLAPS_WITHIN_S}


def _within_a_day(times: tuple[float, ...], at_s: float) -> tuple[float, ...]:
    return tuple(one for one in times if one > at_s - _FLAPS_WITHIN_S)


def by_key(standing: Iterable[Standing]) -> Mapping[Key, Standing]:
    """Return findings by their key."""
    return {one.finding.key: one for one in standing}
