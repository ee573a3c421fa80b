"""What a person asked for, parsed: the parts that several verbs share."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which nodes.

    Attributes:
        selector: None means every host of the host file.
        allow_empty: None where the command has no such option, so that no error suggests it.
        include_states: act on nodes in these states although the verb leaves them out.
        skip_busy: leave out what the verb refuses, in place of stopping before it starts.
    """

    selector: str | None
    exclude: str | None = None
    first: int | None = None
    sample: int | None = None
    allow_empty: bool | None = None
    include_states: tuple[str, ...] = ()
    skip_busy: bool = False
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast and how long; texts such as "5%" need the number of nodes and are parsed when that is known."""

    wave: str = ""
    deadline_s: float | None = None
    stragglers: tuple[float, float] | None = None
    retries: int = 0
    max_failed: str = ""
    workers: int = 0
    min_coverage: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What is kept and shown of the nodes' output.

    Attributes:
        only_changes: show only nodes whose outcome or output is not what it was in the last run of the same work.
    """

    outdir: str | None = None
    live: bool = False
    only_changes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Whether it may be done, and why it is."""

    dry_run: bool = False
    yes: bool = False
    confirm_hash: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """What cron asked for. `heartbeat` is a reference to the URL."""

    lock: str = ""
    jitter_s: float = 0.0
    textfile: str | None = None
    heartbeat: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Become:
    """Another user on the node; empty stays the login user."""

    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """All that a verb over a fan-out takes beside its own arguments.

    Attributes:
        argv: the command line, for the journal; it holds no secret because secrets are given by reference.
    """

    chosen: Chosen
    pace: Pace = field(default_factory=Pace)
    keep: Keep = field(default_factory=Keep)
    consent: Consent = field(default_factory=Consent)
    timetable: Timetable = field(default_factory=Timetable)
    argv: tuple[str, ...] = ()
    resumed_from: str | None = None
