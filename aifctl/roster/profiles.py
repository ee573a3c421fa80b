"""Profiles as they are written: YAML files, each value with its source; all mistakes at once, with file and line.

    skus: [h100*]
    inherits: another-profile
    expectations:
      gpu:
        count: {value: 8, source: where the number comes from}
      port.rate_gbits_s: {value: 400, source: …}

`value: null` takes away what is inherited. A profile may inherit the one of its own name that it overrules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping as Map, Sequence as Seq
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from aifctl.core.errors import ProfilesError
from aifctl.core.marked_yaml import Mapping, Mistakes, Place, Scalar, Sequence, Value, parse_marked_yaml
from aifctl.diagnosis.check import Threshold
from aifctl.fleet.nearest import nearest
from aifctl.fleet.profile import Expectation, Profile, Profiles
from aifctl.fleet.sku_globs import compete
from aifctl.roster.kinds import is_credential_key
from aifctl.roster.named_files import bytes_of, files_in
from aifctl.roster.patterns import BadValueError
from aifctl.roster.profile_values import convert, parse_source

_MAX_GLOB = 64
_KEYS = ("name", "skus", "inherits", "expectations")
_PARTS = frozenset({"value", "source"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """One file; an expectation of None takes away what is inherited."""

    name: str
    place: Place
    skus: tuple[tuple[Place, str], ...]
    inherits: tuple[Place, str] | None
    expectations: Map[str, Expectation | None]


def read_profiles(folders: Iterable[Path], thresholds: Iterable[Threshold]) -> Profiles:
    """Return the profiles in these folders; of two files of one name the one in the earlier folder holds.

    Args:
        folders: those that are not there are left out.
        thresholds: what profiles may say, and within which bounds.

    Raises:
        ProfilesError: with all mistakes of all files.
        SetupError: a folder or a file can't be read.
    """
    mistakes = Mistakes()
    reader = _Reader(thresholds, mistakes)
    found: dict[str, list[_Written]] = {}
    for folder in folders:
        here = [reader.read(file) for file in files_in(folder, "profile")]
        for written in here:
            found.setdefault(written.name, []).append(written)
        _refuse_twins(here, mistakes)
    profiles = [_Heirs(found, mistakes).profile(name) for name in sorted(found)]
    _refuse_rivals([those[0] for those in found.values()], mistakes)
    if mistakes:
        raise ProfilesError(mistakes.all())
    return Profiles(all=tuple(profiles))


class _Reader:
    """Reads one file after the other."""

    def __init__(self, thresholds: Iterable[Threshold], mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._asked: dict[str, list[Threshold]] = {}
        for threshold in thresholds:
            self._asked.setdefault(threshold.key, []).append(threshold)

    def read(self, file: Path) -> _Written:
        name, whole = file.stem, Place(str(file), 0)
        document = parse_marked_yaml(bytes_of(file, "profile"), str(file), self._mistakes)
        entries = document.items if isinstance(document, Mapping) else {}
        if document is not None and not isinstance(document, Mapping):
            self._mistakes.add(document.place, f"a profile is a mapping with {', '.join(_KEYS)}")
        for key, (place, _) in entries.items():
            if key not in _KEYS:
                self._refuse_key(place, key, _KEYS, of="a profile")
        self._check_name(name, entries)
        return _Written(
            name=name,
            place=whole,
            skus=tuple(self._globs(entries)),
            inherits=self._inherits(entries),
            expectations=dict(self._expectations(entries)),
        )

    def _check_name(self, name: str, entries: Map[str, tuple[Place, Value]]) -> None:
        place, said = entries.get("name", (None, None))
        if place and not (isinstance(said, Scalar) and said.text == name):
            self._mistakes.add(place, f"the name must be the file's, {name}, because by it a site overrules a profile")

    def _globs(self, entries: Map[str, tuple[Place, Value]]) -> Iterator[tuple[Place, str]]:
        place, said = entries.get("skus", (None, None))
        if place is None or said is None:
            return
        for part in said.items if isinstance(said, Sequence) else [said]:
            if isinstance(part, Scalar) and 0 < len(part.text) <= _MAX_GLOB and not set(part.text) & set("[] "):
                yield part.place, part.text
            else:
                self._mistakes.add(part.place, f"skus takes globs of at most {_MAX_GLOB} characters with * and ? alone")

    def _inherits(self, entries: Map[str, tuple[Place, Value]]) -> tuple[Place, str] | None:
        place, said = entries.get("inherits", (None, None))
        if place is None:
            return None
        if not isinstance(said, Scalar) or said.null:
            self._mistakes.add(place, "inherits takes the name of one profile")
            return None
        return place, said.text

    def _expectations(self, entries: Map[str, tuple[Place, Value]]) -> Iterator[tuple[str, Expectation | None]]:
        place, said = entries.get("expectations", (None, None))
        if place and not isinstance(said, Mapping):
            self._mistakes.add(place, "expectations is a mapping of keys, each with value and source")
        seen: dict[str, Place] = {}
        for key, key_place, value in self._flat(said.items if isinstance(said, Mapping) else {}):
            if key in seen:
                self._mistakes.add(key_place, f"{key!r} stands here twice; first in line {seen[key].line}")
            elif key not in self._asked:
                self._refuse_key(key_place, key, self._asked, of="no check asks for it: a profile")
            else:
                yield key, self._expectation(key, key_place, value)
            seen.setdefault(key, key_place)

    def _flat(self, entries: Map[str, tuple[Place, Value]]) -> Iterator[tuple[str, Place, Value]]:
        """Yield keys in full, whether they stand in full or below their room."""
        for key, (place, value) in entries.items():
            if "." in key or not isinstance(value, Mapping):
                yield key, place, value
                continue
            for rest, (below, inner) in value.items.items():
                yield f"{key}.{rest}", below, inner

    def _expectation(self, key: str, place: Place, value: Value) -> Expectation | None:
        if not isinstance(value, Mapping) or _PARTS - set(value.items):
            missing = " and ".join(sorted(_PARTS - set(value.items))) if isinstance(value, Mapping) else "source"
            self._mistakes.add(place, f"{key} has no {missing}; write {{value: …, source: where it comes from}}")
            return None
        for part, (at, _) in value.items.items():
            if part not in _PARTS:
                self._refuse_key(at, part, sorted(_PARTS), of=key)
        source = self._tried(key, value.items["source"], parse_source) or ""
        at, said = value.items["value"]
        if isinstance(said, Scalar) and said.null:
            return None
        found = self._tried(key, (at, said), lambda one: convert(one, self._asked[key]))
        return Expectation(value=found, source=source)

    def _tried(self, key: str, entry: tuple[Place, Value], parse: Callable[[Value], Any]) -> Any:
        place, said = entry
        try:
            return parse(said)
        except BadValueError as problem:
            self._mistakes.add(place, f"{key}: {problem}")
            return None

    def _refuse_key(self, place: Place, key: str, known: Iterable[str], *, of: str) -> None:
        if is_credential_key(key):
            self._mistakes.add(
                place, f"{key[:80]!r}: a credential does not belong into a profile, which anybody may read"
            )
            return
        near = nearest(key, known)
        advice = f"did you mean {near!r}?" if near else "`aifctl checks explain NAME` says what each check asks for"
        self._mistakes.add(place, f"{of} has no key {key[:80]!r}; {advice}")


class _Heirs:
    """What profiles inherit, file by file."""

    def __init__(self, found: Map[str, Seq[_Written]], mistakes: Mistakes) -> None:
        self._found, self._mistakes = found, mistakes

    def profile(self, name: str) -> Profile:
        written = self._found[name][0]
        said = {key: one for key, one in self._said(written, []).items() if one is not None}
        text = json.dumps([name, *([key, said[key].value, said[key].source] for key in sorted(said))])
        return Profile(
            name=name,
            skus=tuple(glob for _, glob in written.skus),
            expectations=said,
            origin=written.place.file,
            digest=hashlib.sha256(text.encode()).hexdigest()[:32],
        )

    def _said(self, written: _Written, heirs: list[_Written]) -> dict[str, Expectation | None]:
        if written in heirs:
            chain = " from ".join(one.name for one in [*heirs[heirs.index(written) :], written])
            self._mistakes.add(written.place, f"inherits from itself: {chain}")
            return {}
        parent = self._parent(written)
        above = self._said(parent, [*heirs, written]) if parent else {}
        return {**above, **written.expectations}

    def _parent(self, written: _Written) -> _Written | None:
        if written.inherits is None:
            return None
        place, name = written.inherits
        those = self._found.get(name, ())
        rest = those[those.index(written) + 1 :] if name == written.name else those
        if rest:
            return rest[0]
        near = nearest(name, [one for one in self._found if one != written.name])
        advice = f"did you mean {near}?" if near else f"there are {', '.join(sorted(self._found))}"
        what = f"no other profile {name!r} to overrule" if name == written.name else f"no profile {name[:80]!r}"
        self._mistakes.add(place, f"there is {what}; {advice}")
        return None


def _refuse_twins(here: Seq[_Written], mistakes: Mistakes) -> None:
    for one, other in combinations(here, 2):
        if one.name == other.name:
            mistakes.add(other.place, f"{one.place.file} beside it has the same name; remove one")


def _refuse_rivals(all_of_them: Seq[_Written], mistakes: Mistakes) -> None:
    for one, other in combinations(all_of_them, 2):
        for _, glob in one.skus:
            for place, rival in other.skus:
                if compete(glob, rival):
                    mistakes.add(
                        place,
                        f"{rival!r} fits the same SKUs as well as {glob!r} of {one.place.file} does; write more of the "
                        "SKU in one of them, or give the file the name of the profile that it is to overrule",
                    )
