"""Which module of this room knows which first word; the only list of commands, so that one word loads one module."""

from __future__ import annotations

#: First word → module, in the order of help.
NOUNS = {
    "nodes": "nodes",
    "find": "nodes",
    "status": "status",
    "events": "events",
    "node": "node",
    "inventory": "inventory",
    "run": "run",
    "script": "run",
    "push": "copy",
    "pull": "copy",
    "shell": "shell",
    "ssh": "shell",
    "runs": "runs",
    "trust": "trust",
    "doctor": "doctor",
    "probe": "probe",
    "sweep": "sweep",
    "checks": "checks",
    "incident": "incident",
    "freeze": "freeze",
    "unfreeze": "freeze",
    "leases": "leases",
    "reconcile": "reconcile",
    "store": "store",
    "demo": "sim",
    "sim": "sim",
    "bench": "bench",
    "schema": "schema",
    "completion": "completion",
}

#: Heading of help → first words below it.
PANELS = {
    "Look": ("nodes", "status", "events", "find", "node", "inventory", "probe"),
    "Run": ("run", "script", "push", "pull", "shell", "ssh", "runs"),
    "Health": ("sweep", "checks", "incident"),
    "Keep": ("freeze", "unfreeze", "leases", "reconcile", "store"),
    "Trust": ("trust", "doctor"),
    "Try": ("demo", "sim", "bench"),
    "Set up": ("schema", "completion"),
}
