"""SSH: a Transport for thousands of nodes, on asyncssh with its per-connection overhead taken out.

Importing this package imports no asyncssh; `open_transport` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aifctl.fleet.endpoint import Endpoint
    from aifctl.ports.host_keys import HostKeys
    from aifctl.ports.transport import DialSettings
    from aifctl.transport.ssh.adapter import SshTransport


def open_transport(settings: DialSettings) -> SshTransport:
    """Return a transport; SetupError where our own keys or ssh_config can't be used. Picklable with functools.partial."""
    from aifctl.transport.ssh.loading import no_library_search  # noqa: PLC0415 - light verbs don't pay for any of this

    with no_library_search():
        from aifctl.transport.ssh.adapter import SshTransport  # noqa: PLC0415 - 0.15 s of imports

    return SshTransport(settings)


def open_host_keys(settings: DialSettings) -> HostKeys:
    """Return the trusted host keys of these settings' known_hosts files and of the inventory."""
    from aifctl.transport.ssh.host_keys import KnownHostsFiles  # noqa: PLC0415 - as above

    return KnownHostsFiles(settings)


def check_keys(settings: DialSettings, endpoints: Iterable[Endpoint]) -> None:
    """Look at every key that these endpoints would log in with; SetupError for the first that can't be used."""
    from aifctl.transport.ssh.plain_keys import all_plain  # noqa: PLC0415 - as above
    from aifctl.transport.ssh.target import Resolver  # noqa: PLC0415  as above

    endpoints = tuple(endpoints)
    if not all(map(all_plain, Resolver(settings).all_identities(endpoints))):
        open_transport(settings).check(endpoints)
