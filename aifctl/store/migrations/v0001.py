"""The first schema. Indexes stand on narrow columns alone: an index on a blob would double what a sweep adds."""

from __future__ import annotations

STATEMENTS = (
    # Who has applied how much of which segment; `seq` numbers the transactions, which is the order of all things.
    "CREATE TABLE log_head (one INTEGER PRIMARY KEY, seq {big} NOT NULL)",
    "INSERT INTO log_head (one, seq) VALUES (1, 0)",
    "CREATE TABLE segments (name TEXT PRIMARY KEY, bytes_applied {big} NOT NULL)",
    "CREATE TABLE nodes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """CREATE TABLE sweeps (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, started_at {real} NOT NULL, ended_at {real},
        selector TEXT NOT NULL, asked INTEGER NOT NULL, answered INTEGER NOT NULL, exit_code INTEGER,
        probe TEXT NOT NULL, facts TEXT NOT NULL)""",
    "CREATE TABLE facts (digest TEXT PRIMARY KEY, body {blob} NOT NULL)",
    # `base` is what moved as they were first seen; the readings from then on are deflated by it, to half of what they were.
    """CREATE TABLE node_facts (
        node_id INTEGER NOT NULL REFERENCES nodes (id), since_at {real} NOT NULL,
        since_sweep INTEGER NOT NULL REFERENCES sweeps (number), digest TEXT NOT NULL, base {blob},
        PRIMARY KEY (node_id, since_at))""",
    # A heap in order of arrival with a narrow index: a table clustered by (node, sweep) splits its pages, and is half empty.
    """CREATE TABLE readings (
        node_id INTEGER NOT NULL, sweep INTEGER NOT NULL, at {real} NOT NULL, moving {blob} NOT NULL)""",
    "CREATE UNIQUE INDEX readings_node ON readings (node_id, sweep)",
    """CREATE TABLE node_now (
        node_id INTEGER PRIMARY KEY REFERENCES nodes (id), sweep INTEGER NOT NULL, at {real} NOT NULL,
        seen_at {real} NOT NULL, outcome TEXT NOT NULL, message TEXT NOT NULL, result TEXT NOT NULL,
        worst_check TEXT NOT NULL, facts_digest TEXT NOT NULL, boot_id TEXT NOT NULL, moving {blob}, memory {blob},
        findings {blob})""",
    """CREATE TABLE findings (
        node_id INTEGER NOT NULL REFERENCES nodes (id), check_name TEXT NOT NULL, subject TEXT NOT NULL,
        code TEXT NOT NULL, result TEXT NOT NULL, action TEXT NOT NULL, message TEXT NOT NULL,
        first_at {real} NOT NULL, first_sweep INTEGER NOT NULL, last_at {real}, cleared_sweep INTEGER,
        identity TEXT NOT NULL, evidence TEXT NOT NULL,
        PRIMARY KEY (node_id, check_name, subject, code, first_at))""",
    "CREATE UNIQUE INDEX findings_standing ON findings (node_id, check_name, subject, code) WHERE last_at IS NULL",
    "CREATE INDEX findings_cleared ON findings (last_at)",
    """CREATE TABLE incidents (
        id INTEGER PRIMARY KEY, check_name TEXT NOT NULL, code TEXT NOT NULL, scope TEXT NOT NULL,
        scope_value TEXT NOT NULL, result TEXT NOT NULL, action TEXT NOT NULL, opened_at {real} NOT NULL,
        updated_at {real} NOT NULL, closed_at {real}, acked_by TEXT NOT NULL, acked_at {real},
        silenced_until {real} NOT NULL, nodes TEXT NOT NULL, message TEXT NOT NULL, suspect INTEGER NOT NULL,
        facts TEXT NOT NULL)""",
    """CREATE UNIQUE INDEX incidents_open ON incidents (check_name, code, scope, scope_value)
        WHERE closed_at IS NULL""",
    "CREATE INDEX incidents_closed ON incidents (closed_at)",
    """CREATE TABLE incident_log (
        incident INTEGER NOT NULL REFERENCES incidents (id), number INTEGER NOT NULL, at {real} NOT NULL,
        who TEXT NOT NULL, what TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (incident, number))""",
    """CREATE TABLE states (
        node_id INTEGER PRIMARY KEY REFERENCES nodes (id), state TEXT NOT NULL, off INTEGER,
        since_at {real} NOT NULL, reason TEXT NOT NULL, owner TEXT NOT NULL, why TEXT NOT NULL, actor TEXT NOT NULL,
        from_where TEXT NOT NULL, run TEXT NOT NULL, version INTEGER NOT NULL)""",
    """CREATE TABLE transitions (
        node_id INTEGER NOT NULL REFERENCES nodes (id), version INTEGER NOT NULL, source TEXT NOT NULL,
        target TEXT NOT NULL, off INTEGER, at {real} NOT NULL, actor TEXT NOT NULL, from_where TEXT NOT NULL,
        reason TEXT NOT NULL, owner TEXT NOT NULL, why TEXT NOT NULL, run TEXT NOT NULL,
        PRIMARY KEY (node_id, version))""",
    "CREATE INDEX transitions_at ON transitions (at)",
    """CREATE TABLE drains (
        node_id INTEGER NOT NULL REFERENCES nodes (id), version INTEGER NOT NULL, since_at {real} NOT NULL,
        reason TEXT NOT NULL, owner TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, boot_id TEXT NOT NULL,
        incident INTEGER NOT NULL, ended_at {real}, ended_by TEXT NOT NULL, PRIMARY KEY (node_id, version))""",
    "CREATE INDEX drains_standing ON drains (node_id) WHERE ended_at IS NULL",
    """CREATE TABLE notes (
        node_id INTEGER NOT NULL REFERENCES nodes (id), number INTEGER NOT NULL, at {real} NOT NULL,
        who TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (node_id, number))""",
    """CREATE TABLE mutes (
        id INTEGER PRIMARY KEY, check_name TEXT NOT NULL, selector TEXT NOT NULL, until_at {real} NOT NULL,
        who TEXT NOT NULL, reason TEXT NOT NULL, at {real} NOT NULL, lifted_at {real})""",
    """CREATE TABLE leases (
        scope TEXT PRIMARY KEY, owner TEXT NOT NULL, purpose TEXT NOT NULL, since_at {real} NOT NULL,
        until_at {real} NOT NULL, renewed_at {real} NOT NULL)""",
    """CREATE TABLE freezes (
        id INTEGER PRIMARY KEY, selector TEXT NOT NULL, names TEXT NOT NULL, reason TEXT NOT NULL, who TEXT NOT NULL,
        at {real} NOT NULL, lifted_at {real})""",
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, channel TEXT NOT NULL, payload TEXT NOT NULL,
        due_at {real} NOT NULL, attempts INTEGER NOT NULL, state TEXT NOT NULL, sent_at {real},
        last_error TEXT NOT NULL, taken_until {real} NOT NULL)""",
    "CREATE UNIQUE INDEX outbox_due ON outbox (incident, channel) WHERE state = 'due'",
    """CREATE TABLE events (
        id INTEGER PRIMARY KEY, at {real} NOT NULL, kind TEXT NOT NULL, node TEXT NOT NULL, text TEXT NOT NULL,
        facts TEXT NOT NULL)""",
    "CREATE INDEX events_at ON events (at)",
    "CREATE INDEX events_node ON events (node, at)",
    "CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
