"""A database made anew from its log, or from the logs of all control hosts that shared it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from aifctl.core.errors import BusyError, RefusedError, SetupError
from aifctl.ports.clock import Clock
from aifctl.ports.store import Rebuilt
from aifctl.store.applying import apply
from aifctl.store.batch import ADOPTION, Member
from aifctl.store.damage import DamagedLogError
from aifctl.store.database import Database, Steps, open_database
from aifctl.store.hand import Hand
from aifctl.store.log import segments_in
from aifctl.store.migrations.steps import STEPS
from aifctl.store.order import Ordered, Where, in_order
from aifctl.store.place import Place, prepare_file
from aifctl.store.segment import Segment, lock
from aifctl.store.snapshot import apply_past, newest_snapshot, restore, schema_of
from aifctl.store.store import open_store
from aifctl.store.writer import advance, applied_of, next_seq

Record = dict[str, Any]

#: Batches to a transaction.
_AT_ONCE = 100


def rebuild(
    place: Place, *, clock: Clock, logs: Sequence[Path] = (), bound_s: float = 10.0, steps: Steps = STEPS
) -> Rebuilt:
    """Make the database at a place anew, from its own log and from `logs` of other control hosts.

    The old SQLite file is set aside. A PostgreSQL database must be new: what is in one may be wanted.

    Raises:
        BusyError: somebody writes the store now.
        RefusedError: the PostgreSQL database is not empty.
        SetupError: there is no log, or the snapshot in it is damaged.
    """
    folders = [place.state.path.joinpath(*place.log), *logs]
    with ExitStack() as held:
        segments = {one.name: one for folder in folders for one in _open_all(folder, held)}
        snapshot = newest_snapshot(folders)
        if not segments and not snapshot:
            raise SetupError(f"there is no log in {', '.join(map(str, folders))}: nothing to make the store from")
        walked = {name: segment.walk(0) for name, segment in segments.items()}
        damage = [
            f"{segments[name].path}: {one.damaged_bytes} bytes are not what was written"
            for name, one in walked.items()
            if one.damaged_bytes
        ]
        made = _beside(place)
        _make(made, snapshot, bound_s, steps)
        with closing(open_database(made, bound_s=bound_s, steps=steps)) as database:
            database.migrate()
            count = _fill(database, segments, {name: one.members for name, one in walked.items()}, damage)
        set_aside = _take_place(made, place)
    open_store(place, clock=clock, bound_s=bound_s, steps=steps).close()  # which applies what nobody had applied
    return Rebuilt(
        batches_count=count,
        damage=tuple(damage),
        set_aside=str(set_aside) if set_aside else "",
        snapshot=str(snapshot) if snapshot else "",
    )


def _open_all(folder: Path, held: ExitStack) -> Iterator[Segment]:
    """Open the segments of a log, locked, so that nobody writes them meanwhile."""
    for path in segments_in(folder):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as problem:
            raise SetupError(f"{path} can't be read: {problem.strerror}") from problem
        segment = Segment(path, descriptor, os.fstat(descriptor).st_size)
        held.callback(segment.close)
        if not lock(descriptor):
            raise BusyError(f"{path} is being written; end that sweep or wait for it, then rebuild")
        yield segment


def _beside(place: Place) -> Place:
    """Return where the new database is made: beside the old one, or in PostgreSQL in its place."""
    if place.path is None:
        return place
    made = replace(place, path=place.path.with_name(f"{place.path.name}.new"))
    for file in _files_of(made.path or Path()):
        file.unlink(missing_ok=True)
    prepare_file(made)
    return made


def _make(place: Place, snapshot: Path | None, bound_s: float, steps: Steps) -> None:
    """Make the tables, those of its time where there is a snapshot, and put into them what that holds."""
    version = schema_of(snapshot) if snapshot else len(steps)
    with closing(open_database(place, bound_s=bound_s, steps=steps[:version])) as database:
        if not database.is_new():
            raise RefusedError(
                f"{place.shown} holds a store; make an empty database and name that with --state, or drop this one's tables"
            )
        database.migrate()
        if snapshot:
            with database.writing() as connection:
                restore(connection, snapshot)


def _fill(
    database: Database, segments: Mapping[str, Segment], found: Mapping[str, Sequence[Member]], damage: list[str]
) -> int:
    """Apply what segments hold, of what a snapshot covers the readings alone; returns how many batches that were."""

    def adopted(name: str, member: Member) -> list[Where]:
        return _listed(segments[name], member)

    with database.reading() as connection:
        covered, seq = applied_of(connection), next_seq(connection) - 1
    past, later = dict[str, list[Member]](), dict[str, list[Member]]()
    for name, members in found.items():
        past[name] = [one for one in members if one.offset < covered.get(name, 0)]
        # All that was committed with an older number is covered: who had one and is not covered, died before that.
        uncovered = members[len(past[name]) :]
        later[name] = [one if one.seq > seq else replace(one, seq=0) for one in uncovered]
    before = in_order(past, adopted)
    count = _apply_all(database, (*before.known, *before.waiting), segments, damage, apply_past)
    ordered = in_order(later, adopted)
    ends = _ends(ordered, later, covered)
    left_out = [one for one in ordered.waiting if one[1].offset < ends[one[0]]]
    count += _apply_all(database, (*ordered.known, *left_out), segments, damage, apply)
    with database.writing() as connection:
        advance(connection, max([seq, *(member.seq for _, member in ordered.known)]), ends)
    return count


def _apply_all(
    database: Database,
    batches: Iterable[tuple[str, Member]],
    segments: Mapping[str, Segment],
    damage: list[str],
    apply_them: Callable[[Hand, list[Record]], None],
) -> int:
    """Apply batches in their order; what can't be read is said, and the rest goes on."""
    count, waiting = 0, (one for one in batches if not one[1].flags & ADOPTION)
    while some := list(islice(waiting, _AT_ONCE)):
        with database.writing() as connection:
            for name, member in some:
                try:
                    records = segments[name].records(member)
                except DamagedLogError as problem:
                    damage.append(str(problem))
                    continue
                apply_them(Hand(connection), records)
                count += 1
    return count


def _ends(ordered: Ordered, found: Mapping[str, Sequence[Member]], covered: Mapping[str, int]) -> dict[str, int]:
    """Return up to where each segment is known to have been applied; what is behind that waits for an adoption."""
    known = {(name, member.offset) for name, member in ordered.known}
    return {
        name: max((one.end for one in members if (name, one.offset) in known), default=covered.get(name, 0))
        for name, members in found.items()
    }


def _take_place(made: Place, place: Place) -> Path | None:
    """Put the new file in the old one's place, and the old one, with its WAL, aside."""
    if made.path is None or place.path is None:
        return None
    number = 1
    while (aside := place.path.with_name(f"{place.path.name}.old-{number}")).exists():
        number += 1
    old = place.path.exists()
    for file, target in zip(_files_of(place.path), _files_of(aside), strict=True):
        if file.exists():
            file.rename(target)
    made.path.rename(place.path)
    return aside if old else None


def _files_of(path: Path) -> tuple[Path, ...]:
    """Return a database's files: a WAL beside a file that it does not belong to would be played into it."""
    return path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _listed(segment: Segment, member: Member) -> list[Where]:
    return [(name, offset) for record in segment.records(member) for name, offset in record["members"]]
