"""Moving nodes as they were seen: which moves are legal, who is drained at once, and what a late move does."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import RefusedError
from aifctl.custody.moving import Ground, Stand, idle, move_to, stands, take_out
from aifctl.fleet.lifecycle import State
from aifctl.ports.store import ConflictError
from aifctl.ports.store_writes import By, Move
from tests.fakes.toolbox import racks, toolbox

PAT = By(who="pat")


def test_a_node_stands_where_the_store_says_and_otherwise_where_its_inventory_does(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(1, nodes_count=2, states={"r1n1": State.NEW, "r1n2": State.NEW}))
    tools.store.move([Move(node="r1n2", source=State.NEW, target=State.PROVISIONED, expected_version=0)], PAT)
    told = stands(["r1n1", "r1n2"], tools.fleet, tools.store.states())
    assert told["r1n1"] == Stand(node="r1n1", state=State.NEW)
    assert (told["r1n2"].state, told["r1n2"].version) == (State.PROVISIONED, 1)


def test_a_move_that_is_not_legal_is_refused() -> None:
    with pytest.raises(RefusedError, match="n1 is new and can't become draining; `aifctl node states`"):
        move_to(Stand(node="n1", state=State.NEW), State.DRAINING, Ground())


def test_only_what_is_allocated_has_a_job_where_no_scheduler_says_otherwise() -> None:
    assert idle([Stand(node="a", state=State.READY), Stand(node="b", state=State.ALLOCATED)]) == {"a"}


def test_idle_nodes_are_drained_at_once_and_the_drain_is_one(tmp_path: Path) -> None:
    store = toolbox(tmp_path).store
    store.move([Move(node="b", source=State.READY, target=State.ALLOCATED, expected_version=0)], PAT)
    seen = [Stand(node="a", state=State.READY), Stand(node="b", state=State.ALLOCATED, version=1)]
    ground = Ground(reason="aifctl:person:pat noise", owner="person", action="reset", boot_id="b1", incident=3)
    assert take_out(seen, {"a": ground, "b": ground}, store, PAT) == {"a": State.DRAINED, "b": State.DRAINING}
    assert {one.node: (one.reason, one.boot_id, one.incident) for one in store.drains()} == {
        "a": ("aifctl:person:pat noise", "b1", 3),
        "b": ("aifctl:person:pat noise", "b1", 3),
    }


def test_of_nodes_one_of_which_has_moved_on_none_is_drained(tmp_path: Path) -> None:
    store = toolbox(tmp_path).store
    store.move([Move(node="b", source=State.READY, target=State.ALLOCATED, expected_version=0)], PAT)
    seen = [Stand(node="a", state=State.READY), Stand(node="b", state=State.READY)]
    with pytest.raises(ConflictError, match="the state of b has changed"):
        take_out(seen, {"a": Ground(), "b": Ground()}, store, PAT)
    assert list(store.states()) == ["b"]
