"""The store for those who only look: nothing is loaded where there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aifctl.core.errors import BackendError, SetupError

if TYPE_CHECKING:
    from aifctl.core.settings import Settings
    from aifctl.core.state_dir import StateDir
    from aifctl.fleet.states import StateNow
    from aifctl.ports.clock import Clock
    from aifctl.ports.store import Reader, Rebuilt
    from aifctl.store.place import Place


def store_place(settings: Settings, state: StateDir) -> Place:
    """Return where the store is, or would be."""
    from aifctl.store.place import find_place

    return find_place(settings.value("state"), state)


def reader_at(place: Place) -> Reader | None:
    """Open what is remembered; None where nothing is yet, which most commands only want to know."""
    if place.path is not None and not place.path.exists():
        return None
    from aifctl.store.light import open_reader

    return open_reader(place)


def rebuilt(place: Place, clock: Clock, logs: Sequence[Path]) -> Rebuilt:
    """Make the store anew from its log."""
    from aifctl.store.rebuild import rebuild

    return rebuild(place, clock=clock, logs=logs)


def states_now(find_reader: Callable[[], Reader | None], note: Callable[[str], None]) -> Mapping[str, StateNow]:
    """Return where nodes stand; where that can't be read it is said, and the inventory counts.

    Who changes nodes reads what is remembered once more, for freezes, and is refused then.
    """
    try:
        reader = find_reader()
        return {name: row.now for name, row in reader.states().items()} if reader else {}
    except (BackendError, SetupError) as problem:
        note(f"aifctl: {problem}; nodes stand where the inventory says")
        return {}
