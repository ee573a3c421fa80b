"""Doing what only one sweep may do at a time, whichever control host it runs on: by a lease in the store they share."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from aifctl.core.errors import BackendError, BusyError
from aifctl.ports.store import Store
from aifctl.ports.store_writes import By

_TRIES_COUNT = 10
_WAIT_S = 1.0

Pause = Callable[[float], None]


@contextmanager
def alone(store: Store, scope: str, by: By, *, purpose: str, for_s: float, pause: Pause = time.sleep) -> Iterator[None]:
    """Hold a lease meanwhile; BusyError where somebody else keeps holding it for ten seconds.

    `for_s` bounds how long one that was killed in here is in the way of others.
    """
    owner = f"{by.who} {by.run} {secrets.token_hex(4)}"
    for left in reversed(range(_TRIES_COUNT)):
        try:
            store.acquire([scope], owner=owner, purpose=purpose, for_s=for_s)
            break
        except BusyError:
            if not left:
                raise
            pause(_WAIT_S)
    try:
        yield
    finally:
        with suppress(BackendError):  # it runs out by itself
            store.release([scope], owner=owner)
