"""A look after something was done to nodes: kept like any other; over SSH it is tried in tests/cli/test_node_acting.py."""

from __future__ import annotations

from pathlib import Path

from aifctl.core.outcome import Outcome
from aifctl.health.looking_again import look_again
from tests.fakes.fleet import FakeTransport, Script
from tests.fakes.toolbox import racks, toolbox


def test_how_each_node_is_found_is_told_and_kept_and_only_they_are_asked(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(2), transport=FakeTransport(ordinary=Script(dial_error=Outcome.NO_ROUTE)))
    told = look_again(["r1n1", "r1n3"], tools.box)
    assert told.results == {"r1n1": "unreachable", "r1n3": "unreachable"}
    assert {row.node: row.result for row in tools.store.nodes_now()} == told.results
    assert set(tools.transport.dials) == {"r1n1", "r1n3"}
