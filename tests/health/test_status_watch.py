"""Watching: drawn again and again, read again only where something was written or time has made something of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aifctl.core.errors import StoppedError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.diagnosis.fleet_health import Condition, FleetHealth
from aifctl.dispatch.asked import Chosen
from aifctl.health.status import StatusAsked, look_at
from aifctl.health.status_watch import parse_watch, watch_rounds
from aifctl.ports.store import Reader
from aifctl.ports.toolbox import Toolbox
from tests.fakes.toolbox import TONIGHT, FakeToolbox, LoopClock, racks, toolbox
from tests.health.swept import Found, sweep

NOW_S = TONIGHT.timestamp()
ASKED = StatusAsked(chosen=Chosen(selector="@all"))


class MovedClock(LoopClock):
    """Stands where it is put."""

    passed_s = 0.0

    def now(self) -> datetime:
        return TONIGHT + timedelta(seconds=self.passed_s)


@dataclass
class Round:
    """Does something between two drawings, and stops after the last."""

    steps: list[object]
    seen: list[FleetHealth] = field(default_factory=list)

    def __call__(self) -> None:
        if not self.steps:
            raise StoppedError(ExitCode.SIGINT)
        step = self.steps.pop(0)
        if callable(step):
            step()


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    tools = toolbox(tmp_path, racks(1, nodes_count=4), clock=MovedClock())
    sweep(tools.store, "s1", ["r1n1", "r1n2", "r1n3", "r1n4"], at_s=NOW_S - 60)
    return tools


@dataclass
class Counted:
    """Reads, and counts how often."""

    count: int = 0

    def __call__(self, asked: StatusAsked, tools: Toolbox, reader: Reader | None) -> FleetHealth:
        self.count += 1
        return look_at(asked, tools, reader)


def watched(tools: FakeToolbox, *steps: object, read: Counted | None = None) -> list[FleetHealth]:
    """Watch until the steps are done; returns what was drawn, time by time."""
    with pytest.raises(StoppedError):
        watch_rounds(ASKED, tools, pause=Round(list(steps)), read=read or Counted())
    views = [sink.reports[0].view for sink in tools.sinks]
    assert all(sink.again for sink in tools.sinks)
    return [view for view in views if isinstance(view, FleetHealth)]


def test_it_draws_before_the_first_pause_and_after_each(tools: FakeToolbox) -> None:
    assert len(watched(tools, None, None)) == 3


def test_nothing_is_read_again_while_nothing_is_written_but_ages_grow(tools: FakeToolbox) -> None:
    def later() -> None:
        tools.clock.passed_s += 5  # type: ignore[attr-defined]

    read = Counted()
    views = watched(tools, later, later, read=read)
    assert read.count == 1
    assert [view.at_s for view in views] == [NOW_S, NOW_S + 5, NOW_S + 10]


def test_what_was_written_meanwhile_is_in_the_next_drawing(tools: FakeToolbox) -> None:
    def found() -> None:
        sweep(tools.store, "s2", ["r1n1", "r1n2", "r1n3", "r1n4"], at_s=NOW_S, found={"r1n1": Found()})

    read = Counted()
    views = watched(tools, found, None, read=read)
    assert [view.counts[Condition.FAULT] for view in views] == [0, 1, 1]
    assert read.count == 2


def test_time_alone_makes_evidence_stale(tools: FakeToolbox) -> None:
    def much_later() -> None:
        tools.clock.passed_s += 2 * 3600  # type: ignore[attr-defined]

    views = watched(tools, much_later)
    assert [view.counts[Condition.STALE] for view in views] == [0, 4]


def test_a_store_that_comes_to_be_meanwhile_is_seen(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(1, nodes_count=4), clock=MovedClock())
    views = watched(tools, lambda: sweep(tools.store, "s1", ["r1n1"], at_s=NOW_S))
    assert [view.counts[Condition.OK] for view in views] == [0, 1]


def test_it_ends_when_nobody_reads_any_more(tools: FakeToolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    make = tools.sink

    def deaf(*, again: bool = False) -> object:
        sink = make(again=again)
        sink.gone = True
        return sink

    monkeypatch.setattr(tools, "sink", deaf)
    assert watch_rounds(ASKED, tools, pause=Round([None])).exit is ExitCode.OK
    assert len(tools.sinks) == 1


def test_how_often_and_in_which_format_is_checked_before_anything_is_read() -> None:
    assert parse_watch("2", "table", fail_on="") == 2.0
    assert parse_watch("1m", "jsonl", fail_on="") == 60.0
    for text, name, fail_on, says in (
        ("0", "table", "", "too often"),
        ("soon", "table", "", "duration"),
        ("2", "html", "", "-o html is one"),
        ("2", "table", "fault", "--fail-on"),
    ):
        with pytest.raises(UsageError, match=says):
            parse_watch(text, name, fail_on=fail_on)
