"""Where nodes stand now, as the store says, laid over what the inventory says of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aifctl.fleet.columns import Columns
from aifctl.fleet.lifecycle import State


@dataclass(frozen=True, slots=True, kw_only=True)
class StateNow:
    """Where a node stands; `off` None: nobody has said, so that the inventory's flag counts."""

    state: State
    off: bool | None = None


class StatedColumns:
    """A fleet's columns with states laid over them. Implements columns.Columns.

    The states are asked for when the first of these columns is: most commands need none.
    """

    def __init__(self, written: Columns, states: Callable[[], Mapping[str, StateNow]]) -> None:
        self._written, self._states = written, states
        self.names = written.names

    @property
    def fields(self) -> Collection[str]:
        return self._written.fields

    def column(self, field: str) -> Sequence[Any]:
        cells = self._written.column(field)
        if field not in _SAID:
            return cells
        states, said = self._states(), _SAID[field]
        if not states:
            return cells
        return [
            cell if (now := states.get(name)) is None or (told := said(now)) is None else told
            for name, cell in zip(self.names, cells, strict=True)
        ]


_SAID: Mapping[str, Callable[[StateNow], Any]] = {
    "state": lambda now: now.state.value,
    "off": lambda now: now.off,
}
