"""How a run is getting on, on stderr: a bar that redraws itself, or lines, or events as JSON, or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aifctl.core.errors import SetupError, UsageError
from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable_line
from aifctl.core.report import ReaderGoneError
from aifctl.core.shown import PROGRESS
from aifctl.output.json_text import dumps, iso_time
from aifctl.output.pipe import TextPipe
from aifctl.output.style import Style
from aifctl.output.tally import show_duration
from aifctl.output.terminal import TerminalFacts, columns_of
from aifctl.ports.clock import Clock
from aifctl.ports.progress import Progress

_GOOD = frozenset({Outcome.OK, Outcome.SKIPPED})
_TICK_S = 0.25
_BAR_AFTER_S = 0.5  # what is over by then would only flicker
_LOG_AFTER_S, _LOG_EVERY_MOST_S = 5.0, 60.0
_LEAST_BAR, _MOST_BAR = 8, 40


def open_progress(
    mode: str, *, stderr: TextPipe, terminal: TerminalFacts, clock: Clock, quiet: bool = False, streams: bool = False
) -> ShownProgress:
    """Choose how progress is shown; UsageError for a mode that does not exist.

    `mode` is what --progress says, one of core.shown.PROGRESS; auto is a bar on a terminal and elsewhere lines, once it takes long.
    `terminal` is about stderr. `streams` says that the report is written to the same terminal while the run goes on,
    where a bar would stand in its way.
    """
    if mode not in PROGRESS:
        raise UsageError(f"--progress {mode!r}: write {', '.join(PROGRESS)}")
    if mode == "off" or (quiet and mode == "auto"):
        return ShownProgress(face=Face(), stderr=stderr, clock=clock)
    if mode == "json":
        return ShownProgress(face=JsonFace(clock), stderr=stderr, clock=clock)
    if terminal.moves and (mode == "bar" or (mode == "auto" and not streams)):
        face = BarFace(terminal, width=lambda: columns_of(stderr.descriptor) or terminal.width)
        return ShownProgress(face=face, stderr=stderr, clock=clock, tick_s=_TICK_S)
    return ShownProgress(face=LogFace(clock), stderr=stderr, clock=clock, tick_s=_TICK_S)


@dataclass(slots=True)
class Standing:
    """Where a run stands. `in_flight` keeps the order in which nodes were taken: the first is the slowest."""

    total: int = 0
    done: int = 0
    failed: int = 0
    started_s: float = 0.0
    in_flight: dict[str, float] = field(default_factory=dict)

    def take(self, event: str, facts: Mapping[str, object], now_s: float) -> None:
        """Follow one event."""
        if event == "run_started":
            total = facts.get("total", 0)
            self.total, self.started_s = total if isinstance(total, int) else 0, now_s
        elif event == "node_started":
            self.in_flight[str(facts.get("node"))] = now_s
        elif event == "node_finished":
            self.in_flight.pop(str(facts.get("node")), None)
            self.done += 1
            self.failed += facts.get("outcome") not in _GOOD

    def slowest(self, now_s: float) -> str:
        """Return the node that has been in flight longest, and how long; "" where none is."""
        name, since_s = next(iter(self.in_flight.items()), ("", now_s))
        return f"{printable_line(name)} {show_duration(now_s - since_s)}" if name else ""


class Face:
    """One way to show; this one shows nothing. What it returns is written as it is."""

    def event(self, _event: str, _facts: Mapping[str, object], _standing: Standing, _now_s: float) -> str:
        return ""

    def tick(self, _standing: Standing, _now_s: float) -> str:
        return ""

    def end(self) -> str:
        return ""


class JsonFace(Face):
    """Every event as one line of JSON."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def event(self, event: str, facts: Mapping[str, object], _standing: Standing, _now_s: float) -> str:
        return dumps({"event": event, "at": iso_time(self._clock.now()), **facts}) + "\n"


class LogFace(Face):
    """A line after 5 s, and then at twice the time before each, at least every minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wait_s = _LOG_AFTER_S
        self._next_s: float | None = None

    def tick(self, standing: Standing, now_s: float) -> str:
        if self._next_s is None:
            self._next_s = standing.started_s + _LOG_AFTER_S
        if now_s < self._next_s:
            return ""
        self._next_s = now_s + self._wait_s
        self._wait_s = min(2 * self._wait_s, _LOG_EVERY_MOST_S)
        at = self._clock.now().strftime("%H:%M:%SZ")
        return f"{at} {', '.join(_facts(standing, now_s))}\n"


class BarFace(Face):
    """One line that is drawn over; never wider than the terminal is by now, and it never hides the cursor.

    Not Rich's: that one hides the cursor, so that a second Ctrl-C, which leaves at once, would leave it hidden.
    """

    def __init__(self, terminal: TerminalFacts, *, width: Callable[[], int]) -> None:
        self._terminal, self._width = terminal, width
        self._drawn = ""

    def tick(self, standing: Standing, now_s: float) -> str:
        if now_s - standing.started_s < _BAR_AFTER_S or not standing.total:
            return ""
        line = self._line(standing, now_s)
        if line == self._drawn:
            return ""
        self._drawn = line
        return f"\r{line}\x1b[K"

    def end(self) -> str:
        drawn, self._drawn = self._drawn, ""
        return "\r\x1b[K" if drawn else ""

    def _line(self, standing: Standing, now_s: float) -> str:
        style, room = Style(self._terminal), self._width() - 1
        facts = _fitting(_facts(standing, now_s), room)
        bar_width = min(_MOST_BAR, room - len(facts) - 3)
        if bar_width < _LEAST_BAR:
            return style.cut(facts, room)
        full = min(bar_width, bar_width * standing.done // max(1, standing.total))
        mark, blank = ("█", "░") if self._terminal.unicode else ("#", ".")
        return f"[{style.paint(mark * full, '32')}{blank * (bar_width - full)}] {facts}"


@dataclass(slots=True, kw_only=True)
class ShownProgress(Progress):
    """A Progress that draws. `close` before anything else is written; after it nothing is drawn any more."""

    face: Face
    stderr: TextPipe
    clock: Clock
    tick_s: float = 0.0
    standing: Standing = field(default_factory=Standing)
    _lock: Any = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)
    _ticker: threading.Thread | None = None

    def tell(self, event: str, **facts: object) -> None:
        now_s = self.clock.monotonic_s()
        with self._lock:
            self.standing.take(event, facts, now_s)
            self._show(lambda: self.face.event(event, facts, self.standing, now_s))
        if event == "run_started" and self.tick_s and self._ticker is None:
            # A thread of its own: what hangs is shown to hang even while nothing tells anything.
            self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)
            self._ticker.start()
        elif event == "run_finished":
            self.close()

    def tick(self) -> None:
        """Show how things stand now."""
        with self._lock:
            self._show(lambda: self.face.tick(self.standing, self.clock.monotonic_s()))

    def close(self) -> None:
        """Wipe what is drawn and draw no more."""
        with self._lock:
            self._show(self.face.end)
            self._over.set()

    def _tick(self) -> None:
        while not self._over.wait(self.tick_s):
            self.tick()

    def _show(self, draw: Callable[[], str]) -> None:
        if self._over.is_set():
            return
        try:
            if text := draw():
                self.stderr.write(text)
                self.stderr.flush()
        except (ReaderGoneError, SetupError):  # nobody looks any more; the run itself is not concerned
            self._over.set()


def _fitting(facts: list[str], room: int) -> str:
    """Join as many facts as fit, the first ones first."""
    while len(facts) > 1 and len("  ".join(facts)) > room:
        facts = facts[:-1]
    return "  ".join(facts)


def _facts(standing: Standing, now_s: float) -> list[str]:
    facts = [f"{standing.done:,}/{standing.total:,}"]
    if standing.failed:
        facts.append(f"{standing.failed:,} failed")
    if standing.in_flight:
        facts.append(f"{len(standing.in_flight):,} in flight")
    if slowest := standing.slowest(now_s):
        facts.append(f"slowest {slowest}")
    return facts
