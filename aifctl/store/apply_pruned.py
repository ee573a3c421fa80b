"""What is old and no longer wanted, out of the tables: readings, facts that others have replaced, sweeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select

from aifctl.store.hand import Hand
from aifctl.store.tables import FACTS, FINDINGS, NODE_FACTS, NODE_NOW, NODES, READINGS, STATES, SWEEPS, TRANSITIONS

Record = Mapping[str, Any]


def apply_prune(hand: Hand, records: Sequence[Record]) -> None:
    """Remove the readings of some sweeps, by number from the first to the last."""
    for record in records:
        # Named by their nodes as well, since that is how they are indexed.
        here = READINGS.c.node_id.in_(select(NODES.c.id)) & READINGS.c.sweep.between(*record["sweeps"])
        hand.connection.execute(delete(READINGS).where(here))


def apply_forget(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        forget(hand, record["before"])


def forget(hand: Hand, before: int) -> tuple[int, int]:
    """Remove facts that were replaced before a sweep, and the sweeps before it that nothing refers to; returns how many."""
    facts_count = hand.connection.execute(delete(NODE_FACTS).where(_replaced(before))).rowcount
    used = (select(NODE_FACTS.c.digest), select(NODE_NOW.c.facts_digest))
    hand.connection.execute(delete(FACTS).where(*(FACTS.c.digest.not_in(digests) for digests in used)))
    return facts_count, hand.connection.execute(delete(SWEEPS).where(*_unreferenced(before))).rowcount


def _replaced(before: int) -> ColumnElement[bool]:
    """Tell of facts that others took the place of, and that no reading that stays is to be read by."""
    newer = NODE_FACTS.alias()
    earlier = exists().where(
        READINGS.c.node_id == newer.c.node_id, READINGS.c.sweep >= before, READINGS.c.at < newer.c.since_at
    )
    return exists().where(
        newer.c.node_id == NODE_FACTS.c.node_id,
        newer.c.since_at > NODE_FACTS.c.since_at,
        newer.c.since_sweep < before,
        ~earlier,
    )


def _unreferenced(before: int) -> Iterator[ColumnElement[bool]]:
    """Tell of a sweep that it has ended, and that nothing but readings refers to it."""
    yield SWEEPS.c.number < before
    yield SWEEPS.c.ended_at.is_not(None)
    for one in (NODE_NOW.c.sweep, NODE_FACTS.c.since_sweep, FINDINGS.c.first_sweep, FINDINGS.c.cleared_sweep):
        yield SWEEPS.c.number.not_in(select(one).where(one.is_not(None)))
    for named in (TRANSITIONS.c.run, STATES.c.run):
        yield SWEEPS.c.id.not_in(select(named))
