"""store prune: how long things stay is said by whoever prunes; what went, or would go, is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.custody.audit import verify
from aifctl.ops.pruning import prune_store
from aifctl.ports.store_writes import NodeLook
from tests.fakes.toolbox import TONIGHT, FakeToolbox, toolbox
from tests.ops.run_fakes import ListSink

DAY_S = 86_400.0


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    """Tonight's store, and one sweep in it that began so long ago that its record bears no time."""
    tools = toolbox(tmp_path)
    at_s = TONIGHT.timestamp()
    for sweep, look_at_s in (("s-old", at_s - 40 * DAY_S), ("s-new", at_s)):
        if sweep == "s-new":
            tools.store.begin_sweep(sweep, selector="", asked=1, probe="p", facts={})
        look = NodeLook(node="r1n1", at_s=look_at_s, outcome="ok", result="ok", moving=b"[1]")
        tools.store.add(sweep, [look])
    tools.store.end_sweep("s-old", answered=1, exit_code=0, facts={})
    return tools


def told(tools: FakeToolbox, keep: str, *, dry_run: bool = False) -> dict[str, object]:
    sink = ListSink()
    prune_store(keep, tools.box, sink, dry_run=dry_run)
    return {item["what"]: item["count"] for item in sink.items}


def test_what_went_is_told_and_that_somebody_pruned_is_kept(tools: FakeToolbox) -> None:
    assert told(tools, "30d") == {"readings": 1, "facts": 0, "sweeps": 1, "log": 0, "database": None}
    assert [row.sweep for row in tools.store.readings("r1n1")] == ["s-new"]
    assert "store prune" in (tools.state.path / "audit.jsonl").read_text()
    assert verify(tools.state) == []


def test_a_dry_run_tells_the_same_and_leaves_all_as_it_is(tools: FakeToolbox) -> None:
    assert told(tools, "30d", dry_run=True) == {"readings": 1, "facts": 0, "sweeps": 1, "log": 0, "database": None}
    assert len(tools.store.readings("r1n1")) == 2
    assert not (tools.state.path / "audit.jsonl").exists()


@pytest.mark.parametrize("keep", ["23h", "0", "never"])
def test_less_than_a_day_is_not_kept_by_mistake(tools: FakeToolbox, keep: str) -> None:
    with pytest.raises(UsageError):
        prune_store(keep, tools.box, ListSink(), dry_run=False)
    assert len(tools.store.readings("r1n1")) == 2
