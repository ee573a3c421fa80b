"""aifctl status as it is typed: light, observing, and for Nagios never anything but 0 to 3."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.core.state_dir import StateDir
from aifctl.core.store_url import StoreUrl
from aifctl.core.system_clock import SystemClock
from aifctl.fleet.fleet import Fleet
from aifctl.roster.roster import FileRoster
from aifctl.store.place import find_place
from aifctl.store.store import SqlStore, open_store
from tests.cli.test_light_verbs import HEAVY, loaded
from tests.command import Operator, wait_until
from tests.core.test_metrics import checked
from tests.health.swept import PAT, Found, sighting, sweep
from tests.house.source import CHECKOUT

#: Nagios' own among them.
_ANY = frozenset(range(4))
DEMO = CHECKOUT / "inventory/demo"


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    """Somebody whose inventory is the demo's: 64 nodes, one off, one in repair; they have no store yet."""
    mine = Operator(home=tmp_path)
    mine.prepare_environ(DEMO)
    return mine


@pytest.fixture
def store(operator: Operator) -> Iterator[SqlStore]:
    with contextlib.closing(
        open_store(find_place(StoreUrl(), StateDir(path=operator.state)), clock=SystemClock())
    ) as store:
        yield store


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return FileRoster(None).load(DEMO).fleet


@pytest.fixture
def swept(store: SqlStore, fleet: Fleet) -> SqlStore:
    """A sweep of a moment ago that found two nodes sick."""
    now_s = SystemClock().now().timestamp()
    found = {"r01n02": Found(), "r02n01": Found(result="degraded", check="port-state", action="cable")}
    sweep(store, "s1", list(fleet.names), at_s=now_s, found=found)
    store.sight([sighting("gpu-lost", "node", "r01n02", ["r01n02"])], PAT)
    return store


@pytest.mark.parametrize(
    "words", [(), ("--map",), ("--by", "rack"), ("-o", "json"), ("-o", "nagios"), ("-o", "prometheus")]
)
def test_looking_loads_nothing_heavy_with_and_without_a_store(
    operator: Operator, tmp_path: Path, words: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    loaded(tmp_path, "nodes", "-o", "count")  # the first reading of an inventory compiles its YAML
    assert loaded(tmp_path, "status", *words, codes=_ANY) & HEAVY == set()
    request.getfixturevalue("swept")
    assert loaded(tmp_path, "status", *words, codes=_ANY) & (HEAVY | {"rich", "tabulate"}) == set()


def test_the_page_loads_jinja_and_nothing_else_that_is_heavy(tmp_path: Path, swept: SqlStore) -> None:
    loaded(tmp_path, "nodes", "-o", "count")
    assert loaded(tmp_path, "status", "-o", "html") & (HEAVY | {"rich"}) == {"jinja2"}


def test_it_says_what_is_wrong_since_when_and_what_to_do(operator: Operator, swept: SqlStore) -> None:
    said = operator.aifctl("status", "--by", "rack")
    assert said.code == 0, said
    assert said.out.startswith("64 nodes: 60 ok, 1 degraded, 1 fault, 2 out\n")
    assert "#1 fault node r01n02: gpu-lost\n" in said.out
    assert "action drain" in said.out
    assert re.search(r"^r01 .* gpu-lost r01n02 ", said.out, re.MULTILINE)


def test_without_a_store_it_says_that_nobody_has_looked_and_makes_none(operator: Operator) -> None:
    said = operator.aifctl("status")
    assert said.code == 0
    assert "no sweep has ended yet" in said.out
    assert not list(operator.state.glob("store*"))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status", "--fail-on", "fault"), 1),
        (("status", "@rack:r03", "--fail-on", "fault"), 0),
        (("status", "--fail-on", "bad"), 2),
        (("status", "--by", "shelf"), 2),
        (("status", "@rack:nowhere"), 2),
        (("status", "--watch=0"), 2),
        (("status", "--watch", "-o", "html"), 2),
        (("status", "--stale-after", "soon"), 2),
    ],
    ids=str,
)
def test_exit_codes(operator: Operator, swept: SqlStore, words: tuple[str, ...], code: int) -> None:
    said = operator.aifctl(*words)
    assert said.code == code, said


def test_a_duration_that_is_none_names_its_option(operator: Operator) -> None:
    said = operator.aifctl("status", "--stale-after", "soon")
    assert "--stale-after: 'soon' is not a duration" in said.err


def test_nagios_is_told_critical_and_prometheus_reads_the_numbers(operator: Operator, swept: SqlStore) -> None:
    said = operator.aifctl("status", "-o", "nagios")
    assert said.code == 2, said
    assert said.out.startswith("AIFCTL CRITICAL - 1 fault (r01n02); 1 degraded (r02n01); 60 of 64 nodes ok")
    numbers = operator.aifctl("status", "-o", "prometheus")
    assert numbers.code == 0
    checked(numbers.out)
    assert 'aifctl_fleet_nodes{condition="fault"} 1\n' in numbers.out


@pytest.mark.parametrize(
    "words",
    [
        ("status", "-o", "nagios"),
        ("status", "-o", "nagios", "--by", "shelf"),
        ("status", "-o", "nagios", "--no-such-option"),
        ("status", "@rack:nowhere", "-o", "nagios"),
        ("status", "--inventory", "/nonexistent", "-o", "nagios"),
        ("nodes", "-o", "nagios"),
        ("run", "@all", "-o", "nagios", "--", "true"),
        ("no-such-noun", "-onagios"),
        ("--output=nagios",),
    ],
    ids=" ".join,
)
def test_for_nagios_whatever_goes_wrong_is_unknown_and_3(operator: Operator, words: tuple[str, ...]) -> None:
    said = operator.aifctl(*words)
    assert said.code == 3, said
    if words != ("--output=nagios",):  # no word at all: help, as everywhere
        assert said.out.startswith("AIFCTL UNKNOWN - ")
        assert said.out.count("\n") == 1
    assert not list(operator.state.glob("runs/*")), "nothing was begun"


def test_a_newer_store_is_unknown_to_nagios_and_6_to_everybody_else(operator: Operator, swept: SqlStore) -> None:
    place = find_place(StoreUrl(), StateDir(path=operator.state))
    with contextlib.closing(sqlite3.connect(place.path or "")) as database:
        database.execute("UPDATE schema_version SET version = 99")
        database.commit()
    assert operator.aifctl("status").code == 6
    said = operator.aifctl("status", "-o", "nagios")
    assert (said.code, said.out[:17]) == (3, "AIFCTL UNKNOWN - ")


class Terminal:
    """A terminal on which aifctl runs: what it has shown so far, and its size."""

    def __init__(self, operator: Operator, *words: str, rows: int = 24, columns: int = 80) -> None:
        self._mine, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        command = [sys.executable, "-m", "aifctl", *words]
        environ = operator.environ | {"TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=its, stderr=its, env=environ, start_new_session=True
        )
        os.close(its)
        os.set_blocking(self._mine, False)
        self.shown = ""

    def shows(self, text: str) -> bool:
        with contextlib.suppress(OSError):
            while piece := os.read(self._mine, 65536):
                self.shown += piece.decode()
        return text in self.shown

    def close(self) -> None:
        os.close(self._mine)


def test_watching_draws_in_place_shows_what_is_new_and_ends_with_130(
    operator: Operator, swept: SqlStore, fleet: Fleet
) -> None:
    terminal = Terminal(operator, "status", "--watch=0.5", rows=24, columns=80)
    try:
        wait_until(lambda: terminal.shows("1 fault"), "the first drawing")
        assert terminal.shown.startswith("\x1b[H\x1b[2J")
        now_s = SystemClock().now().timestamp()
        sweep(swept, "s2", list(fleet.names), at_s=now_s, found={"r05n01": Found(), "r06n01": Found()})
        wait_until(lambda: terminal.shows("2 fault"), "a drawing of what is new")
        os.kill(terminal.process.pid, signal.SIGINT)
        assert terminal.process.wait(timeout=20) == 130
        terminal.shows("")
    finally:
        terminal.process.kill()
        terminal.close()
    for drawing in terminal.shown.split("\x1b[H\x1b[2J")[1:]:
        lines = re.sub(r"\x1b\[[0-9;]*m", "", drawing).split("\r\n")
        assert len(lines) <= 26, "of 24 lines of the window, and what is said at the end"
        assert max(map(len, lines)) <= 80
    assert not list(operator.state.glob("runs/*")), "it touched no node"


def test_watching_without_a_terminal_writes_one_report_after_the_other_with_the_time(
    operator: Operator, swept: SqlStore
) -> None:
    process = operator.start("status", "--watch=0.5", "--by", "state")
    assert process.stdout is not None
    lines: list[str] = []
    while sum(line.startswith("-- ") for line in lines) < 3:
        lines.append(process.stdout.readline().decode())
    process.send_signal(signal.SIGTERM)
    said = operator.finish(process)
    assert said.code == 143
    assert re.fullmatch(r"-- \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n", lines[0])
    assert lines.count("64 nodes: 60 ok, 1 degraded, 1 fault, 2 out\n") >= 2
    assert "\x1b" not in "".join(lines)


def test_watching_ends_when_the_reader_leaves(operator: Operator, swept: SqlStore) -> None:
    process = operator.start("status", "--watch=0.5", "-o", "jsonl")
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b'{"type":"run"')
    process.stdout.close()
    assert process.wait(timeout=20) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
