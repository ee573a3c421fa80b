"""From an endpoint, settings and ssh_config to what is dialled: one value, no I/O per node."""

from __future__ import annotations

import functools
import os
import pwd
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh.ssh_config import SshConfig, Values, expand_tokens

_PORT = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One SSH server to reach, a node or a jump host.

    Attributes:
        name: what reports call it.
        alias: what known_hosts and certificates call it, where ssh_config says HostKeyAlias; otherwise empty.
        jump: alternatives, each a chain of hops.
        known_hosts: files to read in place of the settings' own; empty leaves it to the settings.
    """

    name: str
    address: str
    port: int
    user: str
    identities: tuple[str, ...] = ()
    identities_only: bool = False
    jump: tuple[str, ...] = ()
    alias: str = ""
    host_keys: tuple[str, ...] = ()
    known_hosts: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """How messages name it."""
        place = self.address if self.port == _PORT else f"{self.address}:{self.port}"
        return f"{self.name} ({place})" if place != self.name else self.name


class Resolver:
    """Settles what the endpoint leaves open: settings first, then ssh_config, then ssh's own defaults."""

    def __init__(self, settings: DialSettings) -> None:
        self._settings = settings
        self._config = SshConfig.read(settings.ssh_config) if settings.ssh_config else None
        self._fixed = {name.lower(): (value,) for name, value in settings.options}

    def node(self, endpoint: Endpoint) -> Target:
        """Return the target for a node; NodeError where its ssh_config asks for what is not supported."""
        settings = self._settings
        target = Target(
            name=endpoint.name,
            address=endpoint.address,
            port=endpoint.port if endpoint.port != _PORT or settings.port is None else settings.port,
            user=endpoint.user or settings.user or "",
            identities=endpoint.identity or settings.identities,
            jump=endpoint.jump or settings.jump,
            host_keys=endpoint.host_keys,
        )
        own = {name.lower(): (value,) for name, value in endpoint.options}
        return self._completed(target, {**self._fixed, **own}, named=endpoint.name)

    def all_identities(self, endpoints: Iterable[Endpoint]) -> set[tuple[str, ...]]:
        """Return the different lists of keys that these endpoints would log in with."""
        if self._config is None:  # then nothing depends on a node's name, and a fleet has few different answers
            endpoints = {(endpoint.identity, endpoint.options): endpoint for endpoint in endpoints}.values()
        return {self.node(endpoint).identities for endpoint in endpoints}

    def hop(self, text: str) -> Target:
        """Return the target for one hop of a chain, written [user@]host[:port]."""
        user, _, place = text.strip().rpartition("@")
        host, port = _split_port(place)
        settings = self._settings
        target = Target(name=host, address=host, port=port, user=user, identities=settings.identities)
        target = self._completed(target, self._fixed, named=host, user=settings.user)
        return replace(target, jump=())

    def _completed(self, target: Target, fixed: Values, *, named: str, user: str | None = None) -> Target:
        if self._config is None and not fixed:
            return target if target.user else replace(target, user=user or local_user())
        options: Mapping[str, tuple[str, ...]] = fixed
        if self._config:
            found = {**self._config.options(target.address), **self._config.options(named)}
            options = {**found, **fixed}
        return _with_options(target, options, user=user)


def _with_options(target: Target, options: Values, *, user: str | None) -> Target:
    _refuse_unsupported(target, options)
    name = target.name
    login = target.user or _one(options, "user") or user or local_user()
    port = target.port if target.port != _PORT else int(_one(options, "port") or _PORT)
    address = target.address
    if address == name:  # an address of the inventory's own stands above ssh_config's
        address = expand_tokens(
            _one(options, "hostname") or address, host=address, port=port, user=login, original=name
        )
    expand = functools.partial(expand_tokens, host=address, port=port, user=login, original=name)
    jump = target.jump
    if not jump and _one(options, "proxyjump") not in {"", "none"}:
        jump = (",".join(options["proxyjump"]),)
    files = [*options.get("userknownhostsfile", ()), *options.get("globalknownhostsfile", ())]
    return replace(
        target,
        address=address,
        port=port,
        user=login,
        identities=target.identities or tuple(map(expand, options.get("identityfile", ()))),
        identities_only=_one(options, "identitiesonly").lower() == "yes",
        jump=jump,
        alias=expand(_one(options, "hostkeyalias")),
        known_hosts=tuple(word for text in files for word in text.split() if word != "none"),
    )


def _refuse_unsupported(target: Target, options: Values) -> None:
    if _one(options, "proxycommand") not in {"", "none"} and not target.jump and "proxyjump" not in options:
        raise NodeError(
            Outcome.JUMP, f"{target.name} is reached by a ProxyCommand, which is not supported; write a ProxyJump"
        )


def _one(options: Values, name: str) -> str:
    values = options.get(name, ())
    return values[0] if values else ""


def _split_port(place: str) -> tuple[str, int]:
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return host, int(port.lstrip(":") or _PORT)
    host, colon, port = place.rpartition(":")
    if not colon or ":" in host:
        return place, _PORT
    return host, int(port)


@functools.cache
def local_user() -> str:
    """Return who we are; the password file's word, because LOGNAME may be anybody's."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return os.environ.get("LOGNAME", "root")
