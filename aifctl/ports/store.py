"""The seam to what is remembered of the fleet: a Reader for those who only look, a Store for those who write.

Errors: SetupError (a newer schema, a place that can't hold a database, a damaged one), BackendError (the database does
not answer), and the two below. Nothing that returned is ever lost; nothing is applied twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from aifctl.core.errors import BackendError, BusyError
from aifctl.ports.store_rows import (
    DrainRow,
    EventRow,
    FactsRow,
    FindingRow,
    Freeze,
    IncidentLogRow,
    IncidentRow,
    Lease,
    Mute,
    NodeRow,
    NoteRow,
    OutboxRow,
    ReadingRow,
    StateRow,
    SweepRow,
    TransitionRow,
)
from aifctl.ports.store_writes import By, Event, Move, NodeLook, Notification, Sighting


class ConflictError(BusyError):
    """What was seen is no longer so: somebody else was quicker. Nothing was written."""


class QueuedError(BackendError):
    """The database did not take it, the log has it, durably: whoever opens the store next applies it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What making the database anew from its log came to.

    Attributes:
        batches_count: that were applied.
        damage: what of the logs could not be read, one sentence each.
        set_aside: the old SQLite file; "" where there was none.
        snapshot: the file that it began with; "" where the log had never been pruned.
    """

    batches_count: int
    damage: tuple[str, ...]
    set_aside: str = ""
    snapshot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What went, or would go.

    Attributes:
        facts_count: what nodes had been before they were something else.
        segments_count: files of this control host's log, of `log_bytes` together.
        database_bytes: what an SQLite file gave back to its disk.
    """

    readings_count: int = 0
    facts_count: int = 0
    sweeps_count: int = 0
    segments_count: int = 0
    log_bytes: int = 0
    database_bytes: int = 0


class Reader(Protocol):
    """What is remembered, read without leave of whoever writes. `names` and `nodes`: None is all of them."""

    def nodes_now(self, names: Collection[str] | None = None, *, bodies: bool = False) -> list[NodeRow]:
        """Return the newest look at each node, by name; without `bodies` moving, memory and findings are None."""

    def node_now(self, name: str) -> NodeRow | None: ...
    def sweeps(self, *, limit: int = 20) -> list[SweepRow]:
        """Return the newest sweeps, newest first."""

    def sweep(self, id: str) -> SweepRow | None: ...  # noqa: A002  the row's own word

    def facts(self, digest: str) -> bytes | None: ...
    def facts_history(self, node: str) -> list[FactsRow]:
        """Return since when a node has had which facts, newest first."""

    def readings(self, node: str, *, since_s: float = 0.0, limit: int = 1000) -> list[ReadingRow]:
        """Return the moving numbers of the newest looks, oldest first."""

    def findings(
        self,
        nodes: Collection[str] | None = None,
        *,
        standing: bool = True,
        since_s: float = 0.0,
        check: str = "",
        limit: int | None = None,
    ) -> list[FindingRow]:
        """Return findings, newest first: those that stand, or also those that were cleared at or after `since_s`."""

    def incidents(self, *, open_only: bool = True, since_s: float = 0.0) -> list[IncidentRow]:
        """Return incidents, newest first; without `open_only` also those closed at or after `since_s`."""

    def incident(self, id: int) -> IncidentRow | None: ...  # noqa: A002  the row's own word
    def incident_log(self, id: int) -> list[IncidentLogRow]: ...  # noqa: A002  the row's own word
    def states(self, names: Collection[str] | None = None) -> dict[str, StateRow]:
        """Return where nodes stand, by name; a node that never moved is not in it."""

    def transitions(self, nodes: Collection[str] | None = None, *, since_s: float = 0.0) -> list[TransitionRow]:
        """Return moves, newest first."""

    def drains(self, nodes: Collection[str] | None = None, *, standing: bool = True) -> list[DrainRow]: ...
    def notes(self, nodes: Collection[str] | None = None) -> list[NoteRow]:
        """Return notes, newest first."""

    def mutes(self, *, at_s: float | None = None) -> list[Mute]:
        """Return the mutes that hold at that time; all that ever were for None."""

    def leases(self, *, at_s: float | None = None) -> list[Lease]:
        """Return the leases that hold at that time; also those that have run out for None."""

    def freezes(self, *, standing: bool = True) -> list[Freeze]: ...
    def outbox(self, *, due_only: bool = True, incidents: Collection[int] | None = None) -> list[OutboxRow]:
        """Return notifications, oldest first; those due (sent by nobody yet), or all of them, of these incidents."""

    def events(
        self, *, since_s: float = 0.0, nodes: Collection[str] | None = None, limit: int = 1000
    ) -> list[EventRow]:
        """Return the newest lines of the time line, oldest first."""

    def get(self, key: str) -> Any:
        """Return what was `put` there, JSON-able; None for nothing."""

    def control_hosts(self) -> frozenset[str]:
        """Return who has ever written here, each as core.process.control_host_word has it."""

    def mark(self) -> int:
        """Return a number that grows with all that is written: where it is as before, nothing has changed."""

    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Store(Reader, Protocol):
    """A reader that writes. One per process; not for several threads at a time.

    Each call is one transaction, in the log and on the disk before it returns. Calls marked (q) raise QueuedError where the
    database does not take them within the bound; the others then raise BackendError, and nothing has happened.
    """

    def begin_sweep(self, id: str, *, selector: str, asked: int, probe: str, facts: Mapping[str, Any]) -> None:  # noqa: A002  the row's own word
        """(q) Begin a sweep, or go on with one of that id."""

    def add(self, sweep: str, looks: Sequence[NodeLook]) -> None:
        """(q) Take in what some nodes told; 64 to 256 at a time. A look that is older than the newest is history alone."""

    def end_sweep(self, id: str, *, answered: int, exit_code: int, facts: Mapping[str, Any]) -> None:  # noqa: A002  the row's own word
        """(q) End a sweep; `facts` are added to those it began with."""

    def sight(self, sightings: Sequence[Sighting], by: By, *, gone: Collection[int] = ()) -> tuple[IncidentRow, ...]:
        """Open or update incidents by their key, and close those in `gone`; returns them in the order of `sightings`."""

    def acknowledge(self, incident: int, by: By, *, text: str = "") -> IncidentRow: ...
    def silence(self, incident: int, by: By, *, until_s: float, text: str = "") -> IncidentRow: ...
    def close_incident(self, incident: int, by: By, *, text: str = "") -> IncidentRow: ...
    def move(self, moves: Sequence[Move], by: By) -> tuple[StateRow, ...]:
        """Move nodes, all of them or none; ConflictError names those that no longer stand as they were seen."""

    def note(self, nodes: Sequence[str], text: str, by: By) -> None:
        """(q) Write something about nodes."""

    def mute(self, check: str, by: By, *, selector: str, until_s: float, reason: str) -> Mute: ...
    def unmute(self, id: int, by: By) -> None: ...  # noqa: A002  the row's own word
    def acquire(self, scopes: Sequence[str], *, owner: str, purpose: str, for_s: float) -> tuple[Lease, ...]:
        """Take leases, all of them or none; BusyError says who holds one. The owner's own are renewed."""

    def renew(self, scopes: Sequence[str], *, owner: str, for_s: float) -> tuple[Lease, ...]:
        """Renew leases; ConflictError where one is no longer the owner's."""

    def release(self, scopes: Sequence[str], *, owner: str) -> None:
        """Give leases back; those that are not the owner's (any more) are left alone."""

    def break_leases(self, scopes: Sequence[str], by: By, *, reason: str) -> tuple[Lease, ...]:
        """Take leases from whoever holds them; returns those that there were."""

    def freeze(self, selector: str, names: Sequence[str], by: By, *, reason: str) -> Freeze: ...
    def unfreeze(self, ids: Sequence[int], by: By) -> None: ...
    def enqueue(self, notifications: Sequence[Notification]) -> None:
        """(q) Put notifications into the outbox."""

    def take_due(self, *, for_s: float, limit: int = 100) -> list[OutboxRow]:
        """Take what is due; until `for_s` have passed, or it is settled, nobody else gets it."""

    def settle(self, id: int, *, error: str = "", again_at_s: float | None = None) -> None:  # noqa: A002  the row's own word
        """(q) Say how sending went: sent, to be tried again, or (an error, and no time) given up."""

    def tell(self, events: Sequence[Event]) -> None:
        """(q) Add lines to the time line."""

    def put(self, key: str, value: Any) -> None:
        """(q) Keep something small, JSON-able; None removes it."""

    def prune(self, *, before_s: float, dry_run: bool = False) -> Pruned:
        """Remove the readings of sweeps that began before, the facts that were replaced by then, and sweeps that nothing refers to.

        What nodes, incidents, findings and people are and were stays. Others may write meanwhile; one that is killed in its
        midst is gone on with by the next. With `dry_run` only say what would go.
        """

    @property
    def queued_count(self) -> int:
        """How many batches of ours are in the log alone, waiting for the database."""
