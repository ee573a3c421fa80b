"""What tells whoever looks that something was written, and by whom."""

from __future__ import annotations

import socket
from collections.abc import Callable

from aifctl.core.process import control_host_word
from aifctl.store.store import SqlStore
from tests.store.store_parts import PAT, begin, look, seen


def test_the_mark_grows_with_every_write_and_stays_while_nothing_is_written(store: SqlStore) -> None:
    marks = [seen(store, lambda reader: reader.mark())]
    writes: list[Callable[[], None]] = [
        lambda: begin(store, asked=1),
        lambda: store.add("s1", [look("n1")]),
        lambda: store.note(["n1"], "seen", PAT),
        lambda: store.put("reconcile", {"at_s": 1.0}),
    ]
    for write in writes:
        write()
        marks.append(seen(store, lambda reader: reader.mark()))
        assert seen(store, lambda reader: reader.mark()) == marks[-1]
    assert marks == sorted(set(marks))


def test_who_writes_is_known_by_name(store: SqlStore) -> None:
    begin(store, asked=1)
    assert seen(store, lambda reader: reader.control_hosts()) == {control_host_word(socket.gethostname())}
