"""What the findings that stand come to, told to the store: incidents that open, go on and are over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from aifctl.diagnosis.check import Check
from aifctl.diagnosis.incidents import Incident, fold
from aifctl.diagnosis.scopes import Ground
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.health.alone import Pause, alone
from aifctl.health.deciding import Sighted
from aifctl.health.standing_rows import finding_of
from aifctl.ports.store import Store
from aifctl.ports.store_writes import By, Sighting

#: One sweep at a time folds.
FOLDING = "folding"
#: Folding 6,250 sick nodes takes seconds; one that was killed in it is in nobody's way for longer than others wait.
_LEASE_S = 9.0
#: Their findings are somebody's work already, and no sweep asks them.
_ELSEWHERE = frozenset({State.REPAIR.value, State.RETIRED.value})


def nodes_that_count(fleet: Fleet) -> frozenset[str]:
    """Return the nodes whose findings make incidents: all but those that are off, in repair or retired."""
    state_of, off_of = fleet.attribute("state"), fleet.attribute("off")
    return frozenset(name for name in fleet.names if state_of(name) not in _ELSEWHERE and off_of(name) != "true")


def sight_incidents(
    store: Store,
    ground: Callable[[], Ground],
    checks: Sequence[Check],
    by: By,
    *,
    counting: frozenset[str],
    apart: bool = False,
    pause: Pause = time.sleep,
) -> tuple[Sighted, ...]:
    """Fold all that stands, of the whole fleet, and bring the store's incidents to that; worst and widest first.

    The whole of it, because a sweep of one rack must neither close nor double what stands of another. One sweep at a
    time, because one that folds by findings from before another's looks would open again what that one has closed;
    `ground` is called once nobody else folds. `counting`: nodes whose findings count. `apart`: they are no fleet but a
    host file's, so that what stands of others, or of some of these and others, stays.

    Raises:
        BusyError: somebody else folds for longer than anybody should; incidents are as that one leaves them.
    """
    with alone(store, FOLDING, by, purpose="folding findings into incidents", for_s=_LEASE_S, pause=pause):
        rows = store.incidents()
        if apart:
            beyond = [row for row in rows if not counting.issuperset(row.nodes)]
            counting = counting.difference(*(row.nodes for row in beyond))
            rows = [row for row in rows if counting.issuperset(row.nodes)]
        standing = [finding_of(row) for row in store.findings() if row.node in counting]
        incidents = fold(standing, ground(), explained_by=explained_by(checks))
        keys = {incident.key for incident in incidents}
        gone = [row.id for row in rows if row.key not in keys]
        sighted = store.sight([_sighting(incident) for incident in incidents], by, gone=gone)
    return tuple(zip(incidents, sighted, strict=True))


def explained_by(checks: Iterable[Check]) -> Mapping[str, tuple[str, ...]]:
    """Return check → those whose findings on the same node say why it finds something."""
    return {check.name: check.explained_by for check in checks}


def _sighting(incident: Incident) -> Sighting:
    return Sighting(
        check=incident.check,
        code=incident.code,
        scope=incident.scope,
        scope_value=incident.scope_value,
        result=incident.result.value,
        action=incident.action.value,
        message=incident.message,
        nodes=incident.nodes,
        suspect=incident.suspect,
        facts={"findings_count": len(incident.findings)},
    )
