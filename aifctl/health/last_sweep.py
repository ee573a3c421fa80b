"""Which sweep last meant which nodes: who was to be asked and was not looked at since has gone stale."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from aifctl.core.errors import UsageError
from aifctl.diagnosis.fleet_health import SweepHealth
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.selector import Terms, parse_selector, resolve
from aifctl.ports.store_rows import SweepRow

#: What these terms meant when a sweep began can't be told from what they mean now.
_CHANGING = ("@state", "@run", "@job", "@slurm", "@file", "@stdin")
_WHOLE = frozenset({"", "@all", "*"})

#: Facts of a sweep that was given fewer nodes than its selector means.
NARROWED = "narrowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeantBy:
    """Which of the newest sweeps were to ask which nodes.

    Attributes:
        ranks: sweep → how many newer ones there are; of the newest alone.
        whole: rank of the newest ended one of the whole fleet; beyond all others where there is none.
        some: those of parts of it, by node, where they are newer.
        ids: sweep → the nodes it meant; None for all.
        began_at_s: by rank. ended_at_s: sweep → when it ended, of those that have.
    """

    ranks: Mapping[str, int] = field(default_factory=dict)
    whole: int = sys.maxsize
    some: Mapping[str, int] = field(default_factory=dict)
    ids: Mapping[str, Collection[str] | None] = field(default_factory=dict)
    began_at_s: Sequence[float] = ()
    ended_at_s: Mapping[str, float] = field(default_factory=dict)

    def looked_since(self, name: str, sweep: str, at_s: float) -> bool:
        """Return whether a look by this sweep is of the last one that was to ask the node, or of a newer one.

        By the sweeps' order, not by the clock: control hosts have several. But of two sweeps at once (cron's, and a
        person's that began later) either one's look is as good: the store keeps the one that it was handed first.
        """
        last = min(self.whole, self.some.get(name, sys.maxsize))
        if self.ranks.get(sweep, sys.maxsize) <= last:
            return True
        # One that goes on, or was cut off, was there when it looked; that is all that is known of it.
        return self.ended_at_s.get(sweep, at_s) >= self.began_at_s[last]


def meant_by(sweeps: Sequence[SweepRow], fleet: Fleet) -> MeantBy:
    """Find out from the newest sweeps, newest first. One whose nodes can't be told any more meant nobody."""
    whole, some, ids = sys.maxsize, dict[str, int](), dict[str, Collection[str] | None]()
    for rank, sweep in enumerate(sweeps):
        if sweep.ended_at_s is None or sweep.facts.get(NARROWED):
            continue
        if sweep.selector.strip() in _WHOLE:
            ids[sweep.id] = None
            whole = rank
            break  # what is older is of no account any more
        names = _names(sweep.selector, fleet)
        if names:
            ids[sweep.id] = names
            for name in names:
                some.setdefault(name, rank)
    ranks = {sweep.id: rank for rank, sweep in enumerate(sweeps)}
    return MeantBy(
        ranks=ranks,
        whole=whole,
        some=some,
        ids=ids,
        began_at_s=tuple(sweep.started_at_s for sweep in sweeps),
        ended_at_s={sweep.id: sweep.ended_at_s for sweep in sweeps if sweep.ended_at_s is not None},
    )


def last_sweep_of(names: Sequence[str], sweeps: Sequence[SweepRow], meant: MeantBy) -> SweepHealth | None:
    """Return the newest ended sweep that meant all these nodes, or else the newest that ended at all."""
    ended = [sweep for sweep in sweeps if sweep.ended_at_s is not None]
    wanted = frozenset(names)
    found = next((sweep for sweep in ended if _covers(meant.ids.get(sweep.id, ()), wanted)), None)
    chosen = found or next(iter(ended), None)
    if chosen is None:
        return None
    return SweepHealth(
        id=chosen.id,
        started_at_s=chosen.started_at_s,
        ended_at_s=chosen.ended_at_s or chosen.started_at_s,
        asked=chosen.asked,
        answered=chosen.answered,
        exit_code=chosen.exit_code or 0,
    )


def _covers(meant: Collection[str] | None, wanted: frozenset[str]) -> bool:
    return meant is None or wanted <= frozenset(meant)


def _names(selector: str, fleet: Fleet) -> Collection[str]:
    if any(term in selector for term in _CHANGING) or selector.strip() == "-":
        return ()
    try:
        return frozenset(resolve(parse_selector(selector), fleet, Terms(), allow_empty=True).names)
    except UsageError:  # the inventory has changed since
        return ()
