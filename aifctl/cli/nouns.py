"""Which module of this room knows which first word; the only list of commands, so that one word loads one module."""

from __future__ import annotations

NOUNS = {
    "run": "run",
    "script": "run",
    "push": "copy",
    "pull": "copy",
    "shell": "shell",
    "ssh": "shell",
    "nodes": "nodes",
    "find": "nodes",
    "inventory": "inventory",
    "runs": "runs",
    "trust": "trust",
    "doctor": "doctor",
    "bench": "bench",
    "schema": "schema",
    "completion": "completion",
    "sim": "sim",
    "demo": "sim",
}
