"""Firmware baselines as they are written: YAML files; all mistakes at once, with file and line.

about: DGX H100, firmware of September 2024
source: where the versions come from
skus: [h100*]                      # what it is for; without it, it is asked for by name
components:
  bios: 1.5.3                      # any part of the component
  hca: {MT_0000000838: [28.42.1000, 28.43.1014]}      # by kind of part
  gpu-vbios:
    accept: {692-2G520-0200-000: 96.00.BC.00.01, "*": …}
    mandatory: false
    activation: ac-cycle
    source: …
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping as Map
from itertools import combinations
from pathlib import Path
from typing import TypeVar

from aifctl.core.errors import BaselinesError
from aifctl.core.marked_yaml import Mapping, Mistakes, Place, Scalar, Sequence, Value, parse_marked_yaml
from aifctl.diagnosis.component import Component
from aifctl.fleet.baseline import ANY_KIND, Activation, Baseline, Baselines, Rule
from aifctl.fleet.sku_globs import compete
from aifctl.roster.kinds import holds_credential, is_credential_key, parse_flag
from aifctl.roster.named_files import bytes_of, files_in
from aifctl.roster.patterns import BadValueError

_KEYS = ("about", "source", "skus", "components")
_RULE_KEYS = ("accept", "mandatory", "activation", "source")
_MOST_TEXT = 200

_V = TypeVar("_V")
_D = TypeVar("_D")


def read_baselines(folders: Iterable[Path], components: Iterable[Component]) -> Baselines:
    """Return the baselines in these folders; of two files of one name the one in the earlier folder holds.

    Args:
        folders: those that are not there are left out.
        components: what baselines may speak of, and how versions of each are written.

    Raises:
        BaselinesError: with all mistakes of all files.
        SetupError: a folder or a file can't be read.
    """
    mistakes = Mistakes()
    known = {component.name: component for component in components}
    found: dict[str, Baseline] = {}
    for folder in folders:
        for file in files_in(folder, "baseline"):
            if file.stem not in found:
                found[file.stem] = _Reader(file, known, mistakes).baseline()
    _refuse_rivals(list(found.values()), mistakes)
    if mistakes:
        raise BaselinesError(mistakes.all())
    return Baselines(all=tuple(found[name] for name in sorted(found)))


class _Reader:
    """Reads one file."""

    def __init__(self, file: Path, components: Map[str, Component], mistakes: Mistakes) -> None:
        self._file, self._components, self._mistakes = file, components, mistakes

    def baseline(self) -> Baseline:
        document = parse_marked_yaml(bytes_of(self._file, "baseline"), str(self._file), self._mistakes)
        entries = document.items if isinstance(document, Mapping) else {}
        if document is not None and not isinstance(document, Mapping):
            self._mistakes.add(document.place, f"a baseline is a mapping with {', '.join(_KEYS)}")
        self._refuse_others(entries, _KEYS, "a baseline")
        source = self._text(entries, "source") or ""
        rules = dict(self._rules(entries, source))
        skus = tuple(self._globs(entries))
        said = {name: [rule.accept, rule.mandatory, rule.activation, rule.source] for name, rule in rules.items()}
        text = json.dumps([self._file.stem, skus, said], sort_keys=True)
        return Baseline(
            name=self._file.stem,
            about=self._text(entries, "about") or "",
            skus=skus,
            rules=rules,
            origin=str(self._file),
            digest=hashlib.sha256(text.encode()).hexdigest()[:32],
        )

    def _globs(self, entries: Map[str, tuple[Place, Value]]) -> Iterator[str]:
        if "skus" not in entries:
            return
        place, said = entries["skus"]
        for part in said.items if isinstance(said, Sequence) else [said]:
            if isinstance(part, Scalar) and part.text and not set(part.text) & set("[] "):
                yield part.text
            else:
                self._mistakes.add(place, "skus takes globs with * and ? alone")

    def _rules(self, entries: Map[str, tuple[Place, Value]], source: str) -> Iterator[tuple[str, Rule]]:
        place, said = entries.get("components", (Place(str(self._file), 1), None))
        if not isinstance(said, Mapping) or not said.items:
            self._mistakes.add(place, "a baseline has components: each with the versions that may run")
            return
        for name, (at, value) in said.items.items():
            component = self._components.get(name)
            if component is None:
                self._mistakes.unknown_key(at, name, self._components, of="the firmware of a node")
                continue
            rule = self._rule(component, at, value, source)
            if rule is not None:
                yield name, rule

    def _rule(self, component: Component, place: Place, value: Value, source: str) -> Rule | None:
        entries = value.items if isinstance(value, Mapping) and "accept" in value.items else {"accept": (place, value)}
        self._refuse_others(entries, _RULE_KEYS, component.name)
        source = self._text(entries, "source") or source
        if not source:
            self._mistakes.add(place, f"{component.name} has no source: say where its versions come from")
        return Rule(
            accept=dict(self._accepted(component, *entries["accept"])),
            mandatory=self._one(entries, "mandatory", parse_flag, otherwise=True),
            activation=self._one(entries, "activation", _activation, otherwise=None),
            source=source,
        )

    def _accepted(self, component: Component, place: Place, value: Value) -> Iterator[tuple[str, tuple[str, ...]]]:
        kinds = value.items if isinstance(value, Mapping) else {ANY_KIND: (place, value)}
        if not kinds:
            self._mistakes.add(place, f"{component.name} accepts nothing; leave it out to say nothing of it")
        for kind, (at, said) in kinds.items():
            versions = tuple(self._versions(component, at, said))
            if versions:
                yield kind.strip(), versions

    def _versions(self, component: Component, place: Place, said: Value) -> Iterator[str]:
        parts = said.items if isinstance(said, Sequence) else [said]
        if not parts:
            self._mistakes.add(place, f"{component.name} accepts nothing; leave it out to say nothing of it")
        for part in parts:
            if not isinstance(part, Scalar) or part.null or len(part.text) > _MOST_TEXT:
                self._mistakes.add(part.place, f"{component.name}: a version is one text")
            elif not component.scheme.readable(part.text):
                about = component.scheme.about
                self._mistakes.add(part.place, f"{component.name}: {part.text!r} is no version of it ({about})")
            else:
                yield part.text.strip()

    def _text(self, entries: Map[str, tuple[Place, Value]], key: str) -> str | None:
        return self._one(entries, key, _line, otherwise=None)

    def _one(
        self, entries: Map[str, tuple[Place, Value]], key: str, parse: Callable[[str], _V], *, otherwise: _D
    ) -> _V | _D:
        if key not in entries:
            return otherwise
        place, said = entries[key]
        try:
            return parse(_plain(said))
        except (BadValueError, ValueError) as problem:
            self._mistakes.add(place, f"{key}: {problem}")
            return otherwise

    def _refuse_others(self, entries: Map[str, tuple[Place, Value]], known: Iterable[str], of: str) -> None:
        for key, (place, _) in entries.items():
            if is_credential_key(key):
                self._mistakes.add(place, f"{key[:80]!r}: a credential does not belong into a baseline")
            elif key not in known:
                self._mistakes.unknown_key(place, key, known, of=of)


def _plain(said: Value) -> str:
    if not isinstance(said, Scalar) or said.null:
        raise BadValueError("it takes one text")
    return said.text


def _activation(text: str) -> Activation:
    if text not in set(Activation):
        raise BadValueError(f"{text[:40]!r} is none of {', '.join(Activation)}")
    return Activation(text)


def _line(text: str) -> str:
    if holds_credential(text):
        raise BadValueError("a credential does not belong into a baseline, which anybody may read")
    return text.strip()


def _refuse_rivals(baselines: list[Baseline], mistakes: Mistakes) -> None:
    for one, other in combinations(baselines, 2):
        for glob, rival in ((glob, rival) for glob in one.skus for rival in other.skus if compete(glob, rival)):
            mistakes.add(
                Place(other.origin, 1),
                f"{rival!r} fits the same SKUs as {glob!r} of {one.origin} does, and a part has one answer; "
                "write more of the SKU in one of them",
            )
