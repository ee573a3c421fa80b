"""The Transport over SSH: one per process, for thousands of nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from aifctl.core.errors import NodeError, SetupError
from aifctl.core.hop_health import HopHealth
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh.connection import LeanConnection
from aifctl.transport.ssh.dialler import Dialler
from aifctl.transport.ssh.jumps import JumpHosts
from aifctl.transport.ssh.link import SshLink
from aifctl.transport.ssh.scan import scan_host_keys
from aifctl.transport.ssh.target import Resolver, Target


class SshTransport:
    """Implements ports.transport.Transport, and `scan` for `trust scan`.

    Making one reads our own keys and ssh_config, so that what is wrong with them is a SetupError before any node is
    dialled; `check` does the same for keys that single endpoints name.
    """

    def __init__(self, settings: DialSettings) -> None:
        self._settings = settings
        self._resolver = Resolver(settings)
        self._dialler = Dialler(settings)
        self._jumps = JumpHosts(
            self._dialler,
            self._resolver,
            HopHealth(settings.health_file),
            timeout_s=settings.connect_timeout_s,
        )
        if settings.identities:
            self._dialler.keyring.check(settings.identities)

    def check(self, endpoints: Iterable[Endpoint]) -> None:
        """Read every key that these endpoints would log in with; SetupError for the first that can't be used."""
        for identities in sorted(self._resolver.all_identities(endpoints)):
            self._dialler.keyring.check(identities)

    async def dial(self, endpoint: Endpoint) -> SshLink:
        """Connect, check the host key, log in; NodeError with a connect-side outcome."""
        target = self._resolver.node(endpoint)
        return SshLink(await self._connect(target), where=target.where)

    async def scan(self, endpoint: Endpoint) -> Sequence[str]:
        """Return the public host keys that a node shows, one of each type, as "type base64"; nobody logs in.

        The jump hosts on the way are checked and logged in to as ever.
        """
        target = self._resolver.node(endpoint)
        return await scan_host_keys(self._dialler, self._jumps, target, timeout_s=self._settings.connect_timeout_s)

    async def close(self) -> None:
        """Drop the jump hosts' connections and the agent's."""
        await self._jumps.close()
        await self._dialler.keyring.close()

    async def _connect(self, target: Target) -> LeanConnection:
        try:
            if target.jump:
                return await self._through_jump(target)
            return await self._dialler.connect(target)
        except SetupError as problem:
            # `check` says this before the run; here it is one endpoint's own key.
            raise NodeError(Outcome.LOCAL, str(problem)) from problem

    async def _through_jump(self, target: Target) -> LeanConnection:
        limit_s = self._settings.connect_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await self._jumps.connect(target)
        except TimeoutError as problem:
            message = f"no answer from {target.where} within {limit_s:g} s, jump hosts included"
            raise NodeError(Outcome.CONNECT_TIMEOUT, message) from problem
