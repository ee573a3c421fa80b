"""node show, why and states: what is known of one node, and what stands against it with all there is to say for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import BackendError, UnknownNodeError, UsageError
from aifctl.core.report import Item
from aifctl.diagnosis.absent import CannotTellError, known
from aifctl.diagnosis.check import Check
from aifctl.diagnosis.reading import Reading
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import MOVES, State
from aifctl.health.node_lines import said_facts, said_value
from aifctl.health.node_show import show_node
from aifctl.health.node_states import show_states
from aifctl.health.node_why import why_node
from aifctl.output.json_text import dumps
from aifctl.ports.store_writes import By, Move, NodeLook
from tests.health.remembered_night import Remembered, remembered
from tests.health.simulated_night import checks

PAT = By(who="pat", from_where="192.0.2.9 pts/3")
#: Of the first eight nodes one has a port down, one is silent.
HEALTHY, SICK, SILENT = "r001n01", "r001n02", "r001n03"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Remembered:
    night = remembered(tmp_path_factory.mktemp("night"))
    night.sweep()
    night.sweep()
    night.night.plant(f"ib-down:2@{SICK}", f"probe-garbage@{SILENT}")
    night.sweep()
    night.sweep()
    return night


def shown(night: Remembered, name: str) -> Item:
    ((item,), _) = night.ask(show_node, name)
    return item


def why(night: Remembered, name: str) -> dict[str, Item]:
    return {item["check"]: item for item in night.ask(why_node, name)[0]}


def test_a_node_is_shown_with_its_result_its_state_its_place_and_what_it_is_made_of(night: Remembered) -> None:
    item = shown(night, HEALTHY)
    assert item["look"] == "ok, 0 s ago (2026-12-01 04:00Z, sweep sweep-3)"
    assert (item["result"], item["state"], item["off"], item["outcome"]) == ("ok", "ready", False, "ok")
    assert item["stands"] == "ready, as the inventory says"
    assert item["place"] == "site sim, hall h1, su su1, rack r1, U 2, feeds A1, B1"
    assert item["rails"][2] == "2: mlx5_4 to l1-r2 port 1"
    assert item["serials"] == "chassis SIM000101"
    assert item["hardware"][0] == "gpu: 8 x NVIDIA H100 80GB HBM3, driver 580.105.08, VBIOS 96.00.A5.00.01"
    assert item["looks"][0] == "2026-12-01 04:00Z (0 s ago), sweep sweep-3"
    assert len(item["looks"]) == 4
    assert item["standing"] == item["drains"] == item["holds"] == item["notes"] == []


def test_the_reading_is_there_for_programs_and_what_is_absent_is_null(night: Remembered) -> None:
    reading = json.loads(dumps(shown(night, HEALTHY)))["reading"]
    assert len(reading["gpu"]["gpus"]) == 8
    assert reading["gpu"]["gpus"][0]["power_w"] > 0
    assert "!" not in dumps(reading)


def test_findings_drains_leases_freezes_and_notes_are_shown(night: Remembered) -> None:
    store = night.tools.store
    now_s = night.tools.clock.now().timestamp()
    move = Move(
        node=SICK, source=State.READY, target=State.DRAINING, expected_version=0, reason="aifctl:port-state:2",
        owner="aifctl", why="hands are on their way", action="cable", incident=2,
    )  # fmt: skip
    store.move([move], PAT)
    store.acquire([f"node:{SICK}"], owner="reboot-1", purpose="reboot", for_s=600)
    freeze = store.freeze("@rack:r1", [SICK], PAT, reason="PDU work")
    for number in range(6):
        store.note([SICK], f"note {number}", PAT)
    item = shown(night, SICK)
    store.release([f"node:{SICK}"], owner="reboot-1")
    store.unfreeze([freeze.id], PAT)
    assert item["stands"].startswith("draining since 2026-12-01 04:00Z (0 s) by pat from 192.0.2.9 pts/3: ")
    assert item["stands"].endswith("aifctl:port-state:2; hands are on their way")
    assert item["drains"] == ["aifctl:port-state:2 since 2026-12-01 04:00Z (0 s), asks for cable, incident 2"]
    assert item["holds"][0].startswith("lease of reboot-1 for reboot, until 2026-12-01 04:10Z")
    assert item["holds"][1] == "frozen by pat since 2026-12-01 04:00Z: PDU work"
    assert item["standing"][0].startswith("fault port-state polling of port:mlx5_4/1: ")
    assert item["standing"][0].endswith("(since 2026-12-01 03:45Z (15 min), asks for cable)")
    assert item["notes"][0] == "2026-12-01 04:00Z pat: note 5"
    assert item["notes"][5] == f"and 1 more: aifctl node note {SICK}"
    assert now_s == item["looked_at"]


def test_a_node_that_told_nothing_readable_says_when_it_last_did(night: Remembered) -> None:
    item = shown(night, SILENT)
    assert item["look"].startswith("unreachable, 0 s ago (2026-12-01 04:00Z, sweep sweep-3): ")
    assert item["look"].endswith("; it last answered 30 min ago")
    assert item["hardware"][0].startswith("gpu: 8 x NVIDIA H100")
    assert [line.split()[:2] for line in item["standing"]] == [["unreachable", "reachability"]]


def test_a_finding_is_shown_with_observed_expected_source_age_action_and_incident(night: Remembered) -> None:
    item = why(night, SICK)["port-state"]
    assert item["finding"] == "fault  port-state polling of port:mlx5_4/1"
    assert item["message"].startswith("port mlx5_4/1 of the fabric is down")
    assert (item["observed"], item["expected"]) == ("down, polling", "active, link-up")
    assert item["source"].startswith("NVIDIA DGX H100 user guide")
    assert item["since"] == "2026-12-01 03:45Z (15 min)"
    assert item["evidence"] == "arose 0 s ago (2026-12-01 04:00Z), last seen 0 s ago"
    assert item["action"] == "cable"
    assert item["belongs_to"].endswith(f"port-state on node {SICK}, this node alone, open since 2026-12-01 03:45Z")
    assert (item["scope"], item["result"], item["code"]) == ("node", "fault", "polling")


def test_a_check_was_last_clean_at_the_newest_look_without_its_finding(night: Remembered) -> None:
    item = why(night, SICK)["port-state"]
    assert item["clean"] == "2026-12-01 03:30Z (30 min ago)"
    assert item["clean_at"] == night.tools.clock.now().timestamp() - 1800


def test_a_finding_that_another_explains_belongs_to_the_others_incident(night: Remembered) -> None:
    found = why(night, SICK)
    assert found["port-flap"]["incident"] == found["port-state"]["incident"]


def test_an_incident_says_how_wide_it_is_and_who_has_taken_it_on(night: Remembered) -> None:
    store = night.tools.store
    number = why(night, SICK)["port-state"]["incident"]
    store.acknowledge(number, PAT)
    store.silence(number, PAT, until_s=night.tools.clock.now().timestamp() + 600)
    said = why(night, SICK)["port-state"]["belongs_to"]
    assert "taken on by pat, silenced until 2026-12-01 04:10Z" in said


def test_nothing_against_a_node_is_said_with_the_age_of_the_look(night: Remembered) -> None:
    items, report = night.ask(why_node, HEALTHY)
    assert items == []
    assert report.notes == (
        f"{HEALTHY}: ok, 0 s ago (2026-12-01 04:00Z, sweep sweep-3)",
        f"nothing stands against {HEALTHY}",
    )


def test_a_node_that_does_not_answer_has_its_old_findings_as_stale(night: Remembered) -> None:
    later = night.night
    later.plant(f"probe-garbage@{SICK}")
    night.sweep()
    item = why(night, SICK)["port-state"]
    later.cure()
    night.sweep()
    assert item["stale"]
    assert item["evidence"].endswith("last seen 15 min ago; the last look could not see it one way or the other")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (0.0, "0"),
        (26.562, "26.562"),
        (None, ""),
        ("polling", "polling"),
        ({"low": 1, "none": 0}, "low 1, none 0"),
        ([3, 4.0], "3, 4"),
        ([], "none"),
    ],
)
def test_what_was_observed_is_written_as_a_person_would(value: Any, text: str) -> None:
    assert said_value(value) == text


def _power(reading: Reading) -> Mapping[str, float]:
    if reading.gpu is None:
        raise CannotTellError("power", "no GPU was read")
    return {f"port:mlx5_{index}/1": known(gpu.power_w, 0.0) for index, gpu in enumerate(reading.gpu.gpus)}


def _measuring(night: Remembered, check: Check) -> Remembered:
    measured = [replace(one, measure=_power) if one is check else one for one in checks()]
    return replace(night, tools=replace(night.tools, checks=measured))


def test_what_a_check_measures_stands_beside_its_peers(tmp_path: Path) -> None:
    night = remembered(tmp_path)
    night.night.plant(f"ib-down:2@{SICK}")
    night.sweep()
    check = next(one for one in checks() if one.name == "port-state")
    item = why(_measuring(night, check), SICK)["port-state"]
    spread: Any = item["spread"]
    assert (spread["count"], spread["nodes"], spread["of"]) == (56, 7, 7)
    assert 60 < spread["p50"] <= spread["p99"] < 130
    assert spread["here"] is not None
    assert item["peers"].startswith(
        f"p50 {spread['p50']:g}, p99 {spread['p99']:g} (56 values of 7 nodes of h100-sxm5); here "
    )
    assert why(night, SICK)["port-state"]["spread"] is None


def test_a_node_nobody_has_looked_at_is_not_called_clean(tmp_path: Path) -> None:
    night = remembered(tmp_path, 2)
    for verb in (show_node, why_node):
        _, report = night.ask(verb, HEALTHY)
        assert not report.complete
        assert report.notes == ("nothing is remembered of any node yet: no sweep has run with this state directory",)
    assert shown(night, HEALTHY)["look"] == "never looked at"
    night.tools.store.note([HEALTHY], "new", PAT)
    for verb in (show_node, why_node):
        assert night.ask(verb, HEALTHY)[1].notes == (f"{HEALTHY} has never been looked at",)


def test_what_is_kept_and_can_not_be_read_is_unknown(tmp_path: Path) -> None:
    night = remembered(tmp_path, 1)
    night.sweep()
    store = night.tools.store
    row = store.node_now(HEALTHY)
    assert row is not None
    store.add("sweep-0", [NodeLook(node=HEALTHY, at_s=row.at_s + 1, outcome="ok", result="ok", findings=b"{}")])
    assert shown(night, HEALTHY)["standing"][0].startswith("unknown: the findings kept of r001n01 can't be read")
    with pytest.raises(BackendError, match="the next sweep of r001n01 begins anew"):
        night.ask(why_node, HEALTHY)


def test_a_node_that_has_left_the_inventory_is_shown_as_long_as_it_is_remembered(tmp_path: Path) -> None:
    night = remembered(tmp_path, 2)
    night.sweep()
    night.tools.inventory = Fleet.from_nodes([night.tools.inventory.node("r001n02")], origin="sim")
    assert shown(night, HEALTHY)["result"] == "ok"
    assert night.tools.notes[-1].startswith("r001n01 is not in sim any more")
    assert night.ask(why_node, HEALTHY)[1].summary["findings_count"] == 0
    with pytest.raises(UnknownNodeError):
        shown(night, "r001n09")


def test_one_node_is_meant(night: Remembered) -> None:
    with pytest.raises(UsageError, match=r"'@all' is 8 nodes \(r\[001-002\]n\[01-04\]\), and this is for one"):
        shown(night, "@all")


def test_every_legal_move_is_told(night: Remembered) -> None:
    items, _ = night.ask(show_states)
    assert [(item["source"], item["target"]) for item in items] == [(move.source, move.target) for move in MOVES]
    assert all(item["when"] for item in items)


def test_further_evidence_is_told_as_a_person_writes_it() -> None:
    facts = {
        "first_at_s": 1_796_133_400.5,
        "chain": {"48": 1, "94": 8},
        "banks": {"max": 2560},
        "serial_number": "1610",
    }
    assert said_facts(facts) == [
        "banks: max 2560",
        "chain: 48, 94 (8 times)",
        "first at: 2026-12-01 13:56Z",
        "serial number: 1610",
    ]
