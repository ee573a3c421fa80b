"""status --watch: the same again and again, read anew only where something was written. It touches no node."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from aifctl.core.errors import UsageError
from aifctl.core.report import Report
from aifctl.core.units import parse_duration_s
from aifctl.diagnosis.fleet_health import FleetHealth
from aifctl.health.status import StatusAsked, look_at, show
from aifctl.ports.sink import Sink
from aifctl.ports.store import Reader
from aifctl.ports.toolbox import Toolbox

Read = Callable[[StatusAsked, Toolbox, Reader | None], FleetHealth]

#: Nothing ages visibly in less.
LEAST_S = 0.5
#: Whatever else depends on the time, mutes and what is due, is looked up this often.
_LONGEST_S = 60.0

#: What can be written again and again: a page drawn anew, or a stream of lines.
_FORMATS = ("table", "wide", "plain", "jsonl")


def parse_watch(text: str, format_name: str, *, fail_on: str) -> float:
    """Return how often to draw, in seconds; UsageError where that, or the format, makes no sense."""
    if format_name not in _FORMATS:
        raise UsageError(
            f"--watch writes one report after the other: -o {format_name} is one; use {', '.join(_FORMATS)}"
        )
    if fail_on:
        raise UsageError("--fail-on is for an exit code, and --watch ends when it is stopped; leave one of them away")
    every_s = parse_duration_s(text)
    if every_s < LEAST_S:
        raise UsageError(f"--watch={text} is too often; {LEAST_S:g} s is the least")
    return every_s


def watch(asked: StatusAsked, every_s: float, tools: Toolbox, _sink: Sink) -> Report:
    """Show how the nodes stand every so often until somebody stops it; each time is a report of its own."""
    return watch_rounds(asked, tools, pause=lambda: asyncio.run(tools.clock.sleep(every_s)))


def watch_rounds(asked: StatusAsked, tools: Toolbox, *, pause: Callable[[], None], read: Read = look_at) -> Report:
    """Draw, pause, draw; ends where nobody reads any more, or `pause` raises, as a signal does."""
    watched = _Watched(asked, tools, read)
    while True:
        sink = tools.sink(again=True)
        report = show(asked, watched.now(), tools, sink)
        sink.close(report)
        if sink.gone:
            return report
        pause()


class _Watched:
    """What was read last, and whether it still holds."""

    def __init__(self, asked: StatusAsked, tools: Toolbox, read: Read) -> None:
        self._asked, self._tools, self._read = asked, tools, read
        self._health: FleetHealth | None = None
        self._mark: int | None = None
        self._good_until_s = 0.0

    def now(self) -> FleetHealth:
        reader = self._tools.store_reader
        mark = reader.mark() if reader else None
        now_s = self._tools.clock.now().timestamp()
        if self._health is None or mark != self._mark or now_s >= self._good_until_s:
            self._health, self._mark = self._read(self._asked, self._tools, reader), mark
            self._good_until_s = _good_until_s(self._health)
        return replace(self._health, at_s=now_s)


def _good_until_s(health: FleetHealth) -> float:
    """Return when the passing of time alone makes something else of it: evidence goes stale, a silence or mute ends."""
    stale = [
        node.at_s + health.stale_after_s for node in health.nodes if node.at_s + health.stale_after_s > health.at_s
    ]
    silences = [one.silenced_until_s for one in health.incidents if one.silenced]
    return min([*stale, *silences, health.at_s + _LONGEST_S])
