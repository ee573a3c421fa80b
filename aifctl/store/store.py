"""The store: implements ports.store.Store over a database and its log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from aifctl.core.errors import BusyError, SetupError, UsageError
from aifctl.core.moments import said_at_s
from aifctl.ports.clock import Clock
from aifctl.ports.store import ConflictError, Pruned
from aifctl.ports.store_rows import Freeze, IncidentRow, Lease, Mute, OutboxRow, StateRow
from aifctl.ports.store_writes import By, Event, Move, NodeLook, Notification, Sighting
from aifctl.store.apply_custody import foreign_leases
from aifctl.store.apply_states import conflicts
from aifctl.store.asking import for_psycopg
from aifctl.store.batch import Record
from aifctl.store.damage import UnavailableError
from aifctl.store.database import Database, Steps, open_database
from aifctl.store.filesystems import read_mounts
from aifctl.store.hand import Hand
from aifctl.store.log import Log
from aifctl.store.migrations.steps import STEPS
from aifctl.store.place import Place, prepare_file
from aifctl.store.pruning import prune
from aifctl.store.reads import Reads
from aifctl.store.records import by_record, event_record, look_record, move_record, sighting_record
from aifctl.store.snapshot import newest_snapshot
from aifctl.store.writer import Writer

T = TypeVar("T")

#: How long a write waits for other writers; one of 256 nodes takes 0.1 s.
BOUND_S = 10.0


def open_store(
    place: Place,
    *,
    clock: Clock,
    bound_s: float = BOUND_S,
    steps: Steps = STEPS,
    mounts: Callable[[], str] = read_mounts,
) -> SqlStore:
    """Open a store for writing: made or migrated where it has to be, with all that dead writers left behind applied.

    A database that is away for now is no error yet: what may be queued is queued.

    Raises:
        SetupError: the place can't hold a store, the database is damaged, or a newer aifctl has written it.
    """
    prepare_file(place, mounts)
    database = open_database(place, bound_s=bound_s, steps=steps)
    log = Log(state=place.state, parts=place.log)
    writer = Writer(database=database, log=log, clock=clock)
    try:
        _refuse_pruned(database, log)
        database.migrate()
        writer.settle()
    except UnavailableError:
        return SqlStore(writer, is_made=False)
    except BaseException:
        writer.close()
        raise
    return SqlStore(writer)


class SqlStore(Reads):
    """See ports.store.Store."""

    def __init__(self, writer: Writer, *, is_made: bool = True) -> None:
        super().__init__(self._ask)
        self._writer, self._is_made = writer, is_made

    @property
    def queued_count(self) -> int:
        return len(self._writer.queued)

    def begin_sweep(self, id: str, *, selector: str, asked: int, probe: str, facts: Mapping[str, Any]) -> None:  # noqa: A002  the row's own word
        told = {"id": id, "selector": selector, "asked": asked, "probe": probe, "facts": dict(facts)}
        self._writer.record([{"kind": "begin", "at": self._now_s(), **told}])

    def add(self, sweep: str, looks: Sequence[NodeLook]) -> None:
        if looks:
            self._writer.record([look_record(sweep, look) for look in looks])

    def end_sweep(self, id: str, *, answered: int, exit_code: int, facts: Mapping[str, Any]) -> None:  # noqa: A002  the row's own word
        told = {"id": id, "answered": answered, "exit_code": exit_code, "facts": dict(facts)}
        self._writer.record([{"kind": "end", "at": self._now_s(), **told}])

    def sight(self, sightings: Sequence[Sighting], by: By, *, gone: Collection[int] = ()) -> tuple[IncidentRow, ...]:
        if not sightings and not gone:
            return ()
        told = {"sightings": [sighting_record(one) for one in sightings], "gone": sorted(gone)}

        def answer(reads: Reads) -> tuple[IncidentRow, ...]:
            standing = {one.key: one for one in reads.incidents()}
            return tuple(standing[one.key] for one in sightings)

        return self._write(by_record("sight", by, self._now_s(), **told), answer)

    def acknowledge(self, incident: int, by: By, *, text: str = "") -> IncidentRow:
        return self._say(incident, by, what="acked", text=text)

    def silence(self, incident: int, by: By, *, until_s: float, text: str = "") -> IncidentRow:
        return self._say(incident, by, what="silenced", text=text, until=until_s)

    def close_incident(self, incident: int, by: By, *, text: str = "") -> IncidentRow:
        return self._say(incident, by, what="closed", text=text)

    def move(self, moves: Sequence[Move], by: By) -> tuple[StateRow, ...]:
        record = by_record("move", by, self._now_s(), moves=[move_record(move) for move in moves])

        def decide(hand: Hand, _reads: Reads) -> list[Record]:
            changed = conflicts(hand, record["moves"], hand.node_ids([move.node for move in moves]))
            if changed:
                names = ", ".join(changed[:_MOST_NAMED]) + (" and others" if len(changed) > _MOST_NAMED else "")
                raise ConflictError(f"the state of {names} has changed meanwhile; look again, nothing was done")
            return [record] if moves else []

        def answer(reads: Reads) -> tuple[StateRow, ...]:
            states = reads.states([move.node for move in moves])
            return tuple(states[move.node] for move in moves)

        return self._writer.transact(decide, answer)

    def note(self, nodes: Sequence[str], text: str, by: By) -> None:
        self._writer.record([by_record("note", by, self._now_s(), nodes=list(nodes), text=text)])

    def mute(self, check: str, by: By, *, selector: str, until_s: float, reason: str) -> Mute:
        told = {"check": check, "selector": selector, "until": until_s, "reason": reason}
        return self._write(by_record("mute", by, self._now_s(), **told), lambda reads: reads.mutes()[-1])

    def unmute(self, id: int, by: By) -> None:  # noqa: A002  the row's own word
        def decide(_hand: Hand, reads: Reads) -> list[Record]:
            if not any(mute.id == id for mute in reads.mutes()):
                raise UsageError(f"there is no mute {id}; `aifctl checks list` shows them")
            return [by_record("unmute", by, self._now_s(), id=id)]

        self._writer.transact(decide, lambda _reads: None)

    def acquire(self, scopes: Sequence[str], *, owner: str, purpose: str, for_s: float) -> tuple[Lease, ...]:
        now_s = self._now_s()
        told = {"scopes": list(scopes), "owner": owner, "purpose": purpose, "at": now_s, "until": now_s + for_s}

        def decide(hand: Hand, _reads: Reads) -> list[Record]:
            held = foreign_leases(hand, scopes, owner, now_s)
            if held:
                raise BusyError(_held(held))
            return [{"kind": "lease", **told}]

        return self._writer.transact(decide, lambda reads: _leases(reads, scopes))

    def renew(self, scopes: Sequence[str], *, owner: str, for_s: float) -> tuple[Lease, ...]:
        now_s = self._now_s()
        told = {"scopes": list(scopes), "owner": owner, "purpose": "", "at": now_s, "until": now_s + for_s}

        def decide(_hand: Hand, reads: Reads) -> list[Record]:
            ours = {lease.scope for lease in reads.leases() if lease.owner == owner}
            if lost := sorted(set(scopes) - ours):
                raise ConflictError(f"the lease on {', '.join(lost)} is no longer held by {owner}: broken, or run out")
            return [{"kind": "lease", **told}]

        return self._writer.transact(decide, lambda reads: _leases(reads, scopes))

    def release(self, scopes: Sequence[str], *, owner: str) -> None:
        record = {"kind": "release", "at": self._now_s(), "scopes": list(scopes), "owner": owner}
        self._write(record, lambda _reads: None)

    def break_leases(self, scopes: Sequence[str], by: By, *, reason: str) -> tuple[Lease, ...]:
        broken: list[Lease] = []

        def decide(_hand: Hand, reads: Reads) -> list[Record]:
            broken[:] = _leases(reads, scopes)
            record = by_record("break", by, self._now_s(), scopes=[lease.scope for lease in broken], reason=reason)
            return [record] if broken else []

        self._writer.transact(decide, lambda _reads: None)
        return tuple(broken)

    def freeze(self, selector: str, names: Sequence[str], by: By, *, reason: str) -> Freeze:
        told = {"selector": selector, "names": list(names), "reason": reason}
        return self._write(by_record("freeze", by, self._now_s(), **told), lambda reads: reads.freezes()[-1])

    def unfreeze(self, ids: Sequence[int], by: By) -> None:
        self._write(by_record("unfreeze", by, self._now_s(), ids=list(ids)), lambda _reads: None)

    def enqueue(self, notifications: Sequence[Notification]) -> None:
        fields = ("incident", "channel", "payload", "due_at_s")
        told = [{name.removesuffix("_s"): getattr(one, name) for name in fields} for one in notifications]
        self._writer.record([{"kind": "enqueue", "at": self._now_s(), "notifications": told}])

    def take_due(self, *, for_s: float, limit: int = 100) -> list[OutboxRow]:
        now_s, taken = self._now_s(), list[int]()

        def decide(_hand: Hand, reads: Reads) -> list[Record]:
            taken[:] = [row.id for row in reads.outbox() if row.due_at_s <= now_s >= row.taken_until_s][:limit]
            return [{"kind": "take", "at": now_s, "ids": list(taken), "until": now_s + for_s}] if taken else []

        return self._writer.transact(decide, lambda reads: [row for row in reads.outbox() if row.id in taken])

    def settle(self, id: int, *, error: str = "", again_at_s: float | None = None) -> None:  # noqa: A002  the row's own word
        told = {"id": id, "error": error, "again_at": again_at_s}
        self._writer.record([{"kind": "settle", "at": self._now_s(), **told}])

    def tell(self, events: Sequence[Event]) -> None:
        now_s = self._now_s()
        if events:
            self._writer.record([{"kind": "tell", "events": [event_record(event, now_s) for event in events]}])

    def put(self, key: str, value: Any) -> None:
        self._writer.record([{"kind": "put", "at": self._now_s(), "key": key, "value": value}])

    def prune(self, *, before_s: float, dry_run: bool = False) -> Pruned:
        return prune(self._writer, before_s=before_s, dry_run=dry_run)

    def close(self) -> None:
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, record: Record, answer: Callable[[Reads], T]) -> T:
        return self._writer.transact(lambda _hand, _reads: [record], answer)

    def _say(self, incident: int, by: By, **told: Any) -> IncidentRow:
        def decide(_hand: Hand, reads: Reads) -> list[Record]:
            found = reads.incident(incident)
            if found is None:
                raise UsageError(f"there is no incident {incident}; `aifctl incident list` shows them")
            if found.closed_at_s is not None:
                raise ConflictError(f"incident {incident} has been closed since {said_at_s(found.closed_at_s)}")
            return [by_record("incident", by, self._now_s(), incident=incident, **told)]

        def answer(reads: Reads) -> IncidentRow:
            found = reads.incident(incident)
            assert found is not None  # noqa: S101  it was there in this very transaction
            return found

        return self._writer.transact(decide, answer)

    def _ask(self, sql: str, values: Sequence[Any]) -> list[Sequence[Any]]:
        if not self._is_made:  # it was away when it was opened: there may be no table yet
            self._writer.database.migrate()
            self._is_made = True
        translate = for_psycopg if self._writer.database.place.dialect == "postgresql" else str
        with self._writer.database.reading() as connection:
            return list(connection.exec_driver_sql(translate(sql), tuple(values)).fetchall())

    def _now_s(self) -> float:
        return self._writer.clock.now().timestamp()


_MOST_NAMED = 8


def _refuse_pruned(database: Database, log: Log) -> None:
    """Raise SetupError where a log would make no more than the end of a store: what came before is in a snapshot."""
    if newest_snapshot([log.folder]) and database.is_new():
        raise SetupError(
            f"the store {database.place.shown} is empty, and its log was pruned since it was written: `aifctl store rebuild` "
            "makes the store of the snapshot that is with the log"
        )


def _leases(reads: Reads, scopes: Sequence[str]) -> tuple[Lease, ...]:
    wanted = frozenset(scopes)
    return tuple(lease for lease in reads.leases() if lease.scope in wanted)


def _held(held: Sequence[Mapping[str, Any]]) -> str:
    first, more = held[0], f", and {len(held) - 1} more" if len(held) > 1 else ""
    return (
        f"{first['scope'].removeprefix('node:')} is leased by {first['owner']} ({first['purpose']}) since "
        f"{said_at_s(first['since_at'])}, until {said_at_s(first['until_at'])}{more}; try again later, or `aifctl leases break`"
    )
