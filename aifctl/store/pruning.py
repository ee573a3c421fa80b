"""What is too old to be kept, out of the database and out of the log.

The database first, by records in the log as all that changes it, in bites that others can write between. Then, where segments hold
nothing but what has gone by now, a snapshot, and with it on the disk those segments go. So whatever is killed when, the log makes the
same tables as there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, func, select

from aifctl.ports.store import Pruned
from aifctl.store.apply_pruned import forget
from aifctl.store.batch import Member, Record
from aifctl.store.damage import DamagedLogError
from aifctl.store.hand import Hand
from aifctl.store.log import size_of
from aifctl.store.reads import Reads
from aifctl.store.segment import Segment, open_to_read
from aifctl.store.snapshot import write_snapshot
from aifctl.store.tables import READINGS, SWEEPS
from aifctl.store.writer import Writer, applied_of

#: Readings to a transaction: half a second.
_BITE_COUNT = 25_000


def prune(writer: Writer, *, before_s: float, dry_run: bool) -> Pruned:
    """See ports.store.Store.prune."""
    writer.settle()
    with writer.database.reading() as connection:
        before = _first_kept(connection, before_s)
        counts = _readings_before(connection, before)
        kept = frozenset(connection.execute(select(SWEEPS.c.id).where(SWEEPS.c.number >= before)).scalars())
    old = list(_old_segments(writer, before_s, kept))
    if not dry_run and (counts or old):
        for first, last in _bites(counts, before):
            writer.transact(lambda *_, bite=(first, last): [{"kind": "prune", "sweeps": bite}], lambda _reads: None)
    facts_count, sweeps_count = _forget(writer, before, dry_run=dry_run)
    gone = Pruned(readings_count=sum(count for _, count in counts), facts_count=facts_count, sweeps_count=sweeps_count)
    if dry_run:
        return replace(gone, segments_count=len(old), log_bytes=sum(map(size_of, old)))
    dropped = _drop(writer, old) if old else []
    return replace(
        gone,
        segments_count=len(dropped),
        log_bytes=sum(dropped),
        database_bytes=writer.database.give_back(),
    )


def _first_kept(connection: Connection, before_s: float) -> int:
    """Return the number of the first sweep that is kept: the newest at the least, whose number the next one goes on from."""
    young = select(func.min(SWEEPS.c.number)).where(SWEEPS.c.started_at >= before_s)
    newest = select(func.max(SWEEPS.c.number))
    return connection.execute(young).scalar() or connection.execute(newest).scalar() or 0


def _readings_before(connection: Connection, before: int) -> list[tuple[int, int]]:
    """Return how many readings each old sweep has, in order."""
    number = READINGS.c.sweep
    counted = select(number, func.count()).where(number < before).group_by(number).order_by(number)
    return [(row[0], row[1]) for row in connection.execute(counted)]


def _bites(counts: Iterable[tuple[int, int]], before: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last sweep of each bite.

    Without a gap from 0 on: of what an earlier prune had removed the log may still hold readings, but not that prune itself.
    """
    first, held = 0, 0
    for number, count in counts:
        if held and held + count > _BITE_COUNT:
            yield first, number - 1
            first, held = number, 0
        held += count
    if first < before:
        yield first, before - 1


def _forget(writer: Writer, before: int, *, dry_run: bool) -> tuple[int, int]:
    """Forget facts and sweeps, or see how many there are to forget."""
    counts = (0, 0)

    def decide(hand: Hand, _reads: Reads) -> Sequence[Record]:
        nonlocal counts
        tried = hand.connection.begin_nested()
        counts = forget(hand, before)
        tried.rollback()
        return [{"kind": "forget", "before": before}] if any(counts) and not dry_run else []

    writer.transact(decide, lambda _reads: None)
    return counts


def _old_segments(writer: Writer, before_s: float, kept: frozenset[str]) -> Iterator[Path]:
    """Yield the segments that were written to their end before, and hold no reading of a sweep that is kept."""
    with writer.database.reading() as connection:
        applied = applied_of(connection)
    for path in writer.log.segments():
        if 0 < size_of(path) <= applied.get(path.name, 0):
            with suppress(FileNotFoundError), open_to_read(path) as segment:  # another prune may be quicker
                members = segment.walk(0).members
                if all(one.at_s < before_s for one in members) and not _sweeps(segment, members) & kept:
                    yield path


def _sweeps(segment: Segment, members: Iterable[Member]) -> set[str]:
    """Return the sweeps that members have looks of; what can't be read holds none that could be kept."""
    found = set[str]()
    for one in members:
        with suppress(DamagedLogError):
            found.update(record["sweep"] for record in segment.records(one) if record["kind"] == "look")
    return found


def _drop(writer: Writer, old: Iterable[Path]) -> list[int]:
    """Write a snapshot and remove these segments as far as it covers them; returns the sizes of those that are gone."""
    with writer.database.reading() as connection:
        write_snapshot(connection, writer.log, at_s=writer.clock.now().timestamp())
        covered = applied_of(connection)
    return [size for path in old if (size := writer.log.drop(path, covered.get(path.name, 0)))]
