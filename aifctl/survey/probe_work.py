"""The work of a sweep: one command per node that runs the probe, bringing it along where the node has none."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable_line
from aifctl.core.secret import Secret
from aifctl.fanout.exec_work import message_of, outcome_of
from aifctl.fanout.remote_command import build_command
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.probe_package import ProbePackage
from aifctl.ports.transport import Bytes, Ended, Link
from aifctl.ports.work import Desk, NodeResult

#: The slowest section (nvidia-smi without persistence) has 10 + 45 s; ending and starting take the rest.
PROBE_TIMEOUT_S = 75.0
#: What a probe says at most is 1.5 MB; login banners before it are somebody's, too.
STDOUT_MOST_BYTES = 2 << 20

_REPLY = b'{"aifctl_probe"'
_CHUNK_BYTES = 32 << 10
_GARBAGE_KEPT_BYTES = 2048
_MESSAGE_KEPT = 300

# A shell of our own, so that the login shell need only understand quotes; RHEL keeps a Python for itself.
_FIND = (
    'for p in python3 /usr/libexec/platform-python; do command -v "$p" >/dev/null 2>&1 && exec "$p" -I -S -c "$@"; done; '
    'echo "aifctl: there is no python3 here, neither on PATH nor /usr/libexec/platform-python" >&2; exit 127'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeWork:
    """Run the probe on each node; the result's stdout is its reply's line, or the end of what came in its place.

    Attributes:
        arguments: what every node is asked: services, modules, mounts, …
        cursors: node → where its kernel log was last read to; a node without one is read from its boot.
        sudo: whom to become on the node; None stays the login user, who may not read the kernel's log everywhere.
        password: for sudo, where it asks for one.
    """

    package: ProbePackage
    arguments: Mapping[str, Any] = field(default_factory=dict)
    cursors: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = PROBE_TIMEOUT_S
    sudo: str | None = None
    password: Secret | None = None

    async def perform(self, endpoint: Endpoint, link: Link, desk: Desk) -> NodeResult:
        """Run it to its end; NodeError as `Link.execute` raises it."""
        stdout, stderr = desk.capture("stdout"), desk.capture("stderr")
        listener = _Listener(self.package, link)
        last_words = _LastWords(stderr.write)
        await desk.about_to_start()
        command = build_command(
            self.line(endpoint.name), sudo=self.sudo, password=self.password, timeout_s=self.timeout_s
        )
        ended = await link.execute(command, stdout=listener.take, stderr=last_words.take, feed=listener.feed())
        started_at, duration_s = desk.timing()
        stdout.write(listener.reply())
        outcome, message = self._end_of(ended, listener, last_words)
        return NodeResult(
            node=endpoint.name,
            outcome=outcome,
            rc=ended.rc,
            signal=ended.signal,
            started_at=started_at,
            duration_s=duration_s,
            stdout=stdout.finish(),
            stderr=stderr.finish(),
            message=message,
            survivors=ended.survivors,
            detail={"sent_bytes": len(self.package.data)} if listener.needed else {},
        )

    def line(self, node: str) -> str:
        """Return the command line for one node."""
        arguments = {**self.arguments, "cursor": self.cursors[node]} if node in self.cursors else self.arguments
        return probe_line(self.package, arguments)

    def _end_of(self, ended: Ended, listener: _Listener, last_words: _LastWords) -> tuple[Outcome, str]:
        if listener.overflowed:
            return Outcome.UNREADABLE, f"it said more than {STDOUT_MOST_BYTES >> 20} MB, which no probe does"
        outcome = outcome_of(ended)
        if outcome is Outcome.OK:
            return outcome, ""
        return outcome, message_of(ended, timeout_s=self.timeout_s) or last_words.line()


def probe_line(package: ProbePackage, arguments: Mapping[str, Any]) -> str:
    """Return the remote command line that runs this probe with these arguments."""
    asked = json.dumps(arguments, separators=(",", ":"), sort_keys=True)
    words = ["exec", "sh", "-c", _FIND, "probe", package.launcher, package.sha256, str(len(package.data)), asked]
    return " ".join(map(shlex.quote, words))


class _Listener:
    """Hears what a node says on stdout: that it needs the probe, and its reply; bounded whatever comes."""

    __slots__ = ("_data", "_link", "_package", "_wanted", "needed", "overflowed")

    def __init__(self, package: ProbePackage, link: Link) -> None:
        self._package, self._link = package, link
        self._data = bytearray()
        self._wanted = asyncio.Event()
        self.needed = self.overflowed = False

    def take(self, data: bytes) -> None:
        if self.overflowed:
            return
        if len(self._data) + len(data) > STDOUT_MOST_BYTES:
            self.overflowed = True
            self._link.halt(Outcome.UNREADABLE)
            return
        before = len(self._data)
        self._data += data
        if not self.needed:
            cry = f"need {self._package.sha256}\n".encode("ascii")
            # Behind whatever a login shell has said first; nobody else can know the hash.
            if self._data.find(cry, max(0, before - len(cry))) >= 0:
                self.needed = True
                self._wanted.set()

    async def feed(self) -> AsyncIterator[bytes]:
        """Yield the probe once the node asks for it; waits for ever where it does not, to be dropped at the end."""
        await self._wanted.wait()
        view = self._package.data
        for at in range(0, len(view), _CHUNK_BYTES):
            yield view[at : at + _CHUNK_BYTES]

    def reply(self) -> bytes:
        """Return the last reply; where there is none, the end of what was said, for a person to see.

        It need not begin a line: not every banner ends one.
        """
        last = self._data.rfind(_REPLY)
        if last < 0:
            return bytes(self._data[-_GARBAGE_KEPT_BYTES:])
        end = self._data.find(b"\n", last)
        return bytes(self._data[last:] if end < 0 else self._data[last:end])


class _LastWords:
    """Passes stderr on and keeps its end, where a launcher that fails says why."""

    __slots__ = ("_end", "_pass_on")

    def __init__(self, pass_on: Bytes) -> None:
        self._pass_on, self._end = pass_on, b""

    def take(self, data: bytes) -> None:
        self._pass_on(data)
        self._end = (self._end + data)[-4 * _MESSAGE_KEPT :]

    def line(self) -> str:
        """Return the last line that was said."""
        lines = self._end.decode("utf-8", "replace").strip().splitlines()
        return printable_line(lines[-1])[:_MESSAGE_KEPT] if lines else ""
