"""Whether key files can be used as they are, told without asyncssh.

Loading asyncssh costs 0.15 s of CPU, which a run that hands its nodes to other processes need not pay a second time.
What is not plainly good (encrypted, PKCS, public alone, in an agent) is for Keyring to judge.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Iterable
from pathlib import Path

#: What ssh looks for where nobody names a key.
DEFAULT_IDENTITIES = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")

_BEGIN, _END = b"-----BEGIN OPENSSH PRIVATE KEY-----", b"-----END OPENSSH PRIVATE KEY-----"
# The format's name, then the cipher's as a string: https://github.com/openssh/openssh-portable PROTOCOL.key
_UNENCRYPTED = b"openssh-key-v1\0" + b"\0\0\0\x04none"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MOST_BYTES = 1 << 16


def all_plain(identities: Iterable[str]) -> bool:
    """Return whether each is an unencrypted private key in OpenSSH's own format that nobody else may read."""
    paths = [Path(identity).expanduser() for identity in identities or _usual()]
    return bool(paths) and all(map(_is_plain, paths))


def _usual() -> list[str]:
    return [path for path in DEFAULT_IDENTITIES if Path(path).expanduser().is_file()]


def _is_plain(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            data = file.read(_MOST_BYTES).strip()
    except OSError:
        return False
    if facts.st_uid == os.geteuid() and facts.st_mode & _OTHERS:
        return False
    if path.with_name(f"{path.name}-cert.pub").exists() or not (data.startswith(_BEGIN) and data.endswith(_END)):
        return False
    try:
        body = base64.b64decode(data[len(_BEGIN) : -len(_END)])
    except binascii.Error:
        return False
    return body.startswith(_UNENCRYPTED)
