"""Loading asyncssh without what it starts while it loads."""

from __future__ import annotations

import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_library_search() -> Iterator[None]:
    """Keep asyncssh from looking for liboqs and libnettle while it is imported inside.

    ctypes.util.find_library runs ldconfig, and where that finds nothing whatever `gcc` and `ld` PATH leads to: 42 ms of
    CPU in each process, for algorithms (sntrup761, UMAC) that are not offered here.
    """
    search = ctypes.util.find_library
    ctypes.util.find_library = _found_nothing
    try:
        yield
    finally:
        ctypes.util.find_library = search


def _found_nothing(name: str) -> str | None:  # noqa: ARG001  find_library's signature
    return None
