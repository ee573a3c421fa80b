"""What failures have in common: a rack, a leaf, a feed or an SU, where that can't be chance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aifctl.core.outcome import Outcome
from aifctl.fleet.node import Node
from aifctl.output.format import ScopesOf

#: A sentence is said only where so many failures in one place would arise by chance in less than 1 of 100 runs.
_CHANCE = 0.01
_FEWEST_FAILED = 2
_MOST_SENTENCES = 6
_MOST_NAMES = 8
_MOST_ELSEWHERE = 1 / 3
_LEAST_INSIDE = 1 / 2

_GOOD = frozenset({Outcome.OK, Outcome.SKIPPED, Outcome.CANCELLED})
_UNREACHABLE = frozenset({Outcome.CONNECT_TIMEOUT, Outcome.REFUSED, Outcome.NO_ROUTE, Outcome.LOST})

#: In order of preference where several hold the very same nodes: (one, several, what nodes are to it).
_PLACES = {
    "rack": ("rack", "racks", "in"),
    "su": ("SU", "SUs", "in"),
    "leaf": ("leaf", "leaves", "behind"),
    "feed": ("feed", "feeds", "on"),
}
_ENDS = {
    "unreachable": "are unreachable",
    "exit": "returned non-zero",
    "signalled": "ended by a signal",
    "timeout": "ran into the timeout",
}


def scopes_of(node: Node) -> Iterator[tuple[str, str]]:
    """Yield what failures of a node may be due to: its rack, leaves, power feeds and SU."""
    if node.rack:
        yield "rack", node.rack
    yield from (("leaf", leaf) for leaf in sorted({rail.leaf for rail in node.rails if rail.leaf}))
    yield from (("feed", feed) for feed in node.feeds)
    if node.su:
        yield "su", node.su


def shared_scopes(outcomes: Sequence[tuple[str, Outcome]], scopes: ScopesOf) -> list[str]:
    """Return sentences on failures of one kind that crowd in one place, the largest place first; often none.

    Linear in the nodes. Nothing is said of a place where as many fail elsewhere, where everything asked stands in it,
    or where so few nodes were asked that chance explains it.

    Args:
        outcomes: (node, outcome) of all that were asked.
        scopes: a node's (scope, value) pairs, narrowest scope first.
    """
    asked = [(name, outcome) for name, outcome in outcomes if outcome is not Outcome.SKIPPED]
    labels: dict[str, list[str]] = {}
    for name, outcome in asked:
        if outcome not in _GOOD:
            labels.setdefault(_label(outcome), []).append(name)
    if not any(len(failed) >= _FEWEST_FAILED for failed in labels.values()):
        return []
    places: dict[tuple[str, str], list[str]] = {}
    for name, _ in asked:
        for scope in scopes(name):
            places.setdefault(scope, []).append(name)
    sentences: list[str] = []
    for label in sorted(labels, key=lambda label: (-len(labels[label]), label)):
        sentences += _sentences(_Failed(label=label, names=frozenset(labels[label]), asked_count=len(asked)), places)
    return sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    """The failures of one kind, and among how many."""

    label: str
    names: frozenset[str]
    asked_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crowd:
    """A place with failures: how many of how many asked there; `also` names other places of the very same nodes."""

    scope: str
    values: tuple[str, ...]
    failed: frozenset[str]
    asked_count: int
    also: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return len(self.failed) == self.asked_count


def _label(outcome: Outcome) -> str:
    return "unreachable" if outcome in _UNREACHABLE else outcome.value


def _sentences(failed: _Failed, places: Mapping[tuple[str, str], Sequence[str]]) -> list[str]:
    label, crowds = failed.label, _told(_crowds(failed, places))
    whole: dict[str, list[_Crowd]] = {}
    for crowd in crowds:
        if crowd.is_whole:
            whole.setdefault(crowd.scope, []).append(crowd)
    sentences = [_whole_sentence(label, alike) for alike in whole.values()]
    sentences += [_part_sentence(label, crowd, failed) for crowd in crowds if not crowd.is_whole]
    more = len(sentences) - _MOST_SENTENCES
    return sentences if more <= 0 else [*sentences[:_MOST_SENTENCES], f"and {more} more places with {label} nodes"]


def _crowds(failed: _Failed, places: Mapping[tuple[str, str], Sequence[str]]) -> list[_Crowd]:
    """Return the places with more failures than chance brings; places with the very same nodes are one."""
    same: dict[tuple[str, frozenset[str]], list[str]] = {}
    sizes: dict[tuple[str, frozenset[str]], int] = {}
    dead_count = _count_in_whole_places(failed, places)
    for (scope, value), asked in places.items():
        inside = frozenset(name for name in asked if name in failed.names)
        if len(inside) < _FEWEST_FAILED or not _stands_out(inside, asked, scope, failed, dead_count, len(places)):
            continue
        same.setdefault((scope, inside), []).append(value)
        sizes[scope, inside] = len(asked)
    return [
        _Crowd(scope=scope, values=tuple(values), failed=inside, asked_count=sizes[scope, inside])
        for (scope, inside), values in same.items()
    ]


def _count_in_whole_places(failed: _Failed, places: Mapping[tuple[str, str], Sequence[str]]) -> dict[str, int]:
    """Return, per scope, how many nodes stand in places that failed altogether."""
    dead: dict[str, set[str]] = {}
    for (scope, _), asked in places.items():
        if all(name in failed.names for name in asked):
            dead.setdefault(scope, set()).update(asked)
    return {scope: len(names) for scope, names in dead.items()}


def _stands_out(
    inside: frozenset[str],
    asked: Sequence[str],
    scope: str,
    failed: _Failed,
    dead_count: Mapping[str, int],
    places_count: int,
) -> bool:
    """Compare proportions: inside against elsewhere, and against chance (Chernoff's bound, for all places at once)."""
    here, overall = len(inside) / len(asked), len(failed.names) / failed.asked_count
    is_whole = len(inside) == len(asked)
    left_out = dead_count.get(scope, 0) if is_whole else len(asked)
    others_failed = len(failed.names) - (left_out if is_whole else len(inside))
    others = failed.asked_count - left_out
    if others <= 0 or others_failed / others > here * _MOST_ELSEWHERE:
        return False
    if here < _LEAST_INSIDE and len(inside) < len(failed.names):
        return False
    return -len(asked) * _divergence(here, overall) + math.log(places_count) < math.log(_CHANCE)


def _divergence(here: float, overall: float) -> float:
    """Return Kullback-Leibler's divergence of two shares, 0 where the first is not the larger one."""
    if here <= overall:
        return 0.0
    rest = (1 - here) * math.log((1 - here) / (1 - overall)) if here < 1 else 0.0
    return here * math.log(here / overall) + rest


def _told(crowds: Sequence[_Crowd]) -> list[_Crowd]:
    """Return those that say something new: whole places before parts, large before small, narrow before wide."""
    told: list[_Crowd] = []
    explained: set[str] = set()
    order = list(_PLACES)
    ranked = sorted(
        crowds,
        key=lambda crowd: (not crowd.is_whole, -len(crowd.failed), crowd.asked_count, order.index(crowd.scope)),
    )
    for crowd in ranked:
        same = [one for one in told if one.failed == crowd.failed and one.asked_count == crowd.asked_count]
        if same:
            told[told.index(same[0])] = replace(same[0], also=(*same[0].also, _named(crowd.scope, crowd.values)))
        elif not crowd.failed <= explained:
            told.append(crowd)
            explained |= crowd.failed
    return told


def _whole_sentence(label: str, crowds: Sequence[_Crowd]) -> str:
    scope, count = crowds[0].scope, len(frozenset().union(*(crowd.failed for crowd in crowds)))
    values = [value for crowd in crowds for value in crowd.values]
    also = crowds[0].also if len(crowds) == 1 else ()
    return f"all {count} nodes asked {_place(scope, values, also)} {_ENDS.get(label, f'failed with {label}')}"


def _part_sentence(label: str, crowd: _Crowd, failed: _Failed) -> str:
    place = _place(crowd.scope, crowd.values, crowd.also)
    return f"{len(crowd.failed)} of {len(failed.names)} {label} nodes stand {place}, of {crowd.asked_count} asked there"


def _place(scope: str, values: Sequence[str], also: Sequence[str]) -> str:
    others = f" ({'; '.join(also)})" if also else ""
    return f"{_PLACES[scope][2]} {_named(scope, values)}{others}"


def _named(scope: str, values: Sequence[str]) -> str:
    names = ", ".join(values[:_MOST_NAMES])
    more = f" and {len(values) - _MOST_NAMES} more" if len(values) > _MOST_NAMES else ""
    return f"{_PLACES[scope][len(values) > 1]} {names}{more}"
