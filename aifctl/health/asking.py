"""What the probe is told when it is sent out: what this fleet's profiles look for, and where each log was read to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from aifctl.fleet.profile import Profile
from aifctl.ports.store_rows import NodeRow

#: Argument of the probe → the profiles' keys whose lists it is made of.
_ASKED = {
    "services": ("service.required",),
    "modules": ("module.required", "module.wanted"),
    "mounts": ("mount.required",),
}


def probe_arguments(profiles: Iterable[Profile]) -> Mapping[str, Any]:
    """Return what every node is asked beside the usual: all that any of these profiles expects by name."""
    wanted: dict[str, dict[str, None]] = {}
    for profile in profiles:
        for argument, keys in _ASKED.items():
            for key in keys:
                expectation = profile.expectations.get(key)
                if expectation is not None:
                    wanted.setdefault(argument, {}).update(dict.fromkeys(expectation.value))
    return {argument: list(names) for argument, names in wanted.items()}


def cursors_of(rows: Mapping[str, NodeRow]) -> dict[str, str]:
    """Return node → where its kernel log was read to, of those of which that is kept."""
    return {name: cursor for name, row in rows.items() if (cursor := _cursor(row))}


def _cursor(row: NodeRow) -> str:
    try:
        cursor = json.loads(row.memory or b"{}").get("cursor", "")
    except (ValueError, AttributeError):  # whoever judges the node says that its memory can't be read
        return ""
    return cursor if isinstance(cursor, str) else ""
