"""YAML in which every value knows its file and line, so that each mistake can be pointed at.

Scalars stay the text that was typed: whoever reads a key knows what it must be, so `rack: 012`, `state: off` and
`country: no` mean what they look like (YAML 1.1 would make them 10, false and false). Anchors and aliases work, `<<`
merges; tags don't. Aliases are shared, never copied, and how far they would unfold is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

import yaml

from aifctl.core.errors import Mistake
from aifctl.core.printable import printable_line

#: What one file may unfold to; 6,250 nodes written out one by one with all their rails stay below a tenth of it.
MAX_VALUES = 2_000_000
MAX_FILE_BYTES = 64 << 20
MAX_DEPTH = 50

_TAG = "tag:yaml.org,2002:"
_TAGS = frozenset(_TAG + kind for kind in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value"))
_COLLECTIONS = frozenset({_TAG + "seq", _TAG + "map"})
_DEEP_LINE = re.compile(r"^ {400}|(?:[-?:][ \t]+){50}", re.MULTILINE)
_BRACKET = re.compile(r"[\[\]{}]")
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; `line` is 1-based."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text as typed; `null` for nothing, ~ and null without quotes."""

    text: str
    place: Place
    null: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Value, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping; each key with the place where it stands."""

    items: dict[str, tuple[Place, Value]]
    place: Place


Value = Scalar | Sequence | Mapping


class Mistakes:
    """Collects mistakes; those of one kind on one line are told three times and then counted."""

    TOLD_COUNT = 3

    def __init__(self) -> None:
        self._by_kind: dict[tuple[Place, str], dict[str, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_kind)

    def add(self, place: Place, message: str, *, kind: str = "") -> None:
        """Record one mistake. `kind`: a pattern goes wrong for thousands of nodes on one line, in one way."""
        self._by_kind.setdefault((place, kind or message), {})[printable_line(message)] = None

    def unknown_key(self, place: Place, key: str, allowed: Iterable[str], *, of: str) -> None:
        """Record a key that does not exist, with the nearest that does."""
        known = sorted(allowed)
        near = get_close_matches(key, known, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
        self.add(place, f"{of} has no key {key[:80]!r}; {hint}")

    def all(self) -> list[Mistake]:
        """Return them in order of file and line."""
        found = []
        for (place, _), messages in self._by_kind.items():
            told = list(messages)
            shown = told[: self.TOLD_COUNT] if len(told) > self.TOLD_COUNT + 1 else told
            if len(told) > len(shown):
                shown[-1] += f" (and {len(told) - len(shown)} more like it on this line)"
            found += [Mistake(file=place.file, line=place.line, message=message) for message in shown]
        return sorted(found)


def parse_marked_yaml(data: bytes, file: str, mistakes: Mistakes) -> Value | None:
    """Return the document, None where it is empty or does not parse (then mistakes says why)."""
    text = _decode(data, file, mistakes)
    if text is None:
        return None
    loader = _Loader(text)
    try:
        if _may_be_deep(text) and _is_deep(text):
            mistakes.add(Place(file, 0), f"nested deeper than {MAX_DEPTH} levels")
            return None
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        reason = problem.problem or problem.context or "not YAML"
        mistakes.add(Place(file, mark.line + 1 if mark else 0), f"not YAML: {_plain_words(reason)}")
        return None
    except (yaml.YAMLError, RecursionError) as problem:
        mistakes.add(Place(file, _line_of(text, getattr(problem, "position", None))), f"not YAML: {_first(problem)}")
        return None
    finally:
        loader.dispose()
    return None if node is None else _Reading(file, mistakes).read(node)


class _Reading:
    """One walk over a document's node graph."""

    def __init__(self, file: str, mistakes: Mistakes) -> None:
        self._file, self._mistakes = file, mistakes
        self._done: dict[int, tuple[Value, int]] = {}  # by identity of the node: an alias is the very same node
        self._open: set[int] = set()

    def read(self, node: yaml.Node) -> Value | None:
        try:
            value, values_count = self._value(node)
        except _TooMuchError as problem:
            self._mistakes.add(problem.place, problem.message)
            return None
        if values_count > MAX_VALUES:
            self._mistakes.add(self._place(node), f"aliases unfold to more than {MAX_VALUES:,} values; write less")
            return None
        return value

    def _value(self, node: yaml.Node) -> tuple[Value, int]:
        """Return the value, and how many values it stands for once its aliases are unfolded."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node), 1
        if id(node) in self._done:
            return self._done[id(node)]
        if id(node) in self._open or len(self._open) >= MAX_DEPTH:
            why = (
                "an alias inside what it names" if id(node) in self._open else f"nested deeper than {MAX_DEPTH} levels"
            )
            raise _TooMuchError(self._place(node), why)
        self._open.add(id(node))
        self._done[id(node)] = self._sequence(node) if isinstance(node, yaml.SequenceNode) else self._mapping(node)
        self._open.discard(id(node))
        return self._done[id(node)]

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        if node.tag not in _TAGS:
            self._refuse_tag(node)
        return Scalar(node.value, self._place(node), node.tag == _TAG + "null" and not node.style)

    def _sequence(self, node: yaml.SequenceNode) -> tuple[Value, int]:
        if node.tag not in _COLLECTIONS:
            self._refuse_tag(node)
        parts = [self._value(child) for child in node.value]
        return Sequence(tuple(value for value, _ in parts), self._place(node)), 1 + sum(count for _, count in parts)

    def _mapping(self, node: yaml.Node) -> tuple[Value, int]:
        if node.tag not in _COLLECTIONS:
            self._refuse_tag(node)
        own: dict[str, tuple[Place, Value]] = {}
        merged: dict[str, tuple[Place, Value]] = {}
        total = 1
        for key, child in node.value:
            value, count = self._value(child)
            total += count + 1
            if key.tag == _TAG + "merge":
                self._merge(value, merged)
            else:
                self._put(own, key, value)
        return Mapping({**merged, **own}, self._place(node)), total

    def _put(self, own: dict[str, tuple[Place, Value]], key: yaml.Node, value: Value) -> None:
        place = self._place(key)
        if not isinstance(key, yaml.ScalarNode):
            self._mistakes.add(place, "a key must be plain text; quote it if it begins with [ or {")
        elif key.value in own:
            self._mistakes.add(place, f"{key.value[:80]!r} stands here twice; first in line {own[key.value][0].line}")
        else:
            own[key.value] = (place, value)

    def _merge(self, value: Value, merged: dict[str, tuple[Place, Value]]) -> None:
        for part in value.items if isinstance(value, Sequence) else (value,):
            if isinstance(part, Mapping):
                for key, entry in part.items.items():
                    merged.setdefault(key, entry)
            else:
                self._mistakes.add(value.place, "<< takes a mapping or a list of mappings")

    def _refuse_tag(self, node: yaml.Node) -> None:
        tag = node.tag.replace(_TAG, "!!")
        self._mistakes.add(self._place(node), f"tags such as {tag[:40]!r} are not allowed; write the plain value")

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._file, node.start_mark.line + 1)


class _TooMuchError(Exception):
    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place, self.message = place, message


def _decode(data: bytes, file: str, mistakes: Mistakes) -> str | None:
    if len(data) > MAX_FILE_BYTES:
        mistakes.add(Place(file, 0), f"larger than {MAX_FILE_BYTES >> 20} MiB; split it into several files")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        mistakes.add(Place(file, line), f"byte 0x{data[problem.start]:02x} is not UTF-8; save the file as UTF-8")
        return None


def _may_be_deep(text: str) -> bool:
    """Cheap and on the safe side: libyaml's composer calls itself for each level, and some 30,000 end the process."""
    if _DEEP_LINE.search(text):
        return True
    depth = 0
    for bracket in _BRACKET.findall(text) if text.count("[") + text.count("{") > MAX_DEPTH else ():
        depth = max(0, depth + (1 if bracket in "[{" else -1))
        if depth > MAX_DEPTH:
            return True
    return False


def _is_deep(text: str) -> bool:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False


def _line_of(text: str, position: int | None) -> int:
    return 0 if position is None else text.count("\n", 0, position) + 1


def _plain_words(reason: str) -> str:
    r"""Say what people run into in their words: libyaml's "found character that cannot start any token" is a tab."""
    if "cannot start any token" in reason:
        return reason + " (a tab, or a value that begins with @, % or ` and needs quotes)"
    if "another document" in reason:
        return "a second document begins here (---); one document a file"
    return re.sub(r"\s+", " ", reason)


def _first(problem: Exception) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    return str(problem).splitlines()[0]
