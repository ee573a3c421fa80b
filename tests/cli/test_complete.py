"""What `aifctl __complete` offers, and what it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aifctl.cli.candidates import MOST_BEGINNINGS, MOST_WORDS, continuations
from aifctl.cli.complete import complete
from aifctl.core.outcome import Outcome
from aifctl.core.state_dir import StateDir
from aifctl.core.store_url import StoreUrl
from aifctl.core.system_clock import SystemClock
from aifctl.custody.lock import LOCKS
from aifctl.fleet.lifecycle import STATE_NAMES
from aifctl.fleet.selector import parse_selector
from aifctl.ports.store_writes import By, Sighting
from aifctl.sim import processes
from aifctl.store.place import find_place
from aifctl.store.store import open_store
from tests.fanout.journal_fakes import keep_run, ok
from tests.house.source import CHECKOUT

Ask = Callable[..., list[str]]

#: What an answer from a warm cache must not load.
HEAVY = {"yaml", "typer", "rich", "asyncio", "asyncssh", "cryptography", "tabulate", "ClusterShell"}


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path / "state")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], state: StateDir) -> Ask:
    """Give a function that completes in the demo fleet and returns what was printed, line by line."""
    monkeypatch.setenv("AIFCTL_INVENTORY", str(CHECKOUT / "inventory/demo"))
    monkeypatch.setenv("AIFCTL_STATE_DIR", str(state.path))

    def ask(*argv: str) -> list[str]:
        assert complete(argv) == 0
        out, err = capfdbinary.readouterr()
        assert err == b""
        return out.decode().splitlines()

    return ask


@pytest.fixture
def words(lines: Ask) -> Ask:
    """Give the same, the words alone."""
    return lambda *argv: [line.partition("\t")[0] for line in lines(*argv)]


def test_a_rack_of_node_names_is_offered_with_what_is_unusual_about_each(lines: Ask) -> None:
    assert lines("selector", "r02") == ["r02n01\t", "r02n02\t", "r02n03\trepair", "r02n04\t"]
    assert "r16n04\toff" in lines("node", "r16")


def test_an_at_sign_offers_all_the_kinds_and_the_groups(lines: Ask) -> None:
    offered = lines("selector", "@")
    assert "@all\t64 nodes" in offered
    assert "@rack:\tby rack\t+" in offered
    assert "@canary\t2 nodes" in offered


def test_kinds_without_a_backend_here_are_not_offered(words: Ask) -> None:
    assert {"@job:", "@slurm:"}.isdisjoint(words("selector", "@"))


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("@rack:r16", ["@rack:r16"]),
        ("@rack:r1", [f"@rack:r1{number}" for number in range(7)]),
        ("@rac", [f"@rack:r{number:02d}" for number in range(1, 17)]),
        ("@su:", ["@su:su1", "@su:su2"]),
        ("@hall:", ["@hall:h1"]),
        ("@leaf:l2-r", [f"@leaf:l2-r{rail}" for rail in range(8)]),
        ("@feed:A", ["@feed:A1", "@feed:A2"]),
        ("@state:re", ["@state:ready", "@state:repair", "@state:retired"]),
        ("@can", ["@canary"]),
        ("@attr:tick", ["@attr:ticket=RMA-17"]),
        ("@attr:bmc.k", ["@attr:bmc.kind=redfish"]),
        ("@attr:feeds=B", ["@attr:feeds=B1", "@attr:feeds=B2"]),
        ("@attr:nosuch=", []),
        ("@nosuch:x", []),
        ("@job:1", []),
        ("r16n04", ["r16n04"]),
        ("x", []),
    ],
)
def test_one_term_is_completed(words: Ask, typed: str, offered: list[str]) -> None:
    assert words("selector", typed) == offered


@pytest.mark.parametrize(
    "before", ["r01n01,", "a!", "a,b,", "@all!", "@all not ", "(@all and ", "r[01-02]n01 ^ (", "r01n[01,03]&", "a,not,"]
)
def test_the_last_operand_is_completed_and_what_stands_before_it_is_kept(words: Ask, before: str) -> None:
    assert words("selector", f"{before}@rack:r16") == [f"{before}@rack:r16"]
    assert words("selector", f"{before}r02n0") == [f"{before}r02n0{number}" for number in range(1, 5)]


def test_behind_an_operand_and_a_space_operators_are_offered(words: Ask) -> None:
    assert words("selector", "@all ") == ["@all and ", "@all not ", "@all xor "]
    assert words("selector", "(@all) n")[0] == "(@all) not @all"
    assert words("selector", "@all r01") == []


@pytest.mark.parametrize("typed", ["r[01", "r01n[01-", "r01,r[1,", "@rack:r[0", "r]"])
def test_nothing_is_offered_within_a_bracket(words: Ask, typed: str) -> None:
    assert words("selector", typed) == []


def test_every_selector_that_is_offered_parses(lines: Ask) -> None:
    typed = ["", "@", "@rack:", "@leaf:", "@state:", "@attr:serial=", "@attr:address=", "@all and ", "r"]
    whole = [line.partition("\t")[0] for each in typed for line in lines("selector", each) if not line.endswith("\t+")]
    assert len(whole) > 200
    assert [parse_selector(word).text for word in whole] == whole


def test_a_single_node_is_asked_for_by_name_alone(words: Ask) -> None:
    assert words("node", "@") == []
    assert words("node", "r16n04") == ["r16n04"]


def test_files_of_names_are_offered_behind_their_kind(words: Ask, tmp_path: Path) -> None:
    (tmp_path / "nodes.txt").touch()
    (tmp_path / "night").mkdir()
    for unsound in ("n two", "n,2", "n\x1b[31m", ".nodes"):
        (tmp_path / unsound).touch()
    assert words("selector", f"@file:{tmp_path}/n") == [f"@file:{tmp_path}/night/", f"@file:{tmp_path}/nodes.txt"]


def test_runs_are_offered_newest_first_with_what_they_did(lines: Ask, state: StateDir) -> None:
    older = keep_run(state, [ok("r01n01"), ok("r01n02")])
    newer = older.replace("20261124", "20261125")
    (state.path / "runs" / newer).mkdir()
    assert lines("run", "") == [f"{newer}\t", f"{older}\trun, 2 nodes, done", f"latest\t{newer}"]
    assert lines("selector", f"@run:{newer[:8]}") == [f"@run:{newer}\t"]
    assert f"@run:{older}:unreachable\t" in lines("selector", f"@run:{older}:un")


def test_outcomes_are_offered_as_a_list_each_once(words: Ask) -> None:
    assert words("outcomes", "throttled,l") == ["throttled,lost", "throttled,local"]
    assert len(words("outcomes", "lost,")) == len(Outcome) - 1


def test_simulated_fleets_are_offered(words: Ask, state: StateDir) -> None:
    for name in ("demo", "big"):
        (state.folder("sim", name) / processes._RECORD).touch()
    assert words("fleet", "") == ["big", "demo"]
    assert words("fleet", "d") == ["demo"]


def test_locks_that_were_taken_before_are_offered_and_then_what_to_do_where_they_are_held(
    lines: Ask, state: StateDir
) -> None:
    for name in ("nightly", "patch"):
        (state.folder(LOCKS) / f"{name}.lock").touch()
    assert lines("lock", "n") == ["nightly\t"]
    assert lines("lock", "new:") == ["new:skip\t", "new:wait=\t\t+"]
    assert lines("lock", "new:s") == ["new:skip\t"]


def test_jump_hosts_of_the_inventory_and_of_the_settings_are_offered(
    words: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inventory = tmp_path / "site.yaml"
    inventory.write_text("site: s\ndefaults: {jump: ['ops@j1,j2', j3]}\nnodes: {'n[1-2]': {}}\n")
    monkeypatch.setenv("AIFCTL_JUMP", "j9 ops@j8")
    assert words("jump", "", "--inventory", str(inventory)) == ["j9", "ops@j8", "ops@j1,j2", "j3"]
    assert words("jump", "ops", "--inventory", str(inventory)) == ["ops@j8", "ops@j1,j2"]


def test_attributes_of_the_fleet_are_offered_for_a_condition(words: Ask) -> None:
    assert words("attribute", "sta") == [f"state={name}" for name in ("ready", "repair")]


@pytest.mark.parametrize(
    "line",
    [
        ["run", "--inventory", "{other}"],
        ["--inventory={other}", "run"],
        ["run", "--hostfile", "{hosts}", "--exclude"],
        ["nodes", "--inventory", "$OTHER"],
    ],
)
def test_what_the_line_says_of_the_inventory_counts(
    words: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: list[str]
) -> None:
    other, hosts = tmp_path / "other.yaml", tmp_path / "hosts"
    other.write_text("site: s\nhalls: {h1: {sus: {su1: {racks: {q1: {nodes: 'q1n[1-2]'}}}}}}\n")
    hosts.write_text("q1n[1-2]\n")
    monkeypatch.setenv("OTHER", str(other))
    typed = [word.format(other=other, hosts=hosts) for word in line]
    assert words("selector", "q1n", *typed) == ["q1n1", "q1n2"]


def test_behind_two_dashes_options_are_the_nodes_own(words: Ask) -> None:
    assert words("node", "r16n04", "ssh", "--", "--inventory", "/nowhere") == ["r16n04"]


@pytest.mark.parametrize(
    "argv", [[], ["selector"], ["nosuch", "x"], ["selector", "\udcff"], ["run", "x"], ["fleet", ""], ["node", "", "-x"]]
)
def test_what_can_not_be_completed_offers_nothing_wrong(lines: Ask, argv: list[str]) -> None:
    assert all("\udcff" not in line for line in lines(*argv))


@pytest.mark.parametrize("inventory", ["/nowhere", "{folder}/broken.yaml", "{folder}/not-text"])
@pytest.mark.parametrize("kind", ["selector", "node", "attribute"])
def test_without_a_sound_inventory_nothing_is_offered_and_nothing_said(
    lines: Ask, tmp_path: Path, inventory: str, kind: str
) -> None:
    (tmp_path / "broken.yaml").write_text("halls: [")
    (tmp_path / "not-text").write_bytes(b"\xff\xfe\x00")
    assert lines(kind, "r", "--inventory", inventory.format(folder=tmp_path)) == []


def test_an_inventory_that_broke_since_is_completed_from_its_last_good_reading(words: Ask, tmp_path: Path) -> None:
    inventory = tmp_path / "site.yaml"
    inventory.write_text("site: s\nhalls: {h1: {sus: {su1: {racks: {q1: {nodes: 'q1n[1-2]'}}}}}}\n")
    before = words("node", "q", "--inventory", str(inventory))
    inventory.write_text("halls: [")
    assert words("node", "q", "--inventory", str(inventory)) == before == ["q1n1", "q1n2"]


def test_a_broken_settings_file_is_no_reason_to_speak(
    lines: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "aifctl").mkdir()
    (tmp_path / "aifctl/settings.toml").write_text("nosuch = [")
    assert lines("selector", "r") == []


NAMES = [f"r{rack:04d}n{slot:02d}" for rack in range(1, 1564) for slot in range(1, 5)] + ["login1", "login2", "spare"]


@pytest.mark.parametrize("typed", ["", "r", "r0", "r01", "r012", "r0123", "r0123n0", "l", "s", "x"])
def test_a_large_fleet_is_offered_in_beginnings_that_are_few(typed: str) -> None:
    offered = continuations(NAMES, typed)
    assert len(offered) <= max(MOST_BEGINNINGS, MOST_WORDS)
    assert all(each.word.startswith(typed) for each in offered)
    covered = [name for name in NAMES if any(name.startswith(each.word) for each in offered)]
    assert covered == [name for name in NAMES if name.startswith(typed)]
    assert all(each.goes_on or each.word in NAMES for each in offered)


def test_beginnings_say_how_many_they_stand_for_and_a_lone_name_stands_whole() -> None:
    offered = {each.word: each.about for each in continuations(NAMES, "", kind="nodes")}
    assert offered["r00"] == "396 nodes"
    assert "spare" in offered
    assert [each.word for each in continuations(NAMES, "r01")] == [f"r01{digit}" for digit in range(10)]


def test_beginnings_differ_from_what_was_typed_however_long_that_is() -> None:
    numbers = [f"n{number}" for number in range(10_000)]
    for typed in ("n", "n1"):
        offered = continuations(numbers, typed)
        assert all(len(each.word) > len(typed) for each in offered if each.goes_on)
        assert len(offered) > 1


_PROGRAM = """
import json, sys
from aifctl.main import main
code = main(sys.argv[1:])
sys.stdout.flush()
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.mark.parametrize(
    "asked",
    [
        ("selector", "@ra"),
        ("selector", "@run:"),
        ("selector", "@attr:sku="),
        ("node", "r0"),
        ("run", ""),
        ("fleet", ""),
        ("lock", ""),
        ("jump", ""),
    ],
)
def test_with_a_warm_cache_nothing_heavy_is_loaded(tmp_path: Path, state: StateDir, asked: tuple[str, str]) -> None:
    keep_run(state, [ok("r01n01")])
    where = ["--inventory", str(CHECKOUT / "inventory/demo"), "--state-dir", str(state.path)]

    def loaded() -> set[str]:
        command = [sys.executable, "-c", _PROGRAM, "__complete", *asked, *where]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        code, modules = json.loads(done.stdout.splitlines()[-1])
        assert code == 0
        return set(modules)

    if asked[0] == "node":
        assert "yaml" in loaded()  # so that it is seen
    else:
        loaded()
    assert loaded() & HEAVY == set()


def test_states_are_those_of_the_lifecycle(words: Ask) -> None:
    assert words("selector", "@state:") == [f"@state:{name}" for name in STATE_NAMES]


def test_checks_are_offered_by_name(words: Ask) -> None:
    assert words("check", "port-l") == ["port-lid", "port-link-layer"]
    assert words("check", "nothing") == []


def test_open_incidents_are_offered_with_what_they_are_about(lines: Ask, state: StateDir) -> None:
    assert lines("incident", "") == []
    seen = Sighting(
        check="xid", code="79", scope="node", scope_value="r01n01", result="fault", action="reboot", message="fell off"
    )
    with open_store(find_place(StoreUrl(), state), clock=SystemClock()) as store:
        store.sight([seen], By(who="root"))
    assert lines("incident", "") == ["1\tfault xid, node r01n01"]
    assert lines("incident", "2") == []
