"""Freezing nodes against every changing verb, and lifting that."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import RefusedError, UsageError
from aifctl.custody.audit import read_records
from aifctl.custody.plan_hash import PlannedAction
from aifctl.dispatch.asked import Chosen, Consent
from aifctl.dispatch.consent import seek_consent
from aifctl.ops.freezes import UnfreezeAsked, freeze, unfreeze
from tests.fakes.toolbox import FakeToolbox, racks, toolbox
from tests.ops.run_fakes import ListSink


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, racks(4))


def frozen(tools: FakeToolbox, selector: str, reason: str = "cooling work") -> ListSink:
    sink = ListSink()
    freeze(Chosen(selector=selector), reason, tools.box, sink)
    return sink


def lifted(tools: FakeToolbox, asked: UnfreezeAsked) -> list[int]:
    sink = ListSink()
    unfreeze(asked, tools.box, sink)
    return [one["freeze"] for one in sink.items]


def change(tools: FakeToolbox, node: str) -> None:
    plan = PlannedAction(verb="run", arguments={}, steps=("x",), names=[node])
    seek_consent(plan, Consent(), tools.box, guarded=False, changing=True)


def test_what_is_frozen_every_changing_verb_refuses_until_it_is_lifted(tools: FakeToolbox) -> None:
    (item,) = frozen(tools, "@rack:r1").items
    assert (item["freeze"], item["selector"], item["nodes"], item["reason"]) == (
        1,
        "@rack:r1",
        "r1n[1-8]",
        "cooling work",
    )
    with pytest.raises(RefusedError, match=r"run is refused: 1 node \(r1n3\) is frozen by .*cooling work"):
        change(tools, "r1n3")
    change(tools, "r2n1")
    assert lifted(tools, UnfreezeAsked()) == [1]
    change(tools, "r1n3")
    assert [one["verb"] for one in read_records(tools.state)] == ["freeze", "unfreeze"]


def test_everything_is_frozen_where_nothing_is_named(tools: FakeToolbox) -> None:
    (item,) = frozen(tools, "@all").items
    assert (item["selector"], item["nodes_count"]) == (None, 32)
    with pytest.raises(RefusedError):
        change(tools, "r4n8")


def test_why_must_be_said_and_nothing_selected_freezes_nothing(tools: FakeToolbox) -> None:
    with pytest.raises(UsageError, match="why"):
        frozen(tools, "@all", reason="")
    report = freeze(Chosen(selector="@state:drained", allow_empty=True), "x", tools.box, ListSink())
    assert "nothing is frozen" in report.notes[0]


def test_of_several_freezes_the_one_that_is_meant_is_lifted(tools: FakeToolbox) -> None:
    for rack in (1, 2, 3):
        frozen(tools, f"@rack:r{rack}")
    with pytest.raises(UsageError, match=r"3 freezes stand .*--all"):
        lifted(tools, UnfreezeAsked())
    with pytest.raises(UsageError, match="no freeze 9 stands"):
        lifted(tools, UnfreezeAsked(numbers=(9,)))
    assert lifted(tools, UnfreezeAsked(numbers=(2,), reason="done")) == [2]
    assert lifted(tools, UnfreezeAsked(chosen=Chosen(selector="@rack:r1"))) == [1]
    with pytest.raises(RefusedError, match="covers more than these nodes"):
        lifted(tools, UnfreezeAsked(chosen=Chosen(selector="r3n1")))
    assert lifted(tools, UnfreezeAsked(look=True)) == [3]
    assert lifted(tools, UnfreezeAsked(every=True)) == [3]
    assert lifted(tools, UnfreezeAsked()) == []
