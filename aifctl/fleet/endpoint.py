"""How one node is reached over SSH: all that dialling needs, and nothing else, so that it is cheap to send."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The SSH side of a node.

    Attributes:
        name: the node's name; what every report calls it.
        address: what to dial, a name or an IP address.
        port: TCP port, 1-65535.
        user: remote user; None leaves it to settings, ssh_config, then the local user.
        identity: private key files to offer, in order; empty leaves it to settings, ssh_config and the agent.
        jump: alternatives, tried in order of remembered health; each is a chain "user@host:port,host2",
            as ssh's ProxyJump writes it. Empty means direct.
        host_keys: public host keys as "type base64" lines that the inventory vouches for; empty leaves it to known_hosts.
        options: further ssh options as (name, value) pairs, names as ssh_config spells them.
    """

    name: str
    address: str
    port: int = 22
    user: str | None = None
    identity: tuple[str, ...] = ()
    jump: tuple[str, ...] = ()
    host_keys: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
