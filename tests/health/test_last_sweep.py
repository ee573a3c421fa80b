"""Which sweep last was to ask which node."""

from __future__ import annotations

from typing import Any

import pytest

from aifctl.health.last_sweep import NARROWED, last_sweep_of, meant_by
from aifctl.ports.store_rows import SweepRow
from tests.fakes.toolbox import racks

FLEET = racks(2, nodes_count=2)
ALL = ("r1n1", "r1n2", "r2n1", "r2n2")


def row(
    id: str,  # noqa: A002  the row's own word
    selector: str = "@all",
    *,
    ended: bool = True,
    takes_s: float = 10.0,
    **facts: Any,
) -> SweepRow:
    """Return a sweep; s1 begins at 100 s, s2 at 200 s, and so on."""
    began_at_s = _began_at_s(id)
    return SweepRow(
        id=id, started_at_s=began_at_s, ended_at_s=began_at_s + takes_s if ended else None, selector=selector, asked=4, answered=4,
        exit_code=0, probe="", facts=facts,
    )  # fmt: skip


def current(sweeps: list[SweepRow], seen_by: str, *, after_s: float = 1.0) -> list[str]:
    """Return the nodes for whom a look by this sweep is of the last one that was to ask them."""
    meant = meant_by(sweeps, FLEET)
    return [name for name in ALL if meant.looked_since(name, seen_by, _began_at_s(seen_by) + after_s)]


def _began_at_s(sweep: str) -> float:
    return 100.0 * int(sweep[1:])


def test_only_the_newest_whole_sweep_counts_whatever_is_older() -> None:
    sweeps = [row("s3"), row("s2"), row("s1", "@rack:r1")]
    assert current(sweeps, "s3") == list(ALL)
    assert current(sweeps, "s2") == []
    assert current(sweeps, "s1") == []


def test_a_newer_sweep_of_a_part_counts_for_that_part() -> None:
    sweeps = [row("s3", "@rack:r2"), row("s2"), row("s1")]
    assert current(sweeps, "s2") == ["r1n1", "r1n2"]
    assert current(sweeps, "s3") == list(ALL)


@pytest.mark.parametrize("selector", ["@state:ready", "@run:latest", "@file:x", "-", "@rack:gone", "r1n[", "@stdin"])
def test_a_sweep_whose_nodes_cant_be_told_any_more_makes_nobody_stale(selector: str) -> None:
    sweeps = [row("s2", selector), row("s1")]
    assert current(sweeps, "s1") == list(ALL)


def test_neither_does_one_that_goes_on_or_was_given_fewer_nodes_than_its_selector_means() -> None:
    assert current([row("s2", ended=False), row("s1")], "s1") == list(ALL)
    assert current([row("s2", narrowed=True), row("s1")], "s1") == list(ALL)
    assert NARROWED == "narrowed"
    assert current([row("s2", ended=False), row("s1")], "s2") == list(ALL), "what it has seen already is newer still"


def test_of_two_sweeps_at_once_either_ones_look_is_as_good() -> None:
    """The store keeps the look that it was handed first: that of the one that began earlier, as often as not."""
    assert current([row("s2"), row("s1", takes_s=150.0)], "s1") == list(ALL)
    assert current([row("s2"), row("s1", takes_s=99.0)], "s1") == []
    assert current([row("s2", "@rack:r2"), row("s1", "@rack:r2", takes_s=150.0)], "s1") == list(ALL)


def test_what_one_that_goes_on_or_was_cut_off_saw_before_the_last_began_is_not_of_it() -> None:
    sweeps = [row("s2"), row("s1", ended=False)]
    assert current(sweeps, "s1", after_s=99.0) == []
    assert current(sweeps, "s1", after_s=101.0) == list(ALL)


def test_a_look_by_a_sweep_of_long_ago_is_of_none_of_these() -> None:
    assert current([row("s2")], "s0") == []
    assert current([], "s0") == list(ALL), "without any sweep age alone decides"


def test_the_sweep_that_is_shown_was_to_ask_all_the_nodes_or_is_the_newest_there_is() -> None:
    sweeps = [row("s4", ended=False), row("s3", "@rack:r2"), row("s2", "@rack:r1")]
    meant = meant_by(sweeps, FLEET)
    told = {names: last_sweep_of(names, sweeps, meant) for names in (("r1n1",), ("r2n1",), ALL)}
    assert [one.id for one in told.values() if one] == ["s2", "s3", "s3"]
    assert last_sweep_of(ALL, [row("s4", ended=False)], meant) is None
