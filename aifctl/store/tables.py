"""The tables as they are now, for whoever writes them. How they came to be is told by the migrations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Float, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

METADATA = MetaData()


def _table(name: str, /, **columns: type[TypeEngine[Any]]) -> Table:
    return Table(name, METADATA, *(Column(column, kind) for column, kind in columns.items()))


LOG_HEAD = _table("log_head", one=Integer, seq=Integer)
SEGMENTS = _table("segments", name=Text, bytes_applied=Integer)
NODES = _table("nodes", id=Integer, name=Text)
SWEEPS = _table(
    "sweeps",
    number=Integer,
    id=Text,
    started_at=Float,
    ended_at=Float,
    selector=Text,
    asked=Integer,
    answered=Integer,
    exit_code=Integer,
    probe=Text,
    facts=Text,
)
FACTS = _table("facts", digest=Text, body=LargeBinary)
NODE_FACTS = _table("node_facts", node_id=Integer, since_at=Float, since_sweep=Integer, digest=Text, base=LargeBinary)
READINGS = _table("readings", node_id=Integer, sweep=Integer, at=Float, moving=LargeBinary)
NODE_NOW = _table(
    "node_now",
    node_id=Integer,
    sweep=Integer,
    at=Float,
    seen_at=Float,
    outcome=Text,
    message=Text,
    result=Text,
    worst_check=Text,
    facts_digest=Text,
    boot_id=Text,
    moving=LargeBinary,
    memory=LargeBinary,
    findings=LargeBinary,
)
FINDINGS = _table(
    "findings",
    node_id=Integer,
    check_name=Text,
    subject=Text,
    code=Text,
    result=Text,
    action=Text,
    message=Text,
    first_at=Float,
    first_sweep=Integer,
    last_at=Float,
    cleared_sweep=Integer,
    identity=Text,
    evidence=Text,
)
INCIDENTS = _table(
    "incidents",
    id=Integer,
    check_name=Text,
    code=Text,
    scope=Text,
    scope_value=Text,
    result=Text,
    action=Text,
    opened_at=Float,
    updated_at=Float,
    closed_at=Float,
    acked_by=Text,
    acked_at=Float,
    silenced_until=Float,
    nodes=Text,
    message=Text,
    suspect=Integer,
    facts=Text,
)
INCIDENT_LOG = _table("incident_log", incident=Integer, number=Integer, at=Float, who=Text, what=Text, text=Text)
STATES = _table(
    "states",
    node_id=Integer,
    state=Text,
    off=Integer,
    since_at=Float,
    reason=Text,
    owner=Text,
    why=Text,
    actor=Text,
    from_where=Text,
    run=Text,
    version=Integer,
)
TRANSITIONS = _table(
    "transitions",
    node_id=Integer,
    version=Integer,
    source=Text,
    target=Text,
    off=Integer,
    at=Float,
    actor=Text,
    from_where=Text,
    reason=Text,
    owner=Text,
    why=Text,
    run=Text,
)
DRAINS = _table(
    "drains",
    node_id=Integer,
    version=Integer,
    since_at=Float,
    reason=Text,
    owner=Text,
    actor=Text,
    action=Text,
    boot_id=Text,
    incident=Integer,
    ended_at=Float,
    ended_by=Text,
)
NOTES = _table("notes", node_id=Integer, number=Integer, at=Float, who=Text, text=Text)
MUTES = _table(
    "mutes",
    id=Integer,
    check_name=Text,
    selector=Text,
    until_at=Float,
    who=Text,
    reason=Text,
    at=Float,
    lifted_at=Float,
)
LEASES = _table("leases", scope=Text, owner=Text, purpose=Text, since_at=Float, until_at=Float, renewed_at=Float)
FREEZES = _table("freezes", id=Integer, selector=Text, names=Text, reason=Text, who=Text, at=Float, lifted_at=Float)
OUTBOX = _table(
    "outbox",
    id=Integer,
    incident=Integer,
    channel=Text,
    payload=Text,
    due_at=Float,
    attempts=Integer,
    state=Text,
    sent_at=Float,
    last_error=Text,
    taken_until=Float,
)
EVENTS = _table("events", id=Integer, at=Float, kind=Text, node=Text, text=Text, facts=Text)
KEPT = _table("kept", name=Text, value=Text)
