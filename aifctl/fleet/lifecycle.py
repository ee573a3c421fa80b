"""The states a node can be in, and what each verb does with a node in each of them."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a node stands in its life. `off` (powered down on purpose) is a flag beside the state."""

    NEW = "new"
    PROVISIONED = "provisioned"
    BURNING_IN = "burning-in"
    READY = "ready"
    ALLOCATED = "allocated"
    SUSPECT = "suspect"
    DRAINING = "draining"
    DRAINED = "drained"
    REPAIR = "repair"
    RETIRED = "retired"


class Manner(StrEnum):
    """What a verb does with a node: act on it, leave it out and say so, or stop before it starts."""

    ACT = "act"
    SKIP = "skip"
    REFUSE = "refuse"


#: States in which run, script, push, pull and sweep leave a node alone (cli.md, "Selecting").
_OUT_OF_SERVICE = frozenset({State.REPAIR, State.RETIRED})


def manner_of_observing(state: State, *, off: bool) -> Manner:
    """Return what run, script, push, pull and sweep do with a node: skip it when off, in repair or retired."""
    return Manner.SKIP if off or state in _OUT_OF_SERVICE else Manner.ACT
