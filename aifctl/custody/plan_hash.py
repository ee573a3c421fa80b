"""The hash that ties a `--dry-run` to the run that was agreed on, and what has changed since where they differ."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifctl.core.errors import RefusedError, SetupError, UsageError
from aifctl.core.state_dir import StateDir
from aifctl.fleet.nodeset_fold import fold_short

PLANS = "plans"
#: 48 bits to type; the whole digest is compared wherever the dry-run's own file is still there.
SHORT_HEX = 12

_KEPT_COUNT = 100
_PARTS = ("verb", "arguments", "steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAction:
    """All that consent is given to.

    Attributes:
        arguments: JSON-able: what the verb does, without options that only pace or show it.
        steps: the rendered steps, as --dry-run prints them.
        names: the resolved nodes, in any order.
    """

    verb: str
    arguments: Mapping[str, Any]
    steps: Sequence[str]
    names: Sequence[str]

    @property
    def digest(self) -> str:
        """SHA-256, hex; the same whatever the order of names and keys."""
        return hashlib.sha256(self.text().encode("ascii")).hexdigest()

    @property
    def short(self) -> str:
        """Return what a person types."""
        return self.digest[:SHORT_HEX]

    def text(self) -> str:
        """Return the canonical JSON that is hashed."""
        fields = {"verb": self.verb, "arguments": dict(self.arguments), "steps": list(self.steps)}
        return json.dumps(
            {**fields, "names": sorted(set(self.names))}, sort_keys=True, separators=(",", ":"), allow_nan=False
        )


def remember_plan(state: StateDir, plan: PlannedAction) -> str:
    """Keep what a dry-run showed under its hash, and return the hash; the newest 100 are kept."""
    folder = state.folder(PLANS)
    final = folder / f"{plan.short}.json"
    aside = folder / f".{plan.short}.{os.getpid()}"
    try:
        descriptor = state.open_file(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(plan.text())
        aside.rename(final)
    except OSError as problem:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise SetupError(f"the plan can't be kept in {folder}: {problem.strerror}") from problem
    _drop_oldest(folder)
    return plan.short


def confirm_by_hash(state: StateDir, plan: PlannedAction, given: str) -> None:
    """Return where `given` is this plan's hash; RefusedError that says what came, went or changed where it isn't."""
    typed = given.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORT_HEX},64}}", typed):
        raise UsageError(f"--confirm-hash {given!r} is not a hash: --dry-run prints it, {SHORT_HEX} hexadecimal digits")
    shown = _recall(state, typed)
    if plan.digest.startswith(typed) and (shown is None or shown == json.loads(plan.text())):
        return
    raise RefusedError(f"{_difference(plan, shown, typed)}; look at it with --dry-run again, its hash is {plan.short}")


def _difference(plan: PlannedAction, shown: Mapping[str, Any] | None, typed: str) -> str:
    if shown is None:
        return f"this is not the plan {typed}, and no dry-run with that hash is kept here"
    now = json.loads(plan.text())
    changed = [part for part in _PARTS if now[part] != shown.get(part)]
    before, after = set(shown.get("names", ())), set(now["names"])
    said = [f"the {' and the '.join(changed)} changed"] if changed else []
    if after - before:
        said.append(f"{len(after - before)} came ({fold_short(after - before)})")
    if before - after:
        said.append(f"{len(before - after)} went ({fold_short(before - after)})")
    return f"since the dry-run {typed} {', '.join(said)}"


def _recall(state: StateDir, typed: str) -> Mapping[str, Any] | None:
    try:
        shown = json.loads((state.path / PLANS / f"{typed[:SHORT_HEX]}.json").read_bytes())
    except (OSError, ValueError):
        return None  # an unreadable plan proves nothing either way: the hash itself still does
    return shown if isinstance(shown, dict) else None


def _drop_oldest(folder: Path) -> None:
    with contextlib.suppress(OSError):  # somebody else tidies at the same time
        plans = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        for plan in plans[:-_KEPT_COUNT]:
            plan.unlink()
