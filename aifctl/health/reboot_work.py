"""The work of `node reboot`: send a node away and wait until it is back under another boot id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.custody.claims import refuse_held
from aifctl.fanout.exec_work import message_of, outcome_of
from aifctl.fleet.endpoint import Endpoint
from aifctl.health.last_line import last_line
from aifctl.ports.transport import Command, Ended, Link, Transport
from aifctl.ports.work import Desk, NodeResult

#: A DGX H100 is away for 8 to 15 min (POST, memory training); our own choice above that.
COMES_BACK_S = 1800.0
LOOK_EVERY_S = 5.0

_BOOT_ID = Command(line="cat /proc/sys/kernel/random/boot_id", timeout_s=20.0)
_MOST_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class RebootWork:
    """Reboot each node; ok when it answers under another boot id.

    Attributes:
        command: what reboots it. An exit code above 0 says that it did not; a link that dies says that it does.
        open_transport: picklable; a node that went away is dialled anew.
        back_s: how long it may be away.
    """

    command: Command
    open_transport: Callable[[], Transport]
    back_s: float = COMES_BACK_S
    look_every_s: float = LOOK_EVERY_S

    async def perform(self, endpoint: Endpoint, link: Link, desk: Desk) -> NodeResult:
        """Reboot one node and wait for it; NodeError where it could not be told to, or another run holds it."""
        before = await read_boot_id(link)
        stderr = _Words()
        await desk.about_to_start()
        ended = await self._send(link, stderr)
        if ended is not None and outcome_of(ended) is not Outcome.OK:
            refuse_held(ended, stderr.last_line())
            message = stderr.last_line() or message_of(ended, timeout_s=self.command.timeout_s)
            return self._result(endpoint, desk, outcome_of(ended), message, ended=ended, before=before)
        link.abort()
        return await self._wait(endpoint, desk, before)

    async def _send(self, link: Link, stderr: _Words) -> Ended | None:
        """Return how the command ended; None where the node was gone before it could say."""
        try:
            return await link.execute(self.command, stdout=lambda _: None, stderr=stderr.take)
        except NodeError as problem:
            if problem.outcome is Outcome.LOST:
                return None
            raise

    async def _wait(self, endpoint: Endpoint, desk: Desk, before: str) -> NodeResult:
        transport, last = self.open_transport(), "not looked for yet"
        try:
            loop = asyncio.get_running_loop()
            end_s = loop.time() + self.back_s
            while loop.time() < end_s:
                if desk.halted():
                    message = "it was told to reboot; the run ended before it was back"
                    return self._result(endpoint, desk, Outcome.LOST, message, before=before)
                await asyncio.sleep(self.look_every_s)
                now, last = await _look(transport, endpoint)
                if now and now != before:
                    return self._result(endpoint, desk, Outcome.OK, "", before=before, now=now)
                if now:
                    last = "it answers, and has not booted: the boot id is the old one"
        finally:
            with suppress(NodeError):
                await transport.close()
        message = f"it has not come back within {self.back_s:g} s of being told to reboot: {last}"
        return self._result(endpoint, desk, Outcome.TIMEOUT, message, before=before)

    @staticmethod
    def _result(
        endpoint: Endpoint,
        desk: Desk,
        outcome: Outcome,
        message: str,
        *,
        before: str,
        now: str = "",
        ended: Ended | None = None,
    ) -> NodeResult:
        started_at, duration_s = desk.timing()
        detail: dict[str, Any] = {"boot_id_before": before, "boot_id": now}
        return NodeResult(
            node=endpoint.name,
            outcome=outcome,
            rc=ended.rc if ended else None,
            signal=ended.signal if ended else None,
            started_at=started_at,
            duration_s=duration_s,
            message=message,
            survivors=ended.survivors if ended else (),
            detail=detail,
        )


async def read_boot_id(link: Link) -> str:
    """Return which boot a node is in; NodeError where it does not say: afterwards nobody could tell whether it has booted."""
    said = _Words()
    ended = await link.execute(_BOOT_ID, stdout=said.take, stderr=lambda _: None)
    found = said.last_line()
    if outcome_of(ended) is not Outcome.OK or not found:
        raise NodeError(Outcome.UNREADABLE, "it does not say which boot it is in (/proc/sys/kernel/random/boot_id)")
    return found


async def _look(transport: Transport, endpoint: Endpoint) -> tuple[str, str]:
    """Return the boot id, or "" and why it could not be learnt; while a node boots it says many things."""
    try:
        link = await transport.dial(endpoint)
    except NodeError as problem:
        return "", f"{problem.outcome.value}: {problem.message}"
    try:
        return await read_boot_id(link), ""
    except NodeError as problem:
        return "", f"{problem.outcome.value}: {problem.message}"
    finally:
        with suppress(NodeError):
            await link.close()


@dataclass(slots=True)
class _Words:
    """Keeps the end of what is said."""

    _data: bytes = field(default=b"")

    def take(self, data: bytes) -> None:
        self._data = (self._data + data)[-_MOST_BYTES:]

    def last_line(self) -> str:
        return last_line(self._data)
