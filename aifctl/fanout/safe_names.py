"""Names that come from inventories and nodes, made into names of files."""

from __future__ import annotations

import hashlib
import re

_UNSAFE = re.compile(rb"[^A-Za-z0-9._@+=,~-]")
_MOST_BYTES = 200


def safe_name(name: str) -> str:
    """Return a file name for a node: letters, digits and ._@+=,~- stay, all else becomes %XX; never hidden, never long.

    Different names stay different: `%` itself is escaped, and a name that is cut ends in its digest.
    """
    data = name.encode("utf-8", "surrogateescape")
    escaped = _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], data).decode("ascii")
    if escaped.startswith("."):
        escaped = "%2E" + escaped[1:]
    if len(escaped) > _MOST_BYTES:
        escaped = f"{escaped[: _MOST_BYTES - 65]}%{hashlib.sha256(data).hexdigest()}"
    return escaped or "%"


def is_plain(name: str) -> bool:
    """Whether a name is printable text that any file system takes, spaces and other scripts included."""
    return name.isprintable() and len(name.encode("utf-8", "surrogateescape")) <= _MOST_BYTES
