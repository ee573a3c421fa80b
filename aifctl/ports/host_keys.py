"""Host keys: what is trusted, and where each entry came from."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aifctl.fleet.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKey:
    """One trusted key or certificate authority.

    Attributes:
        hosts: the patterns as they stand in the file; hashed entries stay hashed.
        marker: "", "cert-authority" or "revoked".
        key: "type base64".
        fingerprint: SHA256:…, as ssh-keygen -l prints it.
        source: "inventory", or file:line.
        comment: what stands behind the key: who scanned it, when, from where.
    """

    hosts: str
    marker: str
    key: str
    fingerprint: str
    source: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """What writing would do: `old` are the entries that go, `new` the keys that come, for one endpoint."""

    endpoint: Endpoint
    old: tuple[HostKey, ...]
    new: tuple[str, ...]


class HostKeys(Protocol):
    """The trusted host keys. One writer at a time, atomic, never half a file."""

    def trusted(self, endpoint: Endpoint) -> Sequence[HostKey]:
        """Return all that would be accepted for an endpoint, certificate authorities and revocations included."""

    def changes(self, seen: Sequence[tuple[Endpoint, Sequence[str]]]) -> Sequence[KeyChange]:
        """Return what `write` would change for the keys that a scan has seen; nothing for keys already trusted."""

    def write(self, changes: Sequence[KeyChange], *, comment: str) -> None:
        """Apply changes to the first known_hosts file."""

    def forget(self, endpoints: Sequence[Endpoint]) -> Sequence[HostKey]:
        """Remove the endpoints' own entries from that file and return them."""


def fingerprint_of(key: str) -> str:
    """Return SHA256:… of a "type base64" key, as ssh-keygen -l prints it."""
    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
