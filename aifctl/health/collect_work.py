"""The work of `node collect`: some commands on each node, one after the other, the output of each into a file of its own."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.custody.claims import refuse_held
from aifctl.fanout.exec_work import message_of, outcome_of
from aifctl.fanout.safe_names import safe_name
from aifctl.fleet.endpoint import Endpoint
from aifctl.health.last_line import last_line
from aifctl.ports.transport import Bytes, Command, Ended, Link
from aifctl.ports.work import Desk, NodeResult

#: Of one file; a journal of a boot that lasted half a year is smaller.
MOST_BYTES = 256 << 20

_FILE_0600 = 0o600
_FOLDER_0700 = 0o700
_KEPT_BYTES = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One command, and the file's name; what it says on stderr lies beside it, in NAME.err."""

    name: str
    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectWork:
    """Run each part and keep what it says in FOLDER/NODE/NAME. A part that fails leaves the others to be run.

    Attributes:
        folder: absolute; node names become folder names (safe_name).
    """

    parts: tuple[Part, ...]
    folder: str
    most_bytes: int = MOST_BYTES

    async def perform(self, endpoint: Endpoint, link: Link, desk: Desk) -> NodeResult:
        """Collect from one node.

        NodeError skipped where another run holds it before anything of it was kept, local where our own disk does not take
        it, and as `Link.execute` raises it.
        """
        folder = Path(self.folder) / safe_name(endpoint.name)
        failed: dict[str, str] = {}
        bytes_count, last = 0, Ended(rc=0)
        await desk.about_to_start()
        for part in self.parts:
            if desk.halted():
                failed[part.name] = "the run ended before it was run"
                continue
            with _file(folder, part.name) as out, _file(folder, f"{part.name}.err") as err:
                last = await self._run(part, link, out, err)
            if part is self.parts[0]:
                _refuse_held(last, err)
            bytes_count += out.bytes_count
            why = self._why_failed(part, last, out, err)
            if why:
                failed[part.name] = why
        return self._result(endpoint, desk, last, failed, bytes_count)

    async def _run(self, part: Part, link: Link, out: _File, err: _File) -> Ended:
        def take(file: _File) -> Bytes:
            def write(data: bytes) -> None:
                if file.bytes_count + len(data) > self.most_bytes:
                    file.overflowed = True
                    link.halt(Outcome.UNREADABLE)
                else:
                    file.write(data)

            return write

        return await link.execute(part.command, stdout=take(out), stderr=take(err))

    def _why_failed(self, part: Part, ended: Ended, out: _File, err: _File) -> str:
        if out.overflowed or err.overflowed:
            return f"it said more than {self.most_bytes >> 20} MiB; the beginning is kept"
        outcome = outcome_of(ended)
        if outcome is Outcome.OK:
            return ""
        said = err.last_line() or message_of(ended, timeout_s=part.command.timeout_s)
        return f"{outcome.value}{f' {ended.rc}' if ended.rc else ''}{f': {said}' if said else ''}"

    def _result(
        self, endpoint: Endpoint, desk: Desk, last: Ended, failed: dict[str, str], bytes_count: int
    ) -> NodeResult:
        started_at, duration_s = desk.timing()
        none = len(failed) == len(self.parts)
        said = "; ".join(f"{name}: {why}" for name, why in failed.items())
        detail: dict[str, Any] = {
            "files_count": len(self.parts) - len(failed),
            "bytes_count": bytes_count,
            "failed": failed,
        }
        return NodeResult(
            node=endpoint.name,
            outcome=(Outcome.CANCELLED if desk.halted() else Outcome.EXIT) if none else Outcome.OK,
            rc=last.rc if none else 0,
            started_at=started_at,
            duration_s=duration_s,
            message=said,
            survivors=last.survivors,
            detail=detail,
        )


def _refuse_held(ended: Ended, err: _File) -> None:
    try:
        refuse_held(ended, err.last_line())
    except NodeError:  # nothing was collected, so nothing stays: what was said is the node's message
        with suppress(OSError):
            err.path.unlink()
            err.path.parent.rmdir()
        raise


@dataclass(slots=True)
class _File:
    """One file that is written as its bytes come; made by the first of them, so that silence leaves none."""

    path: Path
    bytes_count: int = 0
    overflowed: bool = False
    _descriptor: int = -1
    _end: bytes = field(default=b"")

    def write(self, data: bytes) -> None:
        try:
            if self._descriptor < 0:
                self.path.parent.mkdir(mode=_FOLDER_0700, parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
                self._descriptor = os.open(self.path, flags, _FILE_0600)
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as problem:
            raise NodeError(Outcome.LOCAL, f"{self.path} can't be written here: {problem.strerror}") from problem
        self.bytes_count += len(data)
        self._end = (self._end + data)[-_KEPT_BYTES:]

    def last_line(self) -> str:
        return last_line(self._end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)


def _file(folder: Path, name: str) -> _File:
    return _File(folder / name)
