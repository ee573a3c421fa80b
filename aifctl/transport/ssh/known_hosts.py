"""Reading known_hosts so that thousands of nodes stay affordable: an index by name and, for hashed entries, by key.

Matching a node against Debian's hashed entries the plain way costs one HMAC per entry and node: 39 million for 6,250
nodes (asyncssh: 61 ms per node). But what has to be answered while dialling is another question: is *this* key, the one
the node has just shown, one of this node's? An index by key finds the one entry or two that hold it, and one HMAC (2 µs)
tells whether they are about this node. Only a node whose key is not found pays for the full search, so that the message
can name the key that was expected.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from aifctl.core.errors import SetupError

_MARKERS = frozenset({"@cert-authority", "@revoked"})
_HASHED = "|1|"
_FRESH_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a known_hosts file; `blob` is the decoded key, `line` counts from 1, `raw` is the line itself."""

    hosts: str
    marker: str
    kind: str
    blob: bytes
    comment: str
    file: str
    line: int

    @property
    def hashed(self) -> bool:
        return self.hosts.startswith(_HASHED)

    @property
    def source(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def matches(self, names: Sequence[str]) -> bool:
        """Whether the entry is about one of these names, as `lookup_names` gives them."""
        if self.hashed:
            return any(_hash_matches(self.hosts, name) for name in names)
        return any(_patterns_match(self.hosts, name) for name in names)


def parse_known_hosts(text: str, file: str) -> Iterator[Entry]:
    """Read a known_hosts file; lines that ssh would not understand are left out, as ssh leaves them out."""
    for number, line in enumerate(text.splitlines(), 1):
        entry = parse_line(line, file=file, number=number)
        if entry:
            yield entry


def parse_line(line: str, *, file: str, number: int) -> Entry | None:
    """Read one line; None for comments, blank lines and what ssh would not understand."""
    fields = line.split(None, 1)
    if not fields or fields[0].startswith("#"):
        return None
    marker = ""
    if fields[0] in _MARKERS and len(fields) > 1:
        marker, line = fields[0][1:], fields[1]
    parts = line.split(None, 3)
    if len(parts) < 3 or parts[0].startswith("@"):  # noqa: PLR2004 - hosts, type, key
        return None
    try:
        blob = base64.b64decode(parts[2], validate=True)
    except (binascii.Error, ValueError):
        return None
    if key_kind(blob) != parts[1]:
        return None
    comment = parts[3].strip() if len(parts) > 3 else ""  # noqa: PLR2004 - a comment is the fourth
    return Entry(hosts=parts[0], marker=marker, kind=parts[1], blob=blob, comment=comment, file=file, line=number)


def inventory_entries(keys: Sequence[str]) -> tuple[Entry, ...]:
    """Turn an endpoint's own "type base64" lines into entries; SetupError where one is not a key."""
    return tuple(map(_inventory_entry, keys))


def key_kind(blob: bytes) -> str:
    """Return the type that stands inside a public key blob, e.g. ssh-ed25519."""
    return blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode("ascii", "replace")


def key_of(entry: Entry) -> str:
    """Return an entry's key as it stands in files: type and base64."""
    return f"{entry.kind} {base64.b64encode(entry.blob).decode()}"


def fingerprint(blob: bytes) -> str:
    """Return SHA256:…, as ssh-keygen -l prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def lookup_names(names: Iterable[str], port: int) -> tuple[str, ...]:
    """Return how known_hosts writes a node: [name]:port away from port 22, and the bare name in any case.

    OpenSSH too falls back on an entry without a port.
    """
    bare = dict.fromkeys(name.lower() for name in names if name)
    if port == 22:  # noqa: PLR2004 - SSH's own
        return tuple(bare)
    return tuple([f"[{name}]:{port}" for name in bare] + list(bare))


class KnownHosts:
    """The entries of all files, in their order, indexed. Immutable; read again where a file has changed."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._by_name: dict[str, list[Entry]] = {}
        self._patterns: list[Entry] = []
        self._hashed: list[Entry] = []
        self._hashed_by_blob: dict[bytes, list[Entry]] = {}
        for entry in self.entries:
            self._file(entry)
        self.hashed_kinds = tuple(dict.fromkeys(entry.kind for entry in self._hashed if not entry.marker))

    @classmethod
    def read(cls, files: Sequence[str]) -> KnownHosts:
        """Read files in order; one that does not exist holds nothing. OSError where one can't be read."""
        return cls(entry for file in files for entry in parse_known_hosts(_read(file), file))

    def plain(self, names: Sequence[str]) -> list[Entry]:
        """Return the entries about a node that can be found without hashing."""
        found = [entry for name in names for entry in self._by_name.get(name, ())]
        found += [entry for entry in self._patterns if entry.matches(names)]
        # One line may hold several of the names.
        return list({id(entry): entry for entry in found}.values()) if len(found) > 1 else found

    def holding(self, blob: bytes, names: Sequence[str]) -> list[Entry]:
        """Return the hashed entries about a node that hold this very key."""
        return [entry for entry in self._hashed_by_blob.get(blob, ()) if entry.matches(names)]

    def all_about(self, names: Sequence[str]) -> list[Entry]:
        """Return every entry about a node; one HMAC per hashed entry and name, so not for the daily path."""
        return self.plain(names) + [entry for entry in self._hashed if entry.matches(names)]

    def _file(self, entry: Entry) -> None:
        if entry.hashed:
            self._hashed.append(entry)
            self._hashed_by_blob.setdefault(entry.blob, []).append(entry)
        elif re.search(r"[*?!]", entry.hosts):
            self._patterns.append(entry)
        else:
            for name in dict.fromkeys(entry.hosts.lower().split(",")):
                self._by_name.setdefault(name, []).append(entry)


class KnownHostsCache:
    """Parsed files, read again when one of them has changed: a warm shell sees what `trust scan` wrote meanwhile."""

    def __init__(self) -> None:
        self._parsed: dict[tuple[str, ...], tuple[tuple[object, ...], float, KnownHosts]] = {}

    def get(self, files: tuple[str, ...], *, now_s: float) -> KnownHosts:
        """Return the files' entries, no older than a second on the monotonic clock; OSError where one can't be read."""
        kept = self._parsed.get(files)
        if kept and now_s - kept[1] < _FRESH_S:
            return kept[2]
        state = tuple(map(_state_of, files))
        known = kept[2] if kept and kept[0] == state else KnownHosts.read(files)
        self._parsed[files] = (state, now_s, known)
        return known


@lru_cache(maxsize=65536)
def _inventory_entry(key: str) -> Entry:
    parts = key.split()
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (IndexError, binascii.Error, ValueError):
        raise SetupError(f"{key[:60]!r} is not a public host key; write host_keys as: type base64") from None
    if key_kind(blob) != parts[0]:
        raise SetupError(f"{key[:60]!r} is not a public host key: its type does not fit its content")
    return Entry(hosts="", marker="", kind=parts[0], blob=blob, comment=" ".join(parts[2:]), file="inventory", line=0)


def _state_of(file: str) -> tuple[int, int, int] | None:
    try:
        facts = Path(file).expanduser().stat()
    except FileNotFoundError:
        return None
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


def _read(file: str) -> str:
    try:
        with Path(file).expanduser().open(encoding="utf-8", errors="replace") as stream:
            endless = stat.S_ISCHR(os.fstat(stream.fileno()).st_mode)  # /dev/null is somebody's way to say "none"
            return stream.read(0 if endless else -1)
    except FileNotFoundError:
        return ""


def _hash_matches(hosts: str, name: str) -> bool:
    salt, wanted = _salt_and_hash(hosts)
    return bool(wanted) and hmac.digest(salt, name.encode(), "sha1") == wanted


@lru_cache(maxsize=65536)
def _salt_and_hash(hosts: str) -> tuple[bytes, bytes]:
    """Decode |1|salt|hash; nothing where it is none."""
    parts = hosts.split("|")
    if len(parts) != 4:  # noqa: PLR2004 - "", "1", salt, hash
        return b"", b""
    try:
        return binascii.a2b_base64(parts[2]), binascii.a2b_base64(parts[3])
    except binascii.Error:
        return b"", b""


def _patterns_match(hosts: str, name: str) -> bool:
    matched = False
    for pattern in hosts.lower().split(","):
        if _pattern(pattern.removeprefix("!")).match(name):
            if pattern.startswith("!"):
                return False
            matched = True
    return matched


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    # ssh knows * and ?; the brackets of [name]:port mean themselves.
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))
