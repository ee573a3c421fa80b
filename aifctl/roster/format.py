"""What a file of the drawer `formats/` ends in: another tool's inventory, read, written, or both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aifctl.core.errors import InventoryError, Mistake
from aifctl.core.printable import printable_line
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.node import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a format's reader found: nodes, groups of them, and sentences about what has no place in our inventory."""

    nodes: tuple[Node, ...]
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a format's writer wrote: (file name, text) pairs, and what of the fleet they can't say."""

    files: tuple[tuple[str, str], ...]
    lost: tuple[str, ...] = ()


Read = Callable[[str, str], Found]
"""(text, file name for messages) → nodes; raises InventoryError."""

Write = Callable[[Fleet, Sequence[str]], Written]
"""(fleet, names in nodeset order) → files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFormat:
    """One format of import and export.

    Attributes:
        name: for `--format`.
        about: one sentence: which tool, which file.
    """

    name: str
    about: str
    read: Read | None = None
    write: Write | None = None


@dataclass(slots=True, kw_only=True)
class Losses:
    """Gathers what could not be carried over: one sentence for each kind of thing, with how many and the first few."""

    _names: dict[str, dict[str, None]] = field(default_factory=dict)

    def add(self, what: str, where: str) -> None:
        """Record one thing: `what` it is, `where` it stood (a node, a group, a line)."""
        self._names.setdefault(what, {})[where] = None

    def sentences(self) -> tuple[str, ...]:
        return tuple(printable_line(f"{what} ({_some(list(names))})") for what, names in self._names.items())


def bare_node(name: str, **fields: object) -> Node:
    """Return a node of which only the name and these fields are known; address, user, port are its endpoint's."""
    reach = {
        key: fields.pop(key) for key in ("address", "user", "port", "identity", "jump", "options") if key in fields
    }
    endpoint = Endpoint(name=name, **{"address": name, **reach})  # type: ignore[arg-type]
    return Node(endpoint=endpoint, **fields)  # type: ignore[arg-type]


def broken(file: str, line: int, message: str) -> InventoryError:
    """Return the error for a text that is not of this format."""
    return InventoryError([Mistake(file=file, line=line, message=message)])


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown  # noqa: PLR2004 - enough to find the rest
