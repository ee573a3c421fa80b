"""What is wanted and has not been done yet, who is not listened to, and when anybody last saw to either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from aifctl.ports.store import Reader
from aifctl.ports.store_rows import OutboxRow

#: Where reconcile keeps when it last ran, and one of its chores.
RECONCILE, NOTIFICATIONS = "reconcile", "notifications"

#: A notification that has been due for less is on its way.
_ON_ITS_WAY_S = 60.0
_MINUTE_S = 60.0


def not_done(reader: Reader, now_s: float) -> Iterator[str]:
    """Yield a sentence for each thing that is only queued."""
    waiting: dict[str, list[OutboxRow]] = {}
    for row in reader.outbox():
        if row.attempts or now_s - row.due_at_s > _ON_ITS_WAY_S:
            waiting.setdefault(row.channel, []).append(row)
    # What it could not send stands in the outbox, or has been sent by a sweep since.
    left = [chore for chore in _kept(reader).get("left") or () if chore != NOTIFICATIONS]
    if left:
        yield f"reconcile could not finish: {', '.join(map(str, left))}"
    for channel, rows in waiting.items():
        count, first_s = len(rows), min(row.due_at_s for row in rows)
        error = next((row.last_error for row in reversed(rows) if row.last_error), "")
        what = f"{count} notification{'s' * (count != 1)} to {channel} {'are' if count != 1 else 'is'} not sent"
        since = f", due {max(0.0, now_s - first_s) / _MINUTE_S:.0f} min ago" if first_s < now_s else ""
        yield f"{what}{since}{f': {error}' if error else '; `aifctl reconcile` sends them'}"


def muted(reader: Reader, now_s: float) -> Iterator[str]:
    """Yield a sentence for each mute that holds."""
    for one in reader.mutes(at_s=now_s):
        until = datetime.fromtimestamp(one.until_s, UTC)
        yield f"{one.check} on {one.selector or 'all nodes'} until {until:%Y-%m-%d %H:%M} UTC ({one.who}: {one.reason})"


def reconciled_at_s(reader: Reader) -> float:
    """Return when reconcile last ran; 0 where it never did."""
    at_s = _kept(reader).get("at_s")
    return float(at_s) if isinstance(at_s, int | float) else 0.0


def _kept(reader: Reader) -> Mapping[str, Any]:
    kept = reader.get(RECONCILE)
    return kept if isinstance(kept, Mapping) else {}
