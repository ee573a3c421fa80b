"""All versions of one node, as a text that nodes of one build share: a fleet has a handful of them.

Nothing of the node itself stands in it (no serial, no name), so that equal nodes are equal texts: kept once, judged once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.component import Component, Part
from aifctl.diagnosis.reading import Reading, SectionStatus
from aifctl.diagnosis.unreadable import UnreadableError

#: A version is the node's own word: what is longer is no version, and is cut.
_MOST_CHARACTERS = 200

_MARK = "!"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSet:
    """The parts of one node by component; of a component whose section could not be read there is no word."""

    parts: Mapping[str, tuple[Part, ...]]

    def told(self) -> str:
        """Return it as canonical JSON: component → [kind, running, staged, subjects] for each version of each kind."""
        said = {name: _rows(parts) for name, parts in sorted(self.parts.items())}
        return json.dumps(said, separators=(",", ":"))


def version_set(reading: Reading, components: Iterable[Component]) -> VersionSet:
    """Return the versions that a reading shows."""
    return VersionSet(
        parts={
            component.name: tuple(component.parts(reading))
            for component in components
            if component.parts and component.section and reading.end(component.section).status is SectionStatus.OK
        }
    )


def parse_version_set(text: str) -> VersionSet:
    """Return what `told` made a text of; UnreadableError where it is none."""
    try:
        said = json.loads(text)
        return VersionSet(parts={name: tuple(_parts(rows)) for name, rows in said.items()})
    except (ValueError, TypeError, AttributeError, KeyError) as problem:
        raise UnreadableError(f"what is stored is no set of versions: {problem!r}") from problem


def digest_of(told: str) -> str:
    """Return what names such a text: 32 hex digits."""
    return hashlib.sha256(told.encode("ascii")).hexdigest()[:32]


def _rows(parts: Iterable[Part]) -> list[list[Any]]:
    found: dict[tuple[str, str | Absent, str | None], list[str]] = {}
    for part in parts:
        found.setdefault((part.kind, part.running, part.staged), []).append(part.subject)
    rows = [
        [_cut(kind), _plain(running), staged and _cut(staged), sorted(subjects)]
        for (kind, running, staged), subjects in found.items()
    ]
    return sorted(rows, key=lambda row: (row[3], str(row)))


def _parts(rows: Iterable[list[Any]]) -> Iterator[Part]:
    for kind, running, staged, subjects in rows:
        version = Absent(running[_MARK]) if isinstance(running, dict) else str(running)
        for subject in subjects:
            yield Part(subject=str(subject), kind=str(kind), running=version, staged=staged and str(staged))


def _plain(version: str | Absent) -> str | dict[str, str]:
    return {_MARK: version.value} if isinstance(version, Absent) else _cut(version)


def _cut(text: str) -> str:
    return text[:_MOST_CHARACTERS]
