"""Bytes of files, shared between nodes: a push of one file to 6,250 nodes holds its bytes once."""

from __future__ import annotations

import errno
import hashlib
import os
import weakref

#: Below this a digest costs more than the bytes it would save.
_WORTH_SHARING_BYTES = 4096


class _Shared:
    """Bytes that any number of files hold; they leave the pool's account when the last one goes."""

    __slots__ = ("__weakref__", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data


class Pool:
    """The memory of all disks of one process: what they may hold together, and equal contents held once."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.held_bytes = most_bytes, 0
        self._by_digest: weakref.WeakValueDictionary[bytes, _Shared] = weakref.WeakValueDictionary()

    def new(self) -> Contents:
        return Contents(self)

    def of(self, data: bytes) -> Contents:
        """Return contents that hold these bytes."""
        made = Contents(self)
        made.write(0, data)
        return made

    def grow(self, count: int) -> None:
        """Account for more bytes (fewer, where negative); ENOSPC where there is no room for them."""
        if count > 0 and self.held_bytes + count > self.most_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.held_bytes += count

    def share(self, data: bytes) -> _Shared:
        """Return the one holder of these bytes; the caller's own account of them is closed."""
        digest = hashlib.sha256(data).digest()
        held = self._by_digest.get(digest)
        if held is None:
            held = self._by_digest[digest] = _Shared(data)
            weakref.finalize(held, self.grow, -len(data)).atexit = False
        else:
            self.grow(-len(data))
        return held


class Contents:
    """The bytes of one file: its own while they change, shared once it is settled."""

    __slots__ = ("__weakref__", "_own", "_pool", "_shared")

    def __init__(self, pool: Pool) -> None:
        self._pool, self._shared = pool, None
        self._own: bytearray | None = bytearray()

    _shared: _Shared | None

    def __len__(self) -> int:
        return len(self._shared.data if self._shared else self._own or b"")

    def __del__(self) -> None:
        """Give the memory back to the pool."""
        if self._own:
            self._pool.grow(-len(self._own))

    def read(self, offset: int, size_bytes: int) -> bytes:
        if self._shared:
            return self._shared.data[offset : offset + size_bytes]
        return bytes((self._own or b"")[offset : offset + size_bytes])

    def write(self, offset: int, data: bytes) -> None:
        """Write at an offset, a gap before it filled with zeros."""
        own = self._mine()
        growth = max(0, offset + len(data) - len(own))
        self._pool.grow(growth)
        own.extend(bytes(max(0, offset - len(own))))
        own[offset : offset + len(data)] = data

    def truncate(self, size_bytes: int) -> None:
        """Cut or fill with zeros."""
        own = self._mine()
        self._pool.grow(size_bytes - len(own))
        if size_bytes > len(own):
            own.extend(bytes(size_bytes - len(own)))
        del own[size_bytes:]

    def settle(self) -> None:
        """Share the bytes with equal files, after the last write for now."""
        if self._own is not None and len(self._own) >= _WORTH_SHARING_BYTES:
            data, self._own = bytes(self._own), None
            self._shared = self._pool.share(data)

    def _mine(self) -> bytearray:
        if self._own is None:
            data = self._shared.data if self._shared else b""
            self._pool.grow(len(data))
            self._own, self._shared = bytearray(data), None
        return self._own
