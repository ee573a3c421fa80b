"""What is done on each node: a picklable Work, the Desk it works at, and the NodeResult it gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One stream of one node: kept bytes in memory or in a file, never both.

    Attributes:
        inline: the bytes, where they are few; None where they lie in `path`.
        path: a file that holds the kept bytes.
        bytes_count: how many the node sent; more than are kept where `truncated`.
        sha256: of all that was sent, hex.
    """

    inline: bytes | None = b""
    path: str | None = None
    bytes_count: int = 0
    truncated: bool = False
    sha256: str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeResult:
    """What became of one node in one run.

    Attributes:
        started_at: seconds since the epoch, UTC, when the remote command was sent; 0 where nothing was sent.
        duration_s: from then to its end.
        message: one sentence where the outcome is not ok; may hold text from the node, so never print it raw.
        survivors: remote process ids that outlived KILL; None where that could not be learnt.
        attempts: dials made.
        detail: further JSON-able facts of this kind of work (files changed, host keys seen).
        trace: the traceback, for `unknown`.
    """

    node: str
    outcome: Outcome
    rc: int | None = None
    signal: str | None = None
    started_at: float = 0.0
    duration_s: float = 0.0
    stdout: Output = field(default_factory=Output)
    stderr: Output = field(default_factory=Output)
    message: str = ""
    survivors: tuple[int, ...] | None = ()
    attempts: int = 1
    detail: Mapping[str, Any] = field(default_factory=dict)
    trace: str = ""


class Capture(Protocol):
    """Takes one stream as it comes; bounded in memory however much that is."""

    def write(self, data: bytes) -> None: ...
    def finish(self) -> Output: ...


class Desk(Protocol):
    """What the fan-out puts at a work's disposal for one node."""

    def capture(self, stream: str) -> Capture:
        """Return the place for `stdout` or `stderr` of this node; live prefixes and --outdir are its business."""

    def feed(self) -> AsyncIterator[bytes] | None:
        """Return this node's own reading of the broadcast stdin, from its beginning; None where there is none."""

    async def about_to_start(self) -> None:
        """Wait until the journal holds this node's start; from here on something may have happened on it."""

    def timing(self) -> tuple[float, float]:
        """Return a result's `started_at` and `duration_s` as of now; zeros before `about_to_start`."""

    def halted(self) -> bool:
        """Whether the run is ending: what runs under `Link.execute` is ended from outside, all else looks here."""


class Work(Protocol):
    """A picklable value (a frozen dataclass at module level): shards receive it by pickle.

    `perform` returns the node's result or raises NodeError; anything else it raises is a bug of ours.
    """

    async def perform(self, endpoint: Endpoint, link: Link, desk: Desk) -> NodeResult: ...
