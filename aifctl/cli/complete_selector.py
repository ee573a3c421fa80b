"""Completing selectors: the last operand is completed, what stands before it is kept."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aifctl.cli.candidates import Candidate, continuations
from aifctl.core.outcome import Outcome
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import STATE_NAMES, State
from aifctl.fleet.selector_terms import RUN_SETS

#: `@kind:` that names a scope of the fleet → what one of its values is called in the plural.
_SCOPES = {
    "site": "sites",
    "hall": "halls",
    "su": "SUs",
    "rack": "racks",
    "leaf": "leaves",
    "feed": "feeds",
    "sku": "SKUs",
}
_KINDS = {
    **{kind: f"by {kind}" for kind in _SCOPES},
    "state": "by lifecycle state",
    "attr": "by any field or label",
    "run": "the nodes of an earlier run",
    "file": "names in a file",
}
_RUN_PARTS = (*RUN_SETS, *(outcome.value for outcome in Outcome))
_WORDS = ("and", "not", "xor")

#: One piece of a selector: an operand (brackets may hold commas), an operator, a space. An open bracket matches nothing.
_PIECE = re.compile(r"(?:[^\s,!&^()\[\]]|\[[^\[\]]*\])+|[,!&^()]|\s+")
_RESERVED = re.compile(r"[\s,!&^()\[\]*?]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where values come from; each is asked only when its kind of term is completed.

    Attributes:
        fleet: the inventory in use.
        runs: ids of earlier runs, as candidates.
    """

    fleet: Callable[[], Fleet]
    runs: Callable[[], Sequence[Candidate]]


def complete_selector(typed: str, sources: Sources) -> list[Candidate]:
    """Return what `typed` may continue as, each candidate with all that was typed before its last operand."""
    split = _split(typed)
    if split is None:
        return []
    kept, operand, wants_operator = split
    if wants_operator:
        return [Candidate(word=f"{kept}{word} ", goes_on=True) for word in _WORDS if word.startswith(operand)]
    return [replace(each, word=kept + each.word) for each in _operands(operand, sources)]


def complete_attribute(typed: str, fleet: Fleet) -> list[Candidate]:
    """Return KEY= and, behind it, the values that nodes have."""
    key, equals, beginning = typed.partition("=")
    if not equals:
        return [Candidate(word=f"{name}=", goes_on=True) for name in fleet.attributes if name.startswith(key)]
    if not fleet.has_attribute(key):
        return []
    value_of = fleet.attribute(key)
    values = dict.fromkeys(part for name in fleet.names for part in (value_of(name) or "").split(","))
    sound = [one for one in values if one and one.isprintable() and not _RESERVED.search(one)]
    return [replace(each, word=f"{key}={each.word}") for each in continuations(sound, beginning, kind="values")]


def complete_node(typed: str, fleet: Fleet) -> list[Candidate]:
    """Return the names of single nodes."""
    return [_with_state(each, fleet) for each in continuations(fleet.names, typed, kind="nodes")]


def _split(typed: str) -> tuple[str, str, bool] | None:
    """Return (what is kept, the operand at the end, whether an operator is due there); None within a bracket."""
    at, operand, due = 0, "", False
    while at < len(typed):
        match = _PIECE.match(typed, at)
        if not match:
            return None
        at, piece, before = match.end(), match[0], due
        operand = ""
        if piece.isspace():
            continue
        if piece in ",!&^(" or (before and piece in _WORDS and at < len(typed)):
            due = False
        else:
            due, operand = True, "" if piece == ")" else piece
            if operand and at == len(typed):
                return typed[: match.start()], operand, before
    return typed, "", due


def _operands(operand: str, sources: Sources) -> Iterable[Candidate]:
    if not operand:
        return [*_marks("@", sources), *complete_node("", sources.fleet())]
    if not operand.startswith("@"):
        return complete_node(operand, sources.fleet())
    kind, colon, value = operand[1:].partition(":")
    if not colon:
        return _marks(operand, sources)
    reader = _READERS.get(kind)
    found = reader(value, sources) if reader else _members(kind, value, sources)
    return [replace(each, word=f"@{kind}:{each.word}") for each in found]


def _marks(typed: str, sources: Sources) -> list[Candidate]:
    """Return what can stand behind an @ alone: all, groups, kinds."""
    fleet = sources.fleet()
    groups = {**{name: f"{len(names)} nodes" for name, names in fleet.scope("group").items()}, **fleet.selectors}
    found = [Candidate(word="@all", about=f"{len(fleet)} nodes")]
    found += [Candidate(word=f"@{kind}:", about=about, goes_on=True) for kind, about in _KINDS.items()]
    found += [Candidate(word="@stdin", about="names from standard input")]
    found += [Candidate(word=f"@{name}", about=about) for name, about in groups.items()]
    return [each for each in found if each.word.startswith(typed)]


def _members(kind: str, value: str, sources: Sources) -> list[Candidate]:
    if kind not in _SCOPES:
        return []
    members = sources.fleet().scope(kind)
    found = continuations(members, value, kind=_SCOPES[kind])
    return [each if each.goes_on else replace(each, about=_nodes(len(members[each.word]))) for each in found]


def _states(value: str, sources: Sources) -> list[Candidate]:
    members: Mapping[str, Sequence[str]] = sources.fleet().scope("state")
    names = [name for name in STATE_NAMES if name.startswith(value)]
    return [Candidate(word=name, about=_nodes(len(members.get(name, ())))) for name in names]


def _attributes(value: str, sources: Sources) -> list[Candidate]:
    return complete_attribute(value, sources.fleet())


def _runs(value: str, sources: Sources) -> list[Candidate]:
    run, colon, part = value.partition(":")
    if colon:
        return [Candidate(word=f"{run}:{name}") for name in _RUN_PARTS if name.startswith(part)]
    return [each for each in sources.runs() if each.word.startswith(value)]


def _files(value: str, _: Sources) -> list[Candidate]:
    folder, slash, beginning = value.rpartition("/")
    shown = folder + slash
    return sorted(_entries(os.path.expanduser(shown) or ".", shown, beginning), key=lambda each: each.word)  # noqa: PTH111  Path drops a trailing slash


def _entries(folder: str, shown: str, beginning: str) -> Iterator[Candidate]:
    with os.scandir(folder) as entries:
        for entry in entries:
            sound = entry.name.isprintable() and not _RESERVED.search(entry.name)
            hidden = entry.name.startswith(".") and not beginning
            if sound and not hidden and entry.name.startswith(beginning):
                is_folder = entry.is_dir()
                yield Candidate(word=f"{shown}{entry.name}{'/' * is_folder}", goes_on=is_folder)


def _with_state(candidate: Candidate, fleet: Fleet) -> Candidate:
    if candidate.goes_on:
        return candidate
    state, off = fleet.attribute("state")(candidate.word), fleet.attribute("off")(candidate.word)
    told = [state or ""] * (state != State.READY.value) + ["off"] * (off == "true")
    return replace(candidate, about=", ".join(told))


def _nodes(count: int) -> str:
    return f"{count} node{'s' * (count != 1)}"


_READERS: Mapping[str, Callable[[str, Sources], list[Candidate]]] = {
    "state": _states,
    "attr": _attributes,
    "run": _runs,
    "file": _files,
}
