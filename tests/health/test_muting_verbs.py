"""checks mute and unmute: until a time, with a reason, audited; and what a sweep then knows of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import EmptySelectionError, SetupError, UsageError
from aifctl.core.report import Item
from aifctl.custody.audit import read_records
from aifctl.health.muting import MuteAsked, UnmuteAsked, mute, mutings, unmute
from tests.fakes.toolbox import FakeToolbox, toolbox
from tests.health.simulated_night import checks
from tests.ops.run_fakes import ListSink


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, checks=checks())


def muted(tools: FakeToolbox, check: str = "port-flap", **parts: Any) -> Item:
    sink = ListSink()
    usual: dict[str, Any] = {"selector": None, "until": "4h", "reason": "switch swapped, ticket 811"}
    mute(MuteAsked(check=check, **(usual | parts)), tools.box, sink)
    return sink.items[0]


def unmuted(tools: FakeToolbox, check: str = "port-flap", selector: str | None = None) -> list[Item]:
    sink = ListSink()
    unmute(UnmuteAsked(check=check, selector=selector), tools.box, sink)
    return list(sink.items)


def test_a_mute_says_where_until_when_by_whom_and_why_and_is_audited(tools: FakeToolbox) -> None:
    item = muted(tools, selector="@rack:r1")
    assert (item["check"], item["selector"], item["nodes_count"]) == ("port-flap", "@rack:r1", 8)
    assert item["until_at"] == pytest.approx(tools.clock.now().timestamp() + 4 * 3600, abs=1)
    assert item["reason"] == "switch swapped, ticket 811"
    (record,) = read_records(tools.state)
    assert (record["verb"], record["why"]) == ("checks mute", "switch swapped, ticket 811")
    assert record["what"] == "port-flap on @rack:r1 until 2026-11-24 07:00Z"


def test_who_sweeps_knows_the_nodes_that_mutes_are_for(tools: FakeToolbox) -> None:
    muted(tools, selector="@rack:r1")
    muted(tools, "port-lid")
    first, second = mutings(tools.box, tools.fleet)
    assert (first.check, first.nodes) == ("port-flap", frozenset(f"r1n{number}" for number in range(1, 9)))
    assert (second.check, second.nodes) == ("port-lid", None)
    assert first.reason == "switch swapped, ticket 811"


def test_without_a_store_nothing_is_muted(tools: FakeToolbox) -> None:
    assert mutings(tools.box, tools.fleet) == ()


def test_a_mute_whose_selector_means_nothing_any_more_mutes_nobody_and_that_is_said(tools: FakeToolbox) -> None:
    by = muted(tools, selector="@rack:r1")
    assert by
    fleet = toolbox(tools.state.path).fleet.from_nodes([], origin="empty.yaml")
    (told,) = mutings(tools.box, fleet)
    assert told.nodes == frozenset()
    assert "port-flap is muted on @rack:r1, which mutes nobody any more" in tools.notes[-1]


def test_a_selector_that_will_mean_something_else_is_kept_as_names(tools: FakeToolbox, tmp_path: Path) -> None:
    (tmp_path / "names").write_text("r1n1 r1n2\n")
    tools.terms = type(tools.terms)(read_file=lambda path: Path(path).read_text())
    assert muted(tools, selector=f"@file:{tmp_path}/names")["selector"] == "r1n[1-2]"
    assert muted(tools, selector="@all")["selector"] == "@all"


def test_an_ended_mute_is_history_and_is_audited(tools: FakeToolbox) -> None:
    muted(tools, selector="@rack:r1")
    muted(tools, selector="@rack:r2")
    muted(tools, "port-lid")
    assert [(item["selector"], item["lifted"]) for item in unmuted(tools, selector="@rack:r2")] == [("@rack:r2", True)]
    assert [one.check for one in mutings(tools.box, tools.fleet)] == ["port-flap", "port-lid"]
    assert [item["selector"] for item in unmuted(tools)] == ["@rack:r1"]
    assert read_records(tools.state)[-1]["what"] == "port-flap on @rack:r1"
    with pytest.raises(UsageError, match="port-flap is not muted"):
        unmuted(tools)


def test_the_mutes_that_there_are_are_named_to_who_ends_another(tools: FakeToolbox) -> None:
    muted(tools, selector="@rack:r1")
    with pytest.raises(UsageError, match=r"port-flap is muted on @rack:r1 alone"):
        unmuted(tools, selector="@rack:r2")


def test_a_check_that_is_gone_with_its_package_can_be_unmuted(tools: FakeToolbox) -> None:
    muted(tools)
    tools.checks = ()
    assert [item["check"] for item in unmuted(tools)] == ["port-flap"]


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"check": "port-flp"}, r"no check 'port-flp'; did you mean port-flap\?"),
        ({"reason": "  "}, "a mute needs a --reason"),
        ({"until": "2020-01-01"}, "is not ahead"),
        ({"until": "tomorrow"}, "is no time"),
        ({"until": "400d"}, "a year is the most"),
        ({"selector": "@rack:r99"}, "r99"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_muted(
    tools: FakeToolbox, parts: dict[str, Any], why: str
) -> None:
    with pytest.raises((UsageError, EmptySelectionError), match=why):
        muted(tools, **parts)
    assert not tools.stores
    assert read_records(tools.state) == []


def test_sections_that_could_not_be_read_may_be_muted_too(tools: FakeToolbox) -> None:
    assert muted(tools, "section-read")["check"] == "section-read"


def test_where_no_audit_can_be_written_nothing_is_muted(tools: FakeToolbox) -> None:
    (tools.state.path / "audit.jsonl").mkdir(parents=True)
    with pytest.raises(SetupError, match="can't be written"):
        muted(tools)
    assert not tools.stores
