"""The trusted host keys as a port: what is trusted, what a scan would change, and the one writer of known_hosts."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aifctl.core.errors import SetupError
from aifctl.core.state_dir import sync_folder
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.host_keys import HostKey, KeyChange
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh.known_hosts import (
    Entry,
    KnownHosts,
    fingerprint,
    inventory_entries,
    key_of,
    lookup_names,
    parse_line,
)
from aifctl.transport.ssh.target import Resolver, Target

_PORT = 22


class KnownHostsFiles:
    """Implements ports.host_keys.HostKeys over the settings' known_hosts files; the first is the one written."""

    def __init__(self, settings: DialSettings) -> None:
        self._resolver = Resolver(settings)
        self._files = settings.known_hosts
        self._known: KnownHosts | None = None

    def trusted(self, endpoint: Endpoint) -> Sequence[HostKey]:
        return [_host_key(entry) for entry in self._about(self._resolver.node(endpoint))]

    def changes(self, seen: Sequence[tuple[Endpoint, Sequence[str]]]) -> Sequence[KeyChange]:
        found = []
        for endpoint, keys in seen:
            change = self._change(endpoint, keys)
            if change:
                found.append(change)
        return found

    def write(self, changes: Sequence[KeyChange], *, comment: str) -> None:
        path = self._first()
        going = {(old.hosts, old.marker, old.key) for change in changes for old in change.old if _is_in(old, path)}
        coming = [line for change in changes for line in self._lines(change, comment)]
        with _one_writer(path):
            kept = [line for line in _lines_of(path) if _identity(line) not in going]
            _replace(path, [*kept, *coming])
        self._known = None

    def forget(self, endpoints: Sequence[Endpoint]) -> Sequence[HostKey]:
        path = self._first()
        names = [_own_names(self._resolver.node(endpoint)) for endpoint in endpoints]
        wanted = {name for group in names for name in group}
        gone: list[HostKey] = []
        with _one_writer(path):
            kept = []
            for number, line in enumerate(_lines_of(path), 1):
                entry = parse_line(line, file=str(path), number=number)
                if entry and not entry.marker and _is_own(entry, wanted):
                    gone.append(_host_key(entry))
                else:
                    kept.append(line)
            if gone:
                _replace(path, kept)
        self._known = None
        return gone

    def _change(self, endpoint: Endpoint, keys: Sequence[str]) -> KeyChange | None:
        """Types that were not seen stay as they are: a scan that saw less proves nothing about the rest."""
        target = self._resolver.node(endpoint)
        about = [entry for entry in self._about(target, blobs=[_blob(key) for key in keys]) if not entry.marker]
        known = {key_of(entry) for entry in about}
        new = tuple(key for key in (" ".join(key.split()[:2]) for key in keys) if key not in known)
        if not new:
            return None
        kinds = {key.split()[0] for key in new}
        names = set(_own_names(target))
        everything = [entry for entry in self._about(target) if not entry.marker]
        old = [entry for entry in everything if entry.kind in kinds and (entry.line == 0 or _is_own(entry, names))]
        return KeyChange(endpoint=endpoint, old=tuple(map(_host_key, old)), new=new)

    def _about(self, target: Target, blobs: Sequence[bytes] | None = None) -> list[Entry]:
        """Return all entries about a target; with `blobs`, of the hashed ones only those that hold one of these keys."""
        if self._known is None:
            self._known = _read(target.known_hosts or self._files)
        names = lookup_names((target.alias,) if target.alias else (target.address, target.name), target.port)
        own = list(inventory_entries(target.host_keys))
        if blobs is None:
            return own + self._known.all_about(names)
        hashed = [entry for blob in blobs for entry in self._known.holding(blob, names)]
        return own + self._known.plain(names) + hashed

    def _lines(self, change: KeyChange, comment: str) -> Iterator[str]:
        target = self._resolver.node(change.endpoint)
        hosts = ",".join(_own_names(target))
        note = " ".join(comment.split())
        for key in change.new:
            yield f"{hosts} {key} {note}".rstrip()

    def _first(self) -> Path:
        if not self._files:
            raise SetupError("there is no known_hosts file to write; name one with --known-hosts")
        # A symlink keeps pointing where it points: the file behind it is replaced.
        return Path(self._files[0]).expanduser().resolve()


def _read(files: Sequence[str]) -> KnownHosts:
    try:
        return KnownHosts.read(files)
    except OSError as problem:
        raise SetupError(f"known_hosts can't be read: {problem}") from problem


def _own_names(target: Target) -> tuple[str, ...]:
    """Return how we write a target: as it is dialled and as it is called."""
    names = dict.fromkeys((target.alias,) if target.alias else (target.name, target.address))
    return tuple(name.lower() if target.port == _PORT else f"[{name.lower()}]:{target.port}" for name in names)


def _is_own(entry: Entry, names: set[str]) -> bool:
    """Whether an entry is about these names alone; patterns and other machines' names stay whose they are."""
    if entry.hashed:
        return entry.matches(tuple(names))
    return set(entry.hosts.lower().split(",")) <= names


def _host_key(entry: Entry) -> HostKey:
    return HostKey(
        hosts=entry.hosts,
        marker=entry.marker,
        key=key_of(entry),
        fingerprint=fingerprint(entry.blob),
        source=entry.source,
        comment=entry.comment,
    )


def _blob(key: str) -> bytes:
    return inventory_entries([key])[0].blob


def _identity(line: str) -> tuple[str, str, str] | None:
    entry = parse_line(line, file="", number=0)
    return (entry.hosts, entry.marker, key_of(entry)) if entry else None


def _is_in(key: HostKey, path: Path) -> bool:
    file = key.source.rpartition(":")[0]
    return bool(file) and Path(file).expanduser().resolve() == path


def _lines_of(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise SetupError(f"{path} can't be read: {problem.strerror}") from problem


@contextmanager
def _one_writer(path: Path) -> Iterator[None]:
    """Hold the lock beside the file; another writer, who needs milliseconds, is waited for."""
    lock = path.with_name(f".{path.name}.aifctl-lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise SetupError(f"{path} can't be written: {problem.strerror}") from problem
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, lines: Sequence[str]) -> None:
    """Write a whole file beside the old one, make it durable, and put it in its place."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.writelines(f"{line}\n" for line in lines)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as problem:
        raise SetupError(f"{path} can't be written: {problem.strerror}; it is as it was") from problem
