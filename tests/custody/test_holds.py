"""Who holds nodes against a verb: leases pass, foreign drains and freezes are for somebody to lift."""

from __future__ import annotations

import pytest

from aifctl.core.errors import RefusedError
from aifctl.custody.holds import holds_over, refuse_frozen
from aifctl.ports.store_rows import DrainRow, Freeze, Lease

NOON_S = 1795176000.0


def lease(scope: str, owner: str = "pat@head1:17") -> Lease:
    return Lease(scope=scope, owner=owner, purpose="burn-in", since_s=NOON_S, until_s=NOON_S + 120, renewed_at_s=NOON_S)


def drain(node: str, reason: str, *, ended_at_s: float | None = None) -> DrainRow:
    return DrainRow(node=node, since_at_s=NOON_S, reason=reason, owner="", actor="slurm", ended_at_s=ended_at_s)


def freeze(*names: str, lifted_at_s: float | None = None) -> Freeze:
    return Freeze(
        id=1, selector="@rack:r1", names=names, reason="power work", who="kim", at_s=NOON_S, lifted_at_s=lifted_at_s
    )


def test_a_lease_holds_its_node_for_as_long_as_it_lasts() -> None:
    held = holds_over([lease("node:r1n1"), lease("reconcile")], [])
    assert list(held) == ["r1n1"]
    assert held["r1n1"].passes
    assert held["r1n1"].reason == "leased by pat@head1:17 until 2026-11-20T12:02:00Z: burn-in"


def test_ones_own_lease_holds_nothing() -> None:
    assert holds_over([lease("node:r1n1")], [], owner="pat@head1:17") == {}


def test_nobody_is_everybody_elses_owner() -> None:
    assert "r1n1" in holds_over([lease("node:r1n1", owner="")], [])


def test_a_foreign_drain_is_for_its_owner_to_lift() -> None:
    held = holds_over([], [drain("r1n2", "NHC: disk full")])
    assert not held["r1n2"].passes
    assert held["r1n2"].reason == "drained by slurm since 2026-11-20T12:00:00Z, not by aifctl: NHC: disk full"


@pytest.mark.parametrize("reason", ["aifctl:check:xid Xid 79", "aifctl:person:kim", "aifctl:run:20261120-1"])
def test_a_drain_of_ours_holds_nothing(reason: str) -> None:
    assert holds_over([], [drain("r1n2", reason)]) == {}


def test_a_drain_that_has_ended_holds_nothing() -> None:
    assert holds_over([], [drain("r1n2", "NHC: disk full", ended_at_s=NOON_S + 1)]) == {}


def test_of_two_holds_the_one_that_stays_counts() -> None:
    assert not holds_over([lease("node:r1n2")], [drain("r1n2", "NHC: disk full")])["r1n2"].passes


def test_frozen_nodes_are_refused_with_who_since_when_and_why() -> None:
    with pytest.raises(RefusedError) as problem:
        refuse_frozen("run", ("r1n1", "r1n2", "r2n1"), [freeze("r1n1", "r1n2")])
    assert str(problem.value) == (
        "run is refused: 2 nodes (r1n[1-2]) are frozen by kim since 2026-11-20T12:00:00Z: power work; "
        "aifctl unfreeze lifts it, --exclude goes round it"
    )


def test_a_freeze_of_other_nodes_or_one_that_was_lifted_refuses_nothing() -> None:
    refuse_frozen("run", ("r2n1",), [freeze("r1n1")])
    refuse_frozen("run", ("r1n1",), [freeze("r1n1", lifted_at_s=NOON_S + 1)])
    with pytest.raises(RefusedError, match="1 node "):
        refuse_frozen("run", ("r1n1",), [freeze("r1n1", lifted_at_s=NOON_S + 1), freeze("r1n1")])
