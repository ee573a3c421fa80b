"""The states a node can be in, which moves between them are legal, and what each verb does with a node in each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from aifctl.core.errors import UsageError
from aifctl.fleet.nearest import nearest


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


#: What `@state:` and `--include-state` know: the states, and off, which stands beside them.
STATE_NAMES = (*(state.value for state in State), "off")


def parse_state_names(texts: Iterable[str]) -> frozenset[str]:
    """Return names of states and "off"; UsageError with the nearest for any other."""
    names = frozenset(texts)
    for unknown in sorted(names - frozenset(STATE_NAMES)):
        near = nearest(unknown, STATE_NAMES)
        raise UsageError(
            f"there is no state {unknown!r}; {f'did you mean {near}' if near else 'there are ' + ', '.join(STATE_NAMES)}"
        )
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One legal move. `when` says on what ground; `aifctl node states` prints it."""

    source: State
    target: State
    when: str


def _moves(sources: Collection[State], target: State, when: str) -> tuple[Move, ...]:
    return tuple(Move(source=source, target=target, when=when) for source in sources)


#: Every legal move; what is not here is refused.
MOVES: tuple[Move, ...] = (
    *_moves([State.NEW], State.PROVISIONED, "provisioning has ended"),
    *_moves([State.PROVISIONED], State.BURNING_IN, "burn-in has begun"),
    *_moves([State.BURNING_IN], State.READY, "burn-in was accepted"),
    *_moves([State.READY], State.ALLOCATED, "a job took it"),
    *_moves([State.ALLOCATED], State.READY, "its job has ended"),
    *_moves([State.READY, State.ALLOCATED], State.SUSPECT, "a check found something"),
    *_moves([State.SUSPECT], State.READY, "the check is clean again"),
    *_moves([State.READY, State.ALLOCATED, State.SUSPECT], State.DRAINING, "a check, a run or a person drains it"),
    *_moves([State.DRAINING], State.DRAINED, "its last job has ended, or a person says so"),
    *_moves([State.DRAINED], State.READY, "the same check is clean on newer evidence"),
    *_moves([State.DRAINED], State.REPAIR, "it goes to repair"),
    *_moves([State.REPAIR], State.NEW, "it comes back from repair"),
    *_moves([state for state in State if state is not State.RETIRED], State.RETIRED, "it leaves the fleet"),
)

_TARGETS: Mapping[State, frozenset[State]] = {
    state: frozenset(move.target for move in MOVES if move.source is state) for state in State
}


def is_legal(source: State, target: State) -> bool:
    """Return whether a node may go from one state to the other in one move."""
    return target in _TARGETS[source]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What a family of verbs does with nodes: it skips or refuses some states, and acts on the rest.

    Attributes:
        skip_off: leave out a node that is off, whatever its state.
        alone: they need a node for themselves, so that they refuse what another has leased or drained.
    """

    verbs: tuple[str, ...]
    skipped: frozenset[State] = frozenset()
    refused: frozenset[State] = frozenset()
    skip_off: bool = True
    alone: bool = False

    def of(self, state: State) -> Manner:
        """Return what is done with a node in this state that is not off."""
        if state in self.refused:
            return Manner.REFUSE
        return Manner.SKIP if state in self.skipped else Manner.ACT


_BUSY = frozenset({State.ALLOCATED, State.DRAINING})
_RETIRED = frozenset({State.RETIRED})

#: The one table of verbs and states. A verb that is not here asks nobody for its state: nodes, status, trust and so on.
MANNERS: tuple[Manners, ...] = (
    Manners(
        verbs=("run", "script", "push", "pull", "shell", "sweep"),
        skipped=frozenset({State.REPAIR, State.RETIRED}),
    ),
    Manners(
        verbs=("play", "burnin", "reboot", "reset-gpu", "firmware update", "power off", "power cycle"),
        skipped=_RETIRED,
        refused=_BUSY,
        alone=True,
    ),
    Manners(
        verbs=("power on", "power status", "power pxe", "power boot-once", "bmc"),
        skipped=_RETIRED,
        skip_off=False,
    ),
)

_BY_VERB: Mapping[str, Manners] = {verb: manners for manners in MANNERS for verb in manners.verbs}
_EVERYBODY = Manners(verbs=(), skip_off=False)


def manners_of(verb: str) -> Manners:
    """Return what a verb does; one that is not in the table acts on every node.

    `verb` is as the command line names it: "run", "power cycle", "burnin run" (which is found as "burnin").
    """
    return _BY_VERB.get(verb) or _BY_VERB.get(verb.partition(" ")[0], _EVERYBODY)


def manner_of(verb: str, state: State, *, off: bool, include: Collection[str] = (), skip_busy: bool = False) -> Manner:
    """Return what a verb does with a node.

    Args:
        verb: as for `manners_of`.
        state: the node's.
        off: it is powered down on purpose.
        include: names of states, or "off", that are acted on although the table skips them (`--include-state`);
            what the table refuses stays refused.
        skip_busy: skip what the table refuses (`--skip-busy`).
    """
    manners = manners_of(verb)
    manner = manners.of(state)
    if manner is Manner.REFUSE:
        return Manner.SKIP if skip_busy else Manner.REFUSE
    if manner is Manner.SKIP and state.value not in include:
        return Manner.SKIP
    return Manner.SKIP if off and manners.skip_off and "off" not in include else Manner.ACT
