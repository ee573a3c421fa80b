"""What is told of an incident, and how each kind of receiver is told it. Pure: values in, text out.

The outbox keeps what is told in our own words, without any address; it becomes a receiver's format when it is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aifctl.core.channels import ChannelKind
from aifctl.core.printable import printable_line
from aifctl.core.words import counted
from aifctl.fleet.nodeset_fold import fold
from aifctl.ports.store_rows import IncidentRow

FIRING = "firing"
RESOLVED = "resolved"

#: A firing alert holds so long without being sent again: every sweep and `reconcile` send it. Alertmanager's own
#: resolve_timeout (5 min) would end it between two sweeps.
HOLDS_S = 3600.0

_MOST_MESSAGE = 500
_MOST_NODES = 300
_MOST_VALUE = 200

#: What stands in the outbox.
Telling = Mapping[str, Any]


def telling_of(row: IncidentRow, *, was: str = "") -> dict[str, Any]:
    """Return what is told of an incident as it stands; `was` is the severity that was told before, where it is another."""
    folded = fold(row.nodes)
    return {
        "status": RESOLVED if row.closed_at_s is not None else FIRING,
        "incident": row.id,
        "check": row.check,
        "code": printable_line(row.code)[:_MOST_VALUE],
        "scope": row.scope,
        "scope_value": printable_line(row.scope_value)[:_MOST_VALUE],
        "severity": row.result,
        "was": was,
        "action": row.action,
        "message": printable_line(row.message)[:_MOST_MESSAGE],
        "nodes": folded if len(folded) <= _MOST_NODES else f"{folded[:_MOST_NODES]}…",
        "nodes_count": len(row.nodes),
        "suspect": row.suspect,
        "acked_by": row.acked_by,
        "opened_at_s": row.opened_at_s,
        "closed_at_s": row.closed_at_s,
    }


def render_telling(telling: Telling) -> str:
    """Return it as the outbox keeps it."""
    return json.dumps(telling, separators=(",", ":"), sort_keys=True, allow_nan=False)


def parse_telling(text: str) -> dict[str, Any]:
    """Return what was rendered; ValueError for anything else."""
    body = json.loads(text)
    if not isinstance(body, dict) or not {"status", "incident", "severity"} <= set(body):
        raise ValueError("no notification of ours")
    return body


def body_for(kind: ChannelKind, telling: Telling, *, id: str, now_s: float) -> bytes:  # noqa: A002  the word receivers use
    """Return what a receiver of this kind is sent; `id` stays the same however often it is sent."""
    return _BODIES[kind]([telling], id, now_s)


def alerts_body(tellings: Sequence[Telling], *, now_s: float) -> bytes:
    """Return what Alertmanager is sent of several incidents at once."""
    return _alertmanager(tellings, "", now_s)


def title_of(telling: Telling) -> str:
    """Return the incident in a few words: `fault: xid 79 on gpu 165…`."""
    code = f" {telling['code']}" if telling["code"] else ""
    if telling["suspect"]:
        return f"{telling['severity']}: {telling['check']}{code} on {counted(telling['nodes_count'])}: the CHECK is suspect"
    return f"{telling['severity']}: {telling['check']}{code} on {telling['scope']} {telling['scope_value']}"


def _alertmanager(tellings: Sequence[Telling], _id: str, now_s: float) -> bytes:
    alerts = [_alert(one, one["severity"], _ends_at_s(one, now_s)) for one in tellings]
    # Under another severity it is another alert: the one that it was has ended.
    alerts += [_alert(one, one["was"], now_s) for one in tellings if one["was"] and one["was"] != one["severity"]]
    return _json(alerts)


def _ends_at_s(telling: Telling, now_s: float) -> float:
    closed_at_s: float | None = telling["closed_at_s"]
    return now_s + HOLDS_S if closed_at_s is None else closed_at_s


def _alert(telling: Telling, severity: str, ends_at_s: float) -> dict[str, Any]:
    labels = {
        "alertname": telling["check"],
        "code": telling["code"],
        "scope": telling["scope"],
        "scope_value": telling["scope_value"],
        "severity": severity,
        "source": "aifctl",
        "suspect": "true" if telling["suspect"] else "",
    }
    annotations = {
        "summary": title_of(telling),
        "description": telling["message"],
        "action": telling["action"],
        "nodes": telling["nodes"],
        "nodes_count": str(telling["nodes_count"]),
        "incident": str(telling["incident"]),
        "acked_by": telling["acked_by"],
    }
    return {
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {name: value for name, value in annotations.items() if value},
        "startsAt": _moment(min(telling["opened_at_s"], ends_at_s)),
        "endsAt": _moment(ends_at_s),
    }


def _slack(tellings: Sequence[Telling], _id: str, _now_s: float) -> bytes:
    return _json({"text": "\n".join(_slack_text(one) for one in tellings)})


def _slack_text(telling: Telling) -> str:
    resolved = telling["status"] == RESOLVED
    lines = [f"*{'RESOLVED' if resolved else 'FIRING'}* {_plain(title_of(telling))}"]
    if not resolved:
        lines.append(_plain(telling["message"]))
        if telling["suspect"]:
            lines.append("Nothing is drained for it: look at the check before the nodes.")
        elif telling["action"] not in {"none", "watch"}:
            lines.append(f"Do: {telling['action']}")
    until = f", until {_moment(telling['closed_at_s'])}" if resolved else ""
    lines.append(f"{counted(telling['nodes_count'])}: {_plain(telling['nodes'])}")
    lines.append(f"Since {_moment(telling['opened_at_s'])}{until}; `aifctl incident show {telling['incident']}`")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return text that Slack shows as it is: nobody is called by what a node has said."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _webhook(tellings: Sequence[Telling], id: str, _now_s: float) -> bytes:  # noqa: A002  as in body_for
    (telling,) = tellings
    times = {f"{name}_at": telling[f"{name}_at_s"] for name in ("opened", "closed")}
    told = {name: value for name, value in telling.items() if not name.endswith("_at_s")}
    moments = {name: None if at_s is None else _moment(at_s) for name, at_s in times.items()}
    return _json({"schema": "aifctl/v1/Notification", "id": id, "title": title_of(telling), **told, **moments})


def _moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


_BODIES: Mapping[ChannelKind, Callable[[Sequence[Telling], str, float], bytes]] = {
    ChannelKind.ALERTMANAGER: _alertmanager,
    ChannelKind.SLACK: _slack,
    ChannelKind.WEBHOOK: _webhook,
}
