"""Keys of a simulated fleet: one 32-byte secret from which every host key follows, and a client key beside it."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SECRET_BYTES = 32


def host_key(secret: bytes, name: str) -> Ed25519PrivateKey:
    """Return a node's own key. Derived, so that 6,250 of them are one small file and workers need not be told any."""
    return Ed25519PrivateKey.from_private_bytes(derived(secret, f"host-key {name}"))


def foreign_host_key(secret: bytes, name: str) -> Ed25519PrivateKey:
    """Return the key that a node shows when it was re-imaged without a word to anybody."""
    return Ed25519PrivateKey.from_private_bytes(derived(secret, f"foreign-host-key {name}"))


def client_key(secret: bytes) -> Ed25519PrivateKey:
    """Return the key that every node lets in."""
    return Ed25519PrivateKey.from_private_bytes(derived(secret, "client-key"))


def private_text(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def public_text(key: Ed25519PrivateKey) -> str:
    """Return "ssh-ed25519 BASE64", as known_hosts and authorized_keys write it."""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")


def public_blob(key: Ed25519PrivateKey) -> bytes:
    """Return the key as it travels in the SSH protocol."""
    return base64.b64decode(public_text(key).split()[1])


def derived(secret: bytes, purpose: str) -> bytes:
    """Return 32 bytes that depend on both."""
    return hmac.digest(secret, purpose.encode(), hashlib.sha256)
