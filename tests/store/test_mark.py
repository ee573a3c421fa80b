"""What tells whoever watches that something was written."""

from __future__ import annotations

from collections.abc import Callable

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
