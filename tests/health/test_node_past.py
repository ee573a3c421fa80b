"""node history and note: what has happened to a node and what people wrote of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.report import Item, Report
from aifctl.dispatch.asked import Chosen
from aifctl.fleet.lifecycle import State
from aifctl.health.node_history import HistoryAsked, node_history
from aifctl.health.node_notes import NoteAsked, note_nodes
from aifctl.ports.store_writes import By, Move
from tests.health.remembered_night import Remembered, remembered

PAT = By(who="pat", from_where="192.0.2.9 pts/3", run="sweep-9")
SICK = "r001n02"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Remembered:
    night = remembered(tmp_path_factory.mktemp("night"), 4)
    for _ in range(3):
        night.sweep()
    night.night.plant(f"ib-down:2@{SICK}")
    night.sweep()
    night.tools.store.move([_move(State.READY, State.SUSPECT, 0, "port-state")], PAT)
    night.night.cure()
    night.sweep()
    night.tools.store.note([SICK], "cable reseated", PAT)
    night.sweep()
    return night


def _move(source: State, target: State, version: int, why: str, *, off: bool | None = None) -> Move:
    return Move(node=SICK, source=source, target=target, expected_version=version, why=why, off=off)


def told(night: Remembered, **parts: Any) -> tuple[list[Item], Report]:
    return night.ask(node_history, HistoryAsked(**({"node": SICK} | parts)))


def test_what_happened_stands_in_the_order_in_which_it_did(night: Remembered) -> None:
    items, report = told(night)
    times = [item["happened_at"] for item in items]
    assert times == sorted(times)
    lines = [f"{item['kind']} {item['text']}" for item in items]
    assert lines[0] == "facts told what it is for the first time"
    assert lines[1] == "looks answered 3 sweeps from then on"
    assert "state ready to suspect: port-state" in lines
    assert "note cable reseated" in lines
    opened = next(line for line in lines if line.startswith("opened fault port-state polling of port:mlx5_4/1: "))
    cleared = lines.index("cleared port-state polling of port:mlx5_4/1")
    assert lines.index(opened) < lines.index("state ready to suspect: port-state") < cleared
    assert report.summary["looks_count"] == 6


def test_who_caused_it_is_told(night: Remembered) -> None:
    by_kind = {item["kind"]: item["who"] for item in told(night)[0]}
    assert by_kind["state"] == "pat (sweep-9)"
    assert by_kind["note"] == "pat"
    assert by_kind["cleared"].startswith("sweep sweep-")


def test_other_facts_say_which_part_of_them_is_other(night: Remembered) -> None:
    facts = [item["text"] for item in told(night)[0] if item["kind"] == "facts"]
    assert facts == ["told what it is for the first time", "another port section", "another port section"]


def test_looks_between_two_events_are_counted_in_one_line(night: Remembered) -> None:
    looks = [item["text"] for item in told(night)[0] if item["kind"] == "looks"]
    assert sum(int(text.split()[1]) if text != "answered a sweep" else 1 for text in looks) == 6


def test_only_what_is_since_then_is_told(night: Remembered) -> None:
    items, _ = told(night, since="20m")
    assert [item["kind"] for item in items] == ["note", "looks"] or items[0]["kind"] in {
        "facts",
        "cleared",
        "looks",
        "note",
    }
    now_s = night.tools.clock.now().timestamp()
    assert all(item["happened_at"] >= now_s - 1200 for item in items)
    with pytest.raises(UsageError, match="is no time"):
        told(night, since="a while")


def test_powering_off_is_told_though_the_state_stays(night: Remembered) -> None:
    night.tools.store.move([_move(State.SUSPECT, State.SUSPECT, 1, "", off=True)], PAT)
    assert "powered off on purpose" in [item["text"] for item in told(night)[0]]


def test_nothing_is_said_to_be_nothing(tmp_path: Path) -> None:
    night = remembered(tmp_path, 4)
    items, report = told(night)
    assert (items, report.complete) == ([], False)
    night.tools.store.note(["r001n01"], "another one", PAT)
    assert told(night)[1].notes == (f"nothing has happened to {SICK} since then; --since 365d looks further back",)


def note(night: Remembered, selector: str, text: str | None = None) -> list[Item]:
    return night.ask(note_nodes, NoteAsked(chosen=Chosen(selector=selector), text=text))[0]


def test_a_note_is_written_about_each_node_of_a_selection_and_read_newest_first(tmp_path: Path) -> None:
    night = remembered(tmp_path, 4)
    assert note(night, "r001n01") == []
    assert [item["node"] for item in note(night, "r001n[01-02]", "PDU swapped")] == ["r001n01", "r001n02"]
    night.night.clock.at_s += 60
    note(night, "r001n01", "  it hums  ")
    assert [(item["node"], item["text"]) for item in note(night, "@all")] == [
        ("r001n01", "it hums"),
        ("r001n01", "PDU swapped"),
        ("r001n02", "PDU swapped"),
    ]
    assert note(night, "r001n01")[0]["noted_at"] == night.tools.clock.now().timestamp()


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001])
def test_a_note_says_something_and_not_a_novel(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="1 to 1,000 characters"):
        note(remembered(tmp_path, 1), "r001n01", text)
