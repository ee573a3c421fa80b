"""Moving nodes from one state to another, as they were seen and not otherwise: the values that the store compares and sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from aifctl.core.errors import RefusedError
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State, is_legal
from aifctl.ports.store import Store
from aifctl.ports.store_rows import StateRow
from aifctl.ports.store_writes import By, Move

#: Out of service: what budgets count, whoever has taken them out.
OUT = frozenset({State.DRAINING, State.DRAINED, State.REPAIR})
#: From here a node can be drained.
DRAINABLE = frozenset({State.READY, State.ALLOCATED, State.SUSPECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where a node stands, as it was seen.

    Attributes:
        version: 0 where it has never moved, so that its inventory says where it stands.
        reason, owner: of the move that brought it there.
    """

    node: str
    state: State
    version: int = 0
    since_at_s: float = 0.0
    reason: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """On what ground a node is moved; the fields are those of `ports.store_writes.Move`."""

    reason: str = ""
    owner: str = ""
    why: str = ""
    action: str = ""
    boot_id: str = ""
    incident: int = 0


def stands(names: Iterable[str], fleet: Fleet, rows: Mapping[str, StateRow]) -> dict[str, Stand]:
    """Return where these nodes stand: where the store says, and otherwise where the inventory does."""
    written = fleet.written.attribute("state")
    return {name: _stand(name, rows.get(name), written(name)) for name in names}


def move_to(stand: Stand, target: State, ground: Ground) -> Move:
    """Return the move; RefusedError where no such move is legal."""
    if not is_legal(stand.state, target):
        raise RefusedError(
            f"{stand.node} is {stand.state.value} and can't become {target.value}; `aifctl node states` shows which moves are legal"
        )
    return Move(
        node=stand.node,
        source=stand.state,
        target=target,
        expected_version=stand.version,
        reason=ground.reason,
        owner=ground.owner,
        why=ground.why,
        action=ground.action,
        boot_id=ground.boot_id,
        incident=ground.incident,
    )


def idle(stands_before: Iterable[Stand]) -> frozenset[str]:
    """Return the nodes on which nothing runs.

    Without a scheduler that is what their states say: only what was allocated has a job. A scheduler's word replaces it
    here, and nowhere else.
    """
    return frozenset(stand.node for stand in stands_before if stand.state is not State.ALLOCATED)


def take_out(nodes: Collection[Stand], grounds: Mapping[str, Ground], store: Store, by: By) -> dict[str, State]:
    """Drain nodes, all of them or none, and say of those on which nothing runs that they are drained.

    Returns where each stands then. ConflictError names those that no longer stand as they were seen; nothing was done
    then, unless it came between the two moves: a node that somebody else has moved on in that moment is left where it is.
    """
    moves = [move_to(stand, State.DRAINING, grounds[stand.node]) for stand in nodes]
    draining = store.move(moves, by)
    free = idle(nodes)
    done = [_drained(row, grounds[row.node]) for row in draining if row.node in free]
    drained = {row.node for row in store.move(done, by)} if done else set()
    return {stand.node: State.DRAINED if stand.node in drained else State.DRAINING for stand in nodes}


def _drained(row: StateRow, ground: Ground) -> Move:
    return Move(
        node=row.node,
        source=State.DRAINING,
        target=State.DRAINED,
        expected_version=row.version,
        reason=ground.reason,
        owner=ground.owner,
        why="nothing runs on it",
    )


def _stand(name: str, row: StateRow | None, written: str | None) -> Stand:
    if row is None:
        return Stand(node=name, state=State(written or State.READY))
    return Stand(
        node=name,
        state=State(row.state),
        version=row.version,
        since_at_s=row.since_at_s,
        reason=row.reason,
        owner=row.owner,
    )
