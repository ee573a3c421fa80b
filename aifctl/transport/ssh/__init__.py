"""SSH: a Transport for thousands of nodes, on asyncssh with its per-connection overhead taken out.

Importing this package imports no asyncssh; `open_transport` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aifctl.ports.host_keys import HostKeys
    from aifctl.ports.transport import DialSettings
    from aifctl.transport.ssh.adapter import SshTransport


def open_transport(settings: DialSettings) -> SshTransport:
    """Return a transport; SetupError where our own keys or ssh_config can't be used. Picklable with functools.partial."""
    from aifctl.transport.ssh.adapter import SshTransport  # noqa: PLC0415 - 0.2 s of imports that light verbs don't pay

    return SshTransport(settings)


def open_host_keys(settings: DialSettings) -> HostKeys:
    """Return the trusted host keys of these settings' known_hosts files and of the inventory."""
    from aifctl.transport.ssh.host_keys import KnownHostsFiles  # noqa: PLC0415 - as above

    return KnownHostsFiles(settings)
