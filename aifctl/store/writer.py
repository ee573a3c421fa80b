"""One way to write: the database's lock, a number, the log, the tables, commit. Or, where the database is away, the log alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, TypeVar

from sqlalchemy import Connection, select, update

from aifctl.core.errors import BackendError
from aifctl.ports.clock import Clock
from aifctl.ports.store import QueuedError
from aifctl.store.applying import apply
from aifctl.store.asking import for_psycopg
from aifctl.store.batch import ADOPTION, Member, Record, make_batch
from aifctl.store.damage import DamagedLogError, UnavailableError
from aifctl.store.database import Database
from aifctl.store.hand import Hand
from aifctl.store.log import Log
from aifctl.store.order import Where, in_order
from aifctl.store.reads import Reads
from aifctl.store.segment import Segment
from aifctl.store.tables import LOG_HEAD, SEGMENTS

T = TypeVar("T")

#: A database that did not take one batch is left alone this long: a sweep of a hundred batches waits for it once, not each time.
_LEFT_ALONE_S = 10.0


class _UnknownFateError(BackendError):
    """The log has it; whether the database has it, only the database knows."""


class _Fate(Enum):
    COMMITTED = auto()
    CUT = auto()
    UNKNOWN = auto()


@dataclass(slots=True, kw_only=True)
class Writer:
    """What one process writes with.

    Attributes:
        queued: members of our own segment that the database has not taken yet.
        settled: what dead writers left behind has been applied.
    """

    database: Database
    log: Log
    clock: Clock
    queued: list[Member] = field(default_factory=list)
    settled: bool = False
    _segment: Segment | None = None
    _started: int | None = None
    _left_alone_until_s: float = float("-inf")

    def transact(self, decide: Callable[[Hand, Reads], Sequence[Record]], answer: Callable[[Reads], T]) -> T:
        """Look, decide, write, answer, in one transaction. What `decide` raises ends it, and nothing has happened."""
        self.settle()
        return self._commit(decide, answer)

    def record(self, records: Sequence[Record]) -> None:
        """Write records that depend on nothing; QueuedError where they are in the log alone."""
        records = [cleaned(record) for record in records]
        if self.clock.monotonic_s() >= self._left_alone_until_s:
            try:
                return self.transact(lambda _hand, _reads: records, lambda _reads: None)
            except _UnknownFateError as problem:
                raise QueuedError(str(problem)) from problem
            except UnavailableError as problem:
                self._left_alone_until_s = self.clock.monotonic_s() + _LEFT_ALONE_S
                self._queue(records)
                raise self._told_queued(problem) from problem
        self._queue(records)
        raise self._told_queued(None)

    def settle(self) -> None:
        """Apply what dead writers left behind, and what of ours is queued; UnavailableError where that can't be done."""
        if self.settled and not self.queued:
            return
        self._started = None
        with ExitStack() as held:
            try:
                with self.database.writing() as connection:
                    self._settle(connection, held)
            except BaseException as problem:
                if self._fate() is not _Fate.COMMITTED:
                    raise
                _only_unavailable(problem)
        self.settled = True
        self.queued.clear()

    def reads(self, connection: Connection) -> Reads:
        """Return a reader of one transaction."""
        translate = for_psycopg if self.database.place.dialect == "postgresql" else str
        return Reads(lambda sql, values: list(connection.exec_driver_sql(translate(sql), tuple(values)).fetchall()))

    def close(self) -> None:
        """Let go of the segment and the database; idempotent."""
        if self._segment is not None:
            self._segment.close()
            self._segment = None
        self.database.close()

    def _settle(self, connection: Connection, held: ExitStack) -> None:
        seq, applied = next_seq(connection), applied_of(connection)
        left = {}
        for segment in self.log.left_behind(applied):
            held.callback(segment.close)
            left[segment.name] = (segment, applied.get(segment.name, 0))
        if self.queued:
            own = self._own(applied)
            left[own.name] = (own, applied.get(own.name, 0))
        self._adopt(connection, seq, applied, left)

    def _commit(self, decide: Callable[[Hand, Reads], Sequence[Record]], answer: Callable[[Reads], T]) -> T:
        self._started = None
        done: list[T] = []
        try:
            with self.database.writing() as connection:
                seq, hand, reads = next_seq(connection), Hand(connection), self.reads(connection)
                records = [cleaned(record) for record in decide(hand, reads)]
                if records:
                    segment = self._own(None if self._segment else applied_of(connection))
                    self._append(segment, make_batch(records).member(seq=seq, at_s=self._now_s()))
                    apply(hand, records)
                    advance(connection, seq, {segment.name: segment.size_bytes})
                done.append(answer(reads))
        except BaseException as problem:
            fate = self._fate()
            if fate is _Fate.CUT:
                raise
            _only_unavailable(problem)
            if fate is _Fate.UNKNOWN:
                raise _UnknownFateError(
                    f"{problem}; whether it was stored is not known, and is settled as soon as the database answers"
                ) from problem
        return done[0]

    def _adopt(
        self,
        connection: Connection,
        seq: int,
        applied: Mapping[str, int],
        left: Mapping[str, tuple[Segment, int]],
    ) -> None:
        """Apply what was left behind, and say so in our own segment."""
        found = {name: segment.walk(done).members for name, (segment, done) in left.items()}
        if not any(found.values()):
            return
        ordered = in_order(found, lambda name, member: _listed(left[name][0].records(member)))
        adopted = [one for one in (*ordered.known, *ordered.waiting) if not one[1].flags & ADOPTION]
        seq = max([seq, *(member.seq + 1 for members in found.values() for member in members)])
        own = self._own(applied)
        record = {"kind": "adopt", "members": [[name, member.offset] for name, member in adopted]}
        self._append(own, make_batch([record]).member(seq=seq, at_s=self._now_s(), flags=ADOPTION))
        hand = Hand(connection)
        for name, member in adopted:
            try:
                apply(hand, left[name][0].records(member))
            except DamagedLogError as problem:
                hand.tell([{"at": self._now_s(), "kind": "store", "text": f"lost: {problem}"}])
        advance(
            connection,
            seq,
            {segment.name: segment.size_bytes for segment, _ in left.values()} | {own.name: own.size_bytes},
        )

    def _queue(self, records: Sequence[Record]) -> None:
        """Put records into the log alone, behind what is queued already."""
        if self._segment is None:
            self._segment = self.log.take(None, at_s=self._now_s())
        data = make_batch(records).member(seq=0, at_s=self._now_s())
        start = self._segment.append(data)
        self.queued.append(Member(start, len(data), 0, 0, self._now_s()))

    def _told_queued(self, problem: UnavailableError | None) -> QueuedError:
        why = str(problem) if problem else f"the store {self.database.place.shown} does not take it"
        return QueuedError(f"{why}; it is queued in the log, and whoever opens the store next applies it")

    def _append(self, segment: Segment, member: bytes) -> None:
        self._started = segment.append(member)

    def _fate(self) -> _Fate:
        """Find out what became of a member of ours whose transaction failed; one that was not committed is cut off."""
        segment, start = self._segment, self._started
        if segment is None or start is None:
            return _Fate.CUT  # there was none yet
        try:
            with self.database.writing() as connection:  # waits for our transaction, if the server still has it
                next_seq(connection)
                committed = applied_of(connection).get(segment.name, 0) > start
        except BackendError:
            if self.database.place.dialect == "sqlite":  # a failed commit was rolled back, there is no server to ask
                segment.cut(start)
                return _Fate.CUT
            self.queued.append(Member(start, segment.size_bytes - start, 0, 0, 0.0))
            return _Fate.UNKNOWN
        if not committed:
            segment.cut(start)
        return _Fate.COMMITTED if committed else _Fate.CUT

    def _own(self, applied: Mapping[str, int] | None) -> Segment:
        if self._segment is None:
            self._segment = self.log.take(applied, at_s=self._now_s())
        return self._segment

    def _now_s(self) -> float:
        return self.clock.now().timestamp()


def advance(connection: Connection, seq: int, applied: Mapping[str, int]) -> None:
    """Note up to where each segment is applied, and the newest number."""
    connection.execute(update(LOG_HEAD).values(seq=seq))
    rows = [{"name": name, "bytes_applied": size} for name, size in applied.items()]
    statement = Hand(connection).upsert(SEGMENTS)
    newer = {"bytes_applied": statement.excluded.bytes_applied}
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=newer), rows)


def next_seq(connection: Connection) -> int:
    """Take the writers' lock, where the transaction has not got it already, and return the next number."""
    return int(connection.execute(select(LOG_HEAD.c.seq).with_for_update()).scalar_one()) + 1


def applied_of(connection: Connection) -> dict[str, int]:
    """Return up to where each segment is applied, by name."""
    return {row.name: row.bytes_applied for row in connection.execute(select(SEGMENTS))}


def cleaned(value: Any) -> Any:
    """Return a record whose texts every database takes: no NUL, no half of a surrogate pair."""
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else _clean(value)
    if isinstance(value, Mapping):
        return {cleaned(key): cleaned(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(part) for part in value]
    return value


def _clean(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


def _listed(records: Iterable[Mapping[str, Any]]) -> list[Where]:
    return [(name, offset) for record in records for name, offset in record["members"]]


def _only_unavailable(problem: BaseException) -> None:
    """Let pass what a commit may fail with although it was done; anything else goes on its way."""
    if not isinstance(problem, UnavailableError):
        raise problem
