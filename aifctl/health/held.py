"""Nodes held for one run: leased before anything is sent to them, renewed while it goes on, given back at its end.

The lease stands in the store; what is done on the nodes has its witness there too (custody.claims).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aifctl.core.errors import AifctlError, BackendError, BusyError
from aifctl.core.exit_codes import ExitCode
from aifctl.custody.claims import LEASE_S, RENEW_EVERY_S
from aifctl.custody.holds import NODE_SCOPE
from aifctl.custody.person import this_person
from aifctl.fanout.halt import Halt
from aifctl.fanout.plan import Tally
from aifctl.ports.clock import Clock
from aifctl.ports.store import Store
from aifctl.ports.toolbox import Toolbox


@dataclass(slots=True, kw_only=True)
class Held:
    """Leases on some nodes.

    Attributes:
        halt: asked to end the run when they are lost: what another run may be doing to these nodes is not known then.
        lost: why; "" while they are ours.
    """

    scopes: tuple[str, ...]
    owner: str
    purpose: str
    store: Store
    clock: Clock
    halt: Halt = field(default_factory=Halt)
    lost: str = ""

    def run(self, main: Coroutine[Any, Any, Tally]) -> Tally:
        """Run a fan-out to its end, renewing meanwhile; a `carrying.RunLoop`."""
        return asyncio.run(self._renewing(main))

    async def _renewing(self, main: Coroutine[Any, Any, Tally]) -> Tally:
        renewing = asyncio.create_task(self._renew())
        try:
            return await main
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing

    async def _renew(self) -> None:
        """Renew until cancelled. A store that does not answer for a moment is no loss yet, a lease that ran out is one."""
        good_until_s = self.clock.monotonic_s() + LEASE_S
        while not self.lost:
            await self.clock.sleep(RENEW_EVERY_S)
            try:
                self.store.renew(self.scopes, owner=self.owner, for_s=LEASE_S)
                good_until_s = self.clock.monotonic_s() + LEASE_S
            except BusyError as problem:
                self.lost = str(problem)
            except BackendError as problem:
                if self.clock.monotonic_s() >= good_until_s:
                    self.lost = f"the lease has run out while it could not be renewed: {problem}"
        self.halt.request(ExitCode.BUSY)


def new_owner(purpose: str, tools: Toolbox) -> str:
    """Return a name for whoever is to hold nodes; of two runs of one person each has its own."""
    return f"{this_person(tools.environ).who} {purpose} {secrets.token_hex(4)}"


@contextmanager
def held(names: Sequence[str], purpose: str, tools: Toolbox, *, owner: str) -> Iterator[Held]:
    """Hold nodes while inside; BusyError says who holds one of them already, and then none is."""
    store = tools.store
    scopes = tuple(f"{NODE_SCOPE}{name}" for name in names)
    store.acquire(scopes, owner=owner, purpose=purpose, for_s=LEASE_S)
    try:
        yield Held(scopes=scopes, owner=owner, purpose=purpose, store=store, clock=tools.clock)
    finally:
        with suppress(AifctlError):  # they run out by themselves
            store.release(scopes, owner=owner)
