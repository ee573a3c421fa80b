"""The seam to the nodes: a Transport dials an Endpoint and gives a Link; a Link runs commands and moves files.

Whoever implements it raises NodeError and nothing else; whoever uses it never sees the library underneath.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aifctl.core.outcome import Outcome
from aifctl.core.secret import Secret
from aifctl.fleet.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One remote command.

    Attributes:
        line: handed to the remote login shell exactly as it is.
        stdin: bytes sent first.
        prompt, password: where `prompt` appears on stderr it is cut out and `password` and a newline are sent,
            once; a second prompt means that the password was refused (NodeError auth).
        end_as: the user (`sudo -n -u`) as whom the remote processes must be ended; None: as the login user.
        timeout_s: None waits for ever.
        grace_s: time between TERM and KILL when the command is ended early.
    """

    line: str
    stdin: bytes = b""
    prompt: bytes = b""
    password: Secret | None = None
    end_as: str | None = None
    timeout_s: float | None = 300.0
    grace_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a remote command ended.

    Attributes:
        rc: exit status; None where there was none.
        signal: name without SIG, e.g. "KILL"; None where it was not signalled.
        halted: None where it ended by itself; TIMEOUT or CANCELLED where we ended it.
        survivors: remote process ids still there after KILL; None where that could not be learnt.
    """

    rc: int | None = None
    signal: str | None = None
    halted: Outcome | None = None
    survivors: tuple[int, ...] | None = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStat:
    """What lies at a remote path; `kind` is file, dir, link or other; `mode` holds the permission bits only."""

    kind: str
    size_bytes: int
    mode: int
    uid: int
    gid: int
    mtime_s: float


class RemoteFiles(Protocol):
    """A remote file system, as SFTP sees it. Paths are absolute or relative to the login directory.

    `stat` and the stats of `entries` describe a link itself, not what it points to, and `stat` gives None where
    nothing is; `entries` leaves out "." and "..". `rename` replaces what is there in one step. What the node refuses
    (permission denied, no space, no such folder) is NodeError exit with its sentence; a link that dies is lost.
    """

    async def stat(self, path: str) -> RemoteStat | None: ...
    async def entries(self, path: str) -> list[tuple[str, RemoteStat]]: ...
    async def read_link(self, path: str) -> str: ...
    async def make_link(self, path: str, *, to: str) -> None: ...
    def read(self, path: str) -> AsyncIterator[bytes]: ...
    async def write(self, path: str, chunks: AsyncIterator[bytes], *, mode: int) -> None: ...
    async def rename(self, path: str, to: str) -> None: ...
    async def remove(self, path: str) -> None: ...
    async def make_dir(self, path: str, *, mode: int) -> None: ...
    async def remove_dir(self, path: str) -> None: ...
    async def set_mode(self, path: str, mode: int) -> None: ...


Bytes = Callable[[bytes], None]


class Link(Protocol):
    """An authenticated connection to one node, its host key checked. Not for two commands at a time."""

    @property
    def alive(self) -> bool:
        """Whether nothing is known against it; a node that has lost its power says nothing, so see `answers`."""

    async def answers(self, *, within_s: float) -> bool:
        """Ask the other side whether it is still there, and wait that long for it to say so."""

    async def execute(
        self, command: Command, *, stdout: Bytes, stderr: Bytes, feed: AsyncIterator[bytes] | None = None
    ) -> Ended:
        """Run a command to its end, passing output on as it comes, unbuffered and byte-exact.

        `feed` is streamed to stdin after `command.stdin`, at the node's own pace; without it stdin ends there.
        Raises NodeError: lost when the link dies mid-command, unreadable, auth (password), protocol.
        """

    def halt(self, why: Outcome) -> None:
        """End what `execute` is running, children included: TERM, grace, KILL; `execute` then returns `halted=why`."""

    async def open_files(self) -> RemoteFiles:
        """Open the file system; NodeError protocol where the node offers none."""

    def abort(self) -> None:
        """Drop the connection at once, without a word to the other side and without waiting."""

    async def close(self) -> None:
        """Say goodbye; returns as soon as nothing of ours is pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialSettings:
    """What dialling needs beside the endpoint; picklable, so that shards can build the same transport.

    Attributes:
        connect_timeout_s: from the first packet to an authenticated connection, jump hosts included.
        user, port, identities, jump: used where the endpoint names none.
        known_hosts: files to read, in order; the first is the one `trust scan` writes.
        agent: path of the agent's socket; None uses no agent.
        ssh_config: files to read, in order; empty reads none.
        health_file: where jump hosts' health is remembered between runs; None forgets.
        key_password: for encrypted identities.
    """

    connect_timeout_s: float = 10.0
    user: str | None = None
    port: int | None = None
    identities: tuple[str, ...] = ()
    jump: tuple[str, ...] = ()
    known_hosts: tuple[str, ...] = ()
    agent: str | None = None
    ssh_config: tuple[str, ...] = ()
    health_file: str | None = None
    key_password: Secret | None = None
    options: tuple[tuple[str, str], ...] = field(default=())


class Transport(Protocol):
    """One per process. Holds what connections share: keys, parsed host keys, one connection per jump host."""

    async def dial(self, endpoint: Endpoint) -> Link:
        """Connect, check the host key, authenticate; raises NodeError with a connect-side outcome."""

    def check(self, endpoints: Iterable[Endpoint]) -> None:
        """Read our own keys for these endpoints; SetupError for the first that can't be used. Nothing is dialled."""

    async def scan(self, endpoint: Endpoint) -> Sequence[str]:
        """Return the public host keys that a node shows, as "type base64"; nobody logs in. NodeError where it can't."""

    async def close(self) -> None:
        """Drop all that is shared."""
