"""What one node's host key must be: the inventory's keys, known_hosts, certificate authorities; never "accept new"."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache

from asyncssh import misc
from asyncssh.public_key import (
    CERT_TYPE_HOST,
    KeyImportError,
    SSHKey,
    SSHOpenSSHCertificate,
    decode_ssh_certificate,
    decode_ssh_public_key,
)

from aifctl.transport.ssh.known_hosts import Entry, KnownHosts, fingerprint, key_kind

#: Algorithms by key type, best first; SHA-1 RSA is not offered, every OpenSSH since 7.2 (2016) signs with SHA-2.
_ALGORITHMS_OF = {
    "ssh-ed25519": (b"ssh-ed25519",),
    "ecdsa-sha2-nistp256": (b"ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": (b"ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": (b"ecdsa-sha2-nistp521",),
    "ssh-rsa": (b"rsa-sha2-512", b"rsa-sha2-256"),
}
_PLAIN = tuple(algorithm for algorithms in _ALGORITHMS_OF.values() for algorithm in algorithms)
_CERTIFICATES = tuple(algorithm + b"-cert-v01@openssh.com" for algorithm in _PLAIN)

#: For `scan`: all at once, and one key type at a time.
ANY_ALGORITHM = _PLAIN
SCAN_ALGORITHMS = tuple(_ALGORITHMS_OF.items())


class HostKeyRefused(misc.HostKeyNotVerifiable):
    """The node shows a key that is not trusted; `other_kinds` are types known for it that it was not asked for."""

    def __init__(self, reason: str, other_kinds: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.other_kinds = tuple(other_kinds)


class NodeTrust:
    """The trust in one node's host key.

    `names` are what it may be called in known_hosts and certificates; `own` are entries made of the inventory's keys and
    stand in for known_hosts' own keys of the node (authorities and revocations still apply).
    """

    __slots__ = ("_known", "_label", "_names", "_own", "_plain", "_principals", "algorithms")

    def __init__(
        self,
        known: KnownHosts,
        *,
        label: str,
        names: Sequence[str],
        principals: Sequence[str],
        own: Sequence[Entry] = (),
        kinds: Sequence[str] = (),
    ) -> None:
        self._known, self._label, self._names, self._principals = known, label, names, principals
        plain = known.plain(names)
        if own:
            plain = [*own, *(entry for entry in plain if entry.marker)]
        self._plain, self._own = plain, bool(own)
        self.algorithms = _algorithms(
            tuple(kinds) or tuple(dict.fromkeys(entry.kind for entry in plain if not entry.marker)),
            () if own else known.hashed_kinds,
            certificates=any(entry.marker == "cert-authority" for entry in plain),
        )

    def verify(self, key_data: bytes) -> SSHKey:
        """Return the key that must have signed; HostKeyRefused where it is not trusted."""
        kind = key_kind(key_data)
        if kind.endswith("-cert-v01@openssh.com"):
            return self._verify_certificate(key_data)
        self._refuse_revoked(key_data)
        if any(entry.blob == key_data and not entry.marker for entry in self._plain):
            return decoded_key(key_data)
        if not self._own and any(not entry.marker for entry in self._known.holding(key_data, self._names)):
            return decoded_key(key_data)
        raise self._unknown(kind, key_data)

    def _verify_certificate(self, key_data: bytes) -> SSHKey:
        try:
            certificate = decode_ssh_certificate(key_data)
        except KeyImportError as problem:
            raise HostKeyRefused(f"{self._label} shows a host certificate that can't be read: {problem}") from None
        assert isinstance(certificate, SSHOpenSSHCertificate)  # noqa: S101 - X.509 is not offered
        authority, key = certificate.signing_key.public_data, certificate.key.public_data
        self._refuse_revoked(authority)
        self._refuse_revoked(key)
        if not self._is_authority(authority):
            # The bare key may be trusted where its signer is not.
            if any(entry.blob == key and not entry.marker for entry in self._plain):
                return certificate.key
            raise HostKeyRefused(
                f"{self._label} shows a host certificate signed by {fingerprint(authority)}, which is no certificate "
                f"authority for it; add an @cert-authority line to known_hosts if it should be"
            )
        self._check_certificate(certificate)
        return certificate.key

    def _check_certificate(self, certificate: SSHOpenSSHCertificate) -> None:
        reasons = []
        for principal in self._principals:
            try:
                certificate.validate(CERT_TYPE_HOST, principal)
            except ValueError as problem:
                reasons.append(str(problem))
            else:
                return
        raise HostKeyRefused(
            f"{self._label} shows a host certificate that is not good for {' or '.join(self._principals)} at "
            f"{time.strftime('%F %TZ', time.gmtime())}: {reasons[-1] if reasons else 'no name'}; have it signed again"
        )

    def _is_authority(self, blob: bytes) -> bool:
        candidates = [*self._plain, *self._known.holding(blob, self._names)]
        return any(entry.blob == blob and entry.marker == "cert-authority" for entry in candidates)

    def _refuse_revoked(self, blob: bytes) -> None:
        for entry in [*self._plain, *self._known.holding(blob, self._names)]:
            if entry.blob == blob and entry.marker == "revoked":
                raise HostKeyRefused(
                    f"{self._label} shows a REVOKED host key, {entry.kind} {fingerprint(blob)} ({entry.source}): "
                    "whoever answers there must not be trusted"
                )

    def _unknown(self, kind: str, blob: bytes) -> HostKeyRefused:
        about = self._plain if self._own else self._known.all_about(self._names)
        ours = [entry for entry in about if not entry.marker]
        shown = f"{kind} {fingerprint(blob)}"
        node = self._label.split(" ", 1)[0]
        same_kind = [entry for entry in ours if entry.kind == kind]
        if same_kind:
            known = " or ".join(f"{fingerprint(entry.blob)} ({entry.source})" for entry in same_kind[:3])
            return HostKeyRefused(
                f"the host key of {self._label} HAS CHANGED: it shows {shown}, known is {known}; if the node was "
                f"installed anew, accept the new key with: aifctl trust scan {node}"
            )
        others = tuple(dict.fromkeys(entry.kind for entry in ours))
        return HostKeyRefused(
            f"the host key of {self._label} is not known: it shows {shown}; compare, then accept it with: "
            f"aifctl trust scan {node}",
            other_kinds=others,
        )


@lru_cache(maxsize=256)
def _algorithms(kinds: tuple[str, ...], likely: tuple[str, ...], *, certificates: bool) -> tuple[bytes, ...]:
    """Ask for what is known first (an sshd with RSA and Ed25519 of which only RSA is known must show RSA), then for all.

    The rest is asked for as well, so that a node with none of the known types can be reported with its fingerprint.
    """
    wanted: list[bytes] = list(_CERTIFICATES) if certificates else []
    for kind in (*kinds, *(likely if not kinds else ())):
        wanted += _ALGORITHMS_OF.get(kind, ())
    return tuple(dict.fromkeys([*wanted, *_PLAIN]))


def decoded_key(key_data: bytes) -> SSHKey:
    """Return the key in a blob; HostKeyRefused where it is none."""
    try:
        return decode_ssh_public_key(key_data)
    except KeyImportError as problem:
        raise HostKeyRefused(f"the host key can't be read: {problem}") from None
