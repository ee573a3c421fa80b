"""Which nodes' own reply a client has shown: the proof that a figure was earned. All of it is bytes → node names."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

# What stands where a node and its reply meet. The reply's first line is the address that the node was called at.
_PREFIXED = re.compile(rb"^(\S+): (\S+)$", re.MULTILINE)  # clush, pdsh, and our own drivers of libraries
_ANSIBLE = re.compile(rb"^(\S+) \| CHANGED \| rc=0 >>\n(\S+)$", re.MULTILINE)
_HEADED = re.compile(rb"^-{15}\n(\S+) \(1\): ok\n-{15}\n(\S+)$", re.MULTILINE)


def of_prefixed(stdout: bytes) -> frozenset[str]:
    """Read NODE: REPLY lines."""
    return _matching(_PREFIXED, stdout)


def of_ansible(stdout: bytes) -> frozenset[str]:
    """Read ansible's two-line blocks."""
    return _matching(_ANSIBLE, stdout)


def of_plain(stdout: bytes) -> frozenset[str]:
    """Read aifctl's `-o plain`: a block for every different output, headed by its nodes."""
    return _matching(_HEADED, stdout)


def of_plain_rounds(stdout: bytes, rounds: int) -> frozenset[str]:
    """Read `-o plain` of several commands in a row: a node counts whose own reply arrived each time."""
    found = Counter(node for node, reply in _HEADED.findall(stdout) if node == reply)
    return frozenset(node.decode() for node, count in found.items() if count >= rounds)


def of_json(stdout: bytes, reply_bytes: int = 0) -> frozenset[str]:
    """Read aifctl's `-o json`; a reply counts only where it is as long as the fleet made it, to the byte."""
    return frozenset(
        item["node"]
        for item in _items(stdout)
        if item["outcome"] == "ok" and item["stdout"] == filled(item["node"], reply_bytes)
    )


def filled(node: str, reply_bytes: int) -> str:
    """Return what the light fleet's node prints: its address, and dots up to that length."""
    missing = reply_bytes - len(node) - 1
    return f"{node}\n" + (f"{'.' * (missing - 1)}\n" if missing > 0 else "")


def durations_s(stdout: bytes) -> list[float]:
    """Return how long each node's command took, from `-o json`, sorted."""
    return sorted(item["duration_s"] for item in _items(stdout) if item["outcome"] == "ok")


def with_outcome(stdout: bytes, outcome: str) -> frozenset[str]:
    """Return the nodes that ended so, from `-o json`."""
    return frozenset(item["node"] for item in _items(stdout) if item["outcome"] == outcome)


def _items(stdout: bytes) -> list[dict[str, Any]]:
    try:
        return list(json.loads(stdout)["items"])
    except (ValueError, KeyError, TypeError):
        return []


def _matching(pattern: re.Pattern[bytes], stdout: bytes) -> frozenset[str]:
    return frozenset(node.decode() for node, reply in pattern.findall(stdout) if node == reply)
