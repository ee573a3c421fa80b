"""Telling people of incidents: into the outbox when there is news, out of it whenever a receiver takes it.

One notification per incident and receiver when it opens and when it gets worse, one when it is over. What was not taken
stays in the outbox and is tried again; Alertmanager, which forgets, is sent all that fires in every round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aifctl.core.channels import Channel, ChannelKind
from aifctl.core.errors import BackendError, SettingsError
from aifctl.diagnosis.finding import RANK, Result
from aifctl.diagnosis.incidents import LOCAL
from aifctl.dispatch.posting import Send
from aifctl.health.notification import (
    FIRING,
    RESOLVED,
    Telling,
    alerts_body,
    body_for,
    parse_telling,
    render_telling,
    telling_of,
)
from aifctl.health.postman import Postman
from aifctl.ports.store_rows import IncidentRow, OutboxRow
from aifctl.ports.store_writes import Event, Notification
from aifctl.ports.toolbox import Toolbox

#: Tries before a notification is given up: about three hours in all.
TRIES_COUNT = 10

_FIRST_AGAIN_S = 30.0
_LAST_AGAIN_S = 3600.0
#: What was given up for an incident that still stands is news again after this.
_NEWS_AGAIN_S = 3600.0
#: One node that did not answer is only worth a person's attention when that goes on: most are back by then.
_BLIND_HOLD_S = 600.0
_RESOLVED_WITHIN_S = 24 * 3600.0
#: As Prometheus does it: the end of an alert is sent again for so long.
_RESOLVED_RESENT_S = 900.0
#: Longer than a round can take: nobody else sends it meanwhile, and after a kill somebody does.
_TAKEN_S = 180.0
_ROUND_S = 60.0
_BATCH_COUNT = 50
_ALERTS_COUNT = 500

_BLIND = frozenset({Result.UNREACHABLE.value, Result.UNKNOWN.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a round.

    Attributes:
        later_count: not taken, to be tried again. given_up_count: tried too often.
        resent_count: alerts that fire, or have just ended, sent to Alertmanager once more.
        problems: sentences for stderr, one a receiver.
    """

    sent_count: int = 0
    later_count: int = 0
    given_up_count: int = 0
    resent_count: int = 0
    problems: tuple[str, ...] = ()


def announce(rows: Sequence[IncidentRow], tools: Toolbox) -> int:
    """Put what is new of incidents into the outbox, and return how much that is.

    Beside `rows` those count that stand in the store open, or closed within a day: whoever has closed them.
    BackendError where the store does not take it.
    """
    try:
        channels: Sequence[Channel] = tools.settings.value("notify")
    except SettingsError:
        return 0  # `send_due` says so
    if not channels:
        return 0
    store, now_s = tools.store, tools.clock.now().timestamp()
    known = {row.id: row for row in rows}
    known |= {row.id: row for row in store.incidents(open_only=False, since_s=now_s - _RESOLVED_WITHIN_S)}
    told = _told(store.outbox(due_only=False, incidents=known))
    worst_first = sorted(known.values(), key=lambda row: (-RANK[Result(row.result)], row.id))
    news = [
        Notification(incident=row.id, channel=channel.name, payload=render_telling(telling), due_at_s=now_s)
        for row in worst_first
        for channel in channels
        if (telling := _news(row, told.get((row.id, channel.name)), now_s)) is not None
    ]
    if news:
        store.enqueue(news)
    return len(news)


def send_due(tools: Toolbox, *, send: Send | None = None) -> Sent:
    """Send what is due, and once more what fires to Alertmanager; nothing of it ever fails whoever calls."""
    try:
        channels: Sequence[Channel] = tools.settings.value("notify")
        if not channels:
            return Sent()
        postman = Postman({one.name: one for one in channels}, ca_file=tools.settings.value("notify_ca"), send=send)
        return _Round(tools, channels, postman).run()
    except (BackendError, SettingsError) as problem:
        return Sent(problems=(f"notifications were not sent, the outbox keeps them: {problem}",))


def worth_telling(row: IncidentRow, now_s: float) -> bool:
    """Return whether an incident concerns somebody by now: not while it is silenced, nor a node that may be back soon."""
    if row.silenced_until_s > now_s:
        return False
    end_s = now_s if row.closed_at_s is None else row.closed_at_s
    brief = row.result in _BLIND and row.scope in LOCAL and not row.suspect
    return not brief or end_s - row.opened_at_s >= _BLIND_HOLD_S


def _told(rows: Iterable[OutboxRow]) -> dict[tuple[int, str], OutboxRow]:
    """Return what each receiver was told last of each incident, or is about to be."""
    return {(row.incident, row.channel): row for row in sorted(rows, key=lambda row: row.id)}


def _news(row: IncidentRow, last: OutboxRow | None, now_s: float) -> Telling | None:
    before = parse_telling(last.payload) if last is not None else None
    if row.closed_at_s is not None:
        return telling_of(row) if before is not None and before["status"] == FIRING else None
    if not worth_telling(row, now_s):
        return None
    if before is None or last is None or before["status"] == RESOLVED:
        return telling_of(row)
    if last.state == "failed":
        return telling_of(row) if now_s - last.due_at_s >= _NEWS_AGAIN_S else None
    worse = RANK[Result(row.result)] > RANK[Result(before["severity"])] or (before["suspect"] and not row.suspect)
    return telling_of(row, was=before["severity"]) if worse else None


class _Round:
    def __init__(self, tools: Toolbox, channels: Sequence[Channel], postman: Postman) -> None:
        self._tools, self._store, self._channels, self._postman = tools, tools.store, channels, postman
        self._kinds: Mapping[str, ChannelKind] = {one.name: one.kind for one in channels}
        self._sent = Sent()
        self._fresh: set[tuple[int, str]] = set()

    def run(self) -> Sent:
        clock = self._tools.clock
        begun_s = clock.monotonic_s()
        while clock.monotonic_s() - begun_s < _ROUND_S:
            rows = self._store.take_due(for_s=_TAKEN_S, limit=_BATCH_COUNT)
            for row in rows:
                self._bring(row)
            if len(rows) < _BATCH_COUNT:
                break
        self._resend()
        return replace(self._sent, problems=tuple(self._postman.problems.values()))

    def _bring(self, row: OutboxRow) -> None:
        if row.channel not in self._kinds:
            self._give_up(row, f"no receiver {row.channel} is configured any more")
            return
        telling, now_s = parse_telling(row.payload), self._now_s()
        incident = self._store.incident(row.incident)
        if incident is not None and telling["status"] == FIRING and incident.silenced_until_s > now_s:
            self._store.settle(row.id, error="silenced", again_at_s=incident.silenced_until_s)
            return
        key = _id_of(row, telling)
        reply = self._postman.bring(
            row.channel, body_for(self._kinds[row.channel], telling, id=key, now_s=now_s), id=key
        )
        if not reply.problem:
            self._store.settle(row.id)
            self._fresh.add((row.incident, row.channel))
            self._sent = replace(self._sent, sent_count=self._sent.sent_count + 1)
        elif row.attempts + 1 >= TRIES_COUNT:
            self._give_up(row, reply.problem)
        else:
            wait_s = max(min(_FIRST_AGAIN_S * 2**row.attempts, _LAST_AGAIN_S), reply.retry_after_s or 0.0)
            self._store.settle(row.id, error=reply.problem, again_at_s=self._now_s() + wait_s)
            self._sent = replace(self._sent, later_count=self._sent.later_count + 1)

    def _give_up(self, row: OutboxRow, problem: str) -> None:
        self._store.settle(row.id, error=problem)
        text = f"notification {row.id} of incident {row.incident} given up after try {row.attempts + 1}: {problem}"
        facts = {"incident": row.incident, "channel": row.channel}
        self._store.tell([Event(kind="notification", text=text, facts=facts)])
        self._sent = replace(self._sent, given_up_count=self._sent.given_up_count + 1)

    def _resend(self) -> None:
        names = [one.name for one in self._channels if one.kind is ChannelKind.ALERTMANAGER]
        if not names:
            return
        now_s = self._now_s()
        rows = self._store.incidents(open_only=False, since_s=now_s - _RESOLVED_RESENT_S)
        for name in names:
            told = [telling_of(row) for row in rows if worth_telling(row, now_s) and (row.id, name) not in self._fresh]
            for some in _parts(told):
                if not self._postman.bring(name, alerts_body(some, now_s=now_s)).problem:
                    self._sent = replace(self._sent, resent_count=self._sent.resent_count + len(some))

    def _now_s(self) -> float:
        return self._tools.clock.now().timestamp()


def _parts(tellings: Sequence[Telling]) -> Iterator[Sequence[Telling]]:
    for at in range(0, len(tellings), _ALERTS_COUNT):
        yield tellings[at : at + _ALERTS_COUNT]


def _id_of(row: OutboxRow, telling: Telling) -> str:
    """Return what tells a receiver that it has had this one before."""
    opened = datetime.fromtimestamp(telling["opened_at_s"], tz=UTC)
    return f"aifctl-{row.incident}-{opened:%Y%m%dT%H%M%S}-{row.id}-{telling['status']}"
