from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.output.pipe import TextPipe
from aifctl.output.progress import BarFace, Face, JsonFace, LogFace, ShownProgress, open_progress
from aifctl.output.style import width_of
from aifctl.output.terminal import TerminalFacts

TERMINAL = TerminalFacts(is_terminal=True, width=80, moves=True)


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def now(self) -> datetime:
        return datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=self.now_s)

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, seconds_s: float) -> None:
        self.now_s += seconds_s


class Screen:
    """A progress whose thread never ticks: time passes by `after`."""

    def __init__(self, path: Path, face: Face, clock: FakeClock) -> None:
        self._path, self._clock = path, clock
        self.descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
        self.progress = ShownProgress(face=face, stderr=TextPipe(self.descriptor), clock=clock)

    def after(self, seconds: float) -> str:
        """Let time pass and return what has been written since."""
        self._clock.now_s += seconds
        self.progress.tick()
        return self.written()

    def written(self) -> str:
        text = self._path.read_bytes().decode()
        os.truncate(self._path, 0)
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        return text


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def screens(tmp_path: Path, clock: FakeClock) -> Iterator[dict[str, Screen]]:
    faces: dict[str, Face] = {
        "bar": BarFace(TERMINAL, width=lambda: 80),
        "40": BarFace(TERMINAL, width=lambda: 40),
        "ascii": BarFace(TerminalFacts(is_terminal=True, moves=True, encoding="ascii"), width=lambda: 80),
        "log": LogFace(clock),
        "json": JsonFace(clock),
    }
    shown = {name: Screen(tmp_path / name, face, clock) for name, face in faces.items()}
    yield shown
    for screen in shown.values():
        os.close(screen.descriptor)


def start(screen: Screen, total: int = 100) -> None:
    """Ten nodes done, one of them failed, one in flight for as long as the run lasts."""
    screen.progress.tell("run_started", run="R1", total=total)
    for number in range(11):
        screen.progress.tell("node_started", node=f"r1n{number}")
    for number in range(1, 11):
        screen.progress.tell("node_finished", node=f"r1n{number}", outcome="lost" if number == 1 else "ok")


def test_a_bar_tells_how_many_are_done_failed_and_in_flight_and_which_is_slowest(screens: dict[str, Screen]) -> None:
    start(screens["bar"])

    assert screens["bar"].after(12) == (
        "\r[██░░░░░░░░░░░░░░░░░░░░░░░░] 10/100  1 failed  1 in flight  slowest r1n0 12.0 s\x1b[K"
    )


def test_a_bar_is_not_shown_for_what_is_over_at_once(screens: dict[str, Screen]) -> None:
    start(screens["bar"])

    assert screens["bar"].after(0.4) == ""
    screens["bar"].progress.close()
    assert screens["bar"].written() == ""


def test_a_bar_is_wiped_at_the_end_and_never_drawn_again(screens: dict[str, Screen]) -> None:
    start(screens["bar"])
    screens["bar"].after(1)

    screens["bar"].progress.tell("run_finished")

    assert screens["bar"].written() == "\r\x1b[K"
    screens["bar"].progress.tell("node_finished", node="r1n0", outcome="ok")
    assert screens["bar"].after(9) == ""


def test_a_bar_that_has_not_changed_is_not_drawn_again(screens: dict[str, Screen]) -> None:
    screens["bar"].progress.tell("run_started", total=5)

    assert screens["bar"].after(1) != ""
    assert screens["bar"].after(1) == ""


@pytest.mark.parametrize("name", ["40", "bar", "ascii"])
def test_a_bar_never_fills_the_last_column(name: str, screens: dict[str, Screen]) -> None:
    start(screens[name], total=1_000_000)

    line = screens[name].after(3725).removeprefix("\r").removesuffix("\x1b[K")

    assert 0 < width_of(line) < (40 if name == "40" else 80)
    assert name != "ascii" or line.isascii()


def test_a_narrow_bar_keeps_the_counts_and_drops_the_rest(screens: dict[str, Screen]) -> None:
    start(screens["40"])

    assert screens["40"].after(12) == "\r10/100  1 failed  1 in flight\x1b[K"


def test_a_bar_follows_a_terminal_that_gets_narrower(tmp_path: Path, clock: FakeClock) -> None:
    widths = [80, 40]
    screen = Screen(tmp_path / "bar", BarFace(TERMINAL, width=widths.pop), clock)
    start(screen)

    narrow, wide = screen.after(12), screen.after(1)

    assert width_of(narrow.strip("\r")) < 44 < width_of(wide)
    os.close(screen.descriptor)


def test_the_log_waits_and_then_waits_longer(screens: dict[str, Screen]) -> None:
    start(screens["log"])

    at = [second for second in range(1, 241) if screens["log"].after(1)]

    assert at == [5, 10, 20, 40, 80, 140, 200]


def test_a_log_line_says_what_hangs_while_nothing_happens(screens: dict[str, Screen]) -> None:
    start(screens["log"])

    assert screens["log"].after(65) == "00:02:45Z 10/100, 1 failed, 1 in flight, slowest r1n0 1m05s\n"


def test_events_are_lines_of_json_with_their_time(screens: dict[str, Screen]) -> None:
    screens["json"].progress.tell("node_finished", node="n\x1b1", outcome="ok")

    (line,) = screens["json"].written().splitlines()
    assert line.isascii()
    assert json.loads(line) == {
        "event": "node_finished",
        "at": "2026-11-24T00:01:40.000Z",
        "node": "n\x1b1",
        "outcome": "ok",
    }


def test_a_stderr_nobody_reads_never_stops_a_run(clock: FakeClock) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    progress = ShownProgress(face=JsonFace(clock), stderr=TextPipe(writer), clock=clock)

    progress.tell("run_started", total=1)
    progress.tell("run_finished")
    os.close(writer)

    assert progress.standing.total == 1


@pytest.mark.parametrize(
    ("mode", "terminal", "streams", "face"),
    [
        ("auto", TERMINAL, False, BarFace),
        ("auto", TERMINAL, True, LogFace),
        ("auto", TerminalFacts(), False, LogFace),
        ("auto", TerminalFacts(is_terminal=True, moves=False), False, LogFace),
        ("bar", TERMINAL, True, BarFace),
        ("bar", TerminalFacts(), False, LogFace),
        ("log", TERMINAL, False, LogFace),
        ("json", TERMINAL, False, JsonFace),
        ("off", TERMINAL, False, Face),
    ],
)
def test_progress_is_shown_as_asked_where_that_can_be(
    mode: str, terminal: TerminalFacts, streams: bool, face: type[Face], clock: FakeClock
) -> None:
    progress = open_progress(mode, stderr=TextPipe(2), terminal=terminal, clock=clock, streams=streams)

    assert type(progress.face) is face


def test_quiet_shows_nothing_unless_it_is_asked_for_by_name(clock: FakeClock) -> None:
    def face(mode: str) -> type[Face]:
        return type(open_progress(mode, stderr=TextPipe(2), terminal=TERMINAL, clock=clock, quiet=True).face)

    assert (face("auto"), face("json")) == (Face, JsonFace)


def test_an_unknown_mode_names_those_there_are(clock: FakeClock) -> None:
    with pytest.raises(UsageError, match="write auto, bar, log, json, off"):
        open_progress("fancy", stderr=TextPipe(2), terminal=TERMINAL, clock=clock)


def test_what_hangs_is_shown_without_any_event(clock: FakeClock) -> None:
    reader, writer = os.pipe()
    progress = open_progress("bar", stderr=TextPipe(writer), terminal=TERMINAL, clock=clock)
    progress.tell("run_started", total=2)
    progress.tell("node_started", node="n1")
    clock.now_s += 30

    shown = os.read(reader, 4096).decode()  # waits for the thread, however long that takes

    assert "slowest n1 30.0 s" in shown
    progress.close()
    os.close(reader)
    os.close(writer)
