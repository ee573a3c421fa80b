from __future__ import annotations

import itertools

import pytest

from aifctl.core.errors import UsageError
from aifctl.fleet.lifecycle import MANNERS, MOVES, STATE_NAMES, Manner, State, is_legal, manner_of, parse_state_names

LEGAL = """
new → provisioned
provisioned → burning-in
burning-in → ready
ready → allocated suspect draining
allocated → ready suspect draining
suspect → ready draining
draining → drained
drained → ready repair
repair → new
retired →
"""

#: a = act, s = skip, r = refuse; columns are the states in their order, then off (and ready).
TABLE = """
run               a a a a a a a a s s s
script            a a a a a a a a s s s
push              a a a a a a a a s s s
pull              a a a a a a a a s s s
shell             a a a a a a a a s s s
sweep             a a a a a a a a s s s
play              a a a a r a r a a s s
burnin            a a a a r a r a a s s
burnin run        a a a a r a r a a s s
reboot            a a a a r a r a a s s
reset-gpu         a a a a r a r a a s s
firmware update   a a a a r a r a a s s
power off         a a a a r a r a a s s
power cycle       a a a a r a r a a s s
power on          a a a a a a a a a s a
power status      a a a a a a a a a s a
power pxe         a a a a a a a a a s a
power boot-once   a a a a a a a a a s a
bmc               a a a a a a a a a s a
bmc log           a a a a a a a a a s a
nodes             a a a a a a a a a a a
"""
LETTERS = {"a": Manner.ACT, "s": Manner.SKIP, "r": Manner.REFUSE}


def legal_pairs() -> set[tuple[State, State]]:
    pairs = set()
    for line in LEGAL.strip().splitlines():
        source, _, targets = line.partition("→")
        pairs |= {(State(source.strip()), State(target)) for target in targets.split()}
        if source.strip() != "retired":
            pairs.add((State(source.strip()), State.RETIRED))
    return pairs


def test_exactly_the_moves_of_the_lifecycle_are_legal() -> None:
    legal = {(source, target) for source, target in itertools.product(State, State) if is_legal(source, target)}
    assert legal == legal_pairs()


def test_every_move_stands_in_the_table_once_and_says_when() -> None:
    assert len({(move.source, move.target) for move in MOVES}) == len(MOVES)
    assert all(move.when for move in MOVES)


def test_every_state_can_be_reached_from_new_and_only_retired_is_final() -> None:
    reached = {State.NEW}
    for _ in State:
        reached |= {move.target for move in MOVES if move.source in reached}
    assert reached == set(State)
    assert {state for state in State if not any(move.source is state for move in MOVES)} == {State.RETIRED}


@pytest.mark.parametrize("row", TABLE.strip().splitlines(), ids=lambda row: row[:17].strip())
def test_a_verb_treats_each_state_as_the_table_says(row: str) -> None:
    verb, letters = row[:17].strip(), row[17:].split()
    manners = [manner_of(verb, state, off=False) for state in State] + [manner_of(verb, State.READY, off=True)]
    assert manners == [LETTERS[letter] for letter in letters]


def test_no_verb_stands_in_two_rows() -> None:
    verbs = [verb for manners in MANNERS for verb in manners.verbs]
    assert len(set(verbs)) == len(verbs)


def test_a_skipped_state_is_acted_on_when_it_is_included_by_name() -> None:
    assert manner_of("run", State.REPAIR, off=False, include=["repair"]) is Manner.ACT
    assert manner_of("run", State.REPAIR, off=False, include=["retired"]) is Manner.SKIP
    assert manner_of("play", State.RETIRED, off=False, include=["retired"]) is Manner.ACT


def test_a_node_that_is_off_needs_its_own_name_beside_its_state() -> None:
    assert manner_of("run", State.READY, off=True, include=["off"]) is Manner.ACT
    assert manner_of("run", State.REPAIR, off=True, include=["repair"]) is Manner.SKIP
    assert manner_of("run", State.REPAIR, off=True, include=["repair", "off"]) is Manner.ACT


def test_what_is_refused_stays_refused_when_included_and_becomes_a_skip_on_request() -> None:
    assert manner_of("reboot", State.ALLOCATED, off=False, include=["allocated"]) is Manner.REFUSE
    assert manner_of("reboot", State.ALLOCATED, off=False, skip_busy=True) is Manner.SKIP


def test_states_to_include_are_checked() -> None:
    assert parse_state_names(["repair", "off"]) == {"repair", "off"}
    assert set(STATE_NAMES) == {*State, "off"}
    with pytest.raises(UsageError, match="there is no state 'repiar'; did you mean repair"):
        parse_state_names(["repiar"])
    with pytest.raises(UsageError, match="there are new, provisioned"):
        parse_state_names(["xyz"])
