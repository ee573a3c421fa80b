"""What was probably meant: the nearest of the names there are, fast enough for thousands of typos in 6,250 names."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from aifctl.fleet.nodeset_order import natural_key

#: difflib compares one name with 6,250 in 25 ms; beyond so many names only the quick ways below are tried.
_MOST_COMPARED = 8

_NUMBERS = re.compile("0*([0-9]+)")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-._"


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return the choice most like the word, "" where none is alike."""
    choices = list(choices)
    plain = {_plain(choice): choice for choice in reversed(choices)}
    return plain.get(_plain(word)) or _alike(word, choices)


def nearest_names(unknown: Iterable[str], known: Sequence[str]) -> list[str]:
    """Return one nearest name for each unknown one, "" where nothing is alike or the search would take too long.

    In order: the same but for padding, case and dashes; the same but for the last number; one typing error away; the
    neighbour in nodeset order; what difflib finds.

    Args:
        unknown: names that are not among the known.
        known: in nodeset order.
    """
    search = _Search(known)
    return [search.nearest(name) for name in unknown]


class _Search:
    def __init__(self, known: Sequence[str]) -> None:
        self._known = known
        self._set = frozenset(known)
        self._plain = {_plain(name): name for name in reversed(known)}
        self._compared = 0

    def nearest(self, name: str) -> str:
        if found := self._plain.get(_plain(name)):
            return found
        neighbour = self._neighbour(name)
        if neighbour and natural_key(neighbour)[0][:-2] == natural_key(name)[0][:-2]:
            return neighbour
        typo = next((each for each in _one_error_away(name) if each in self._set), "")
        return typo or neighbour or self._compare(name)

    def _neighbour(self, name: str) -> str:
        """Return the name that stands before or after in nodeset order, if it has the same text around its numbers."""
        at = bisect_left(self._known, natural_key(name), key=natural_key)
        shape = natural_key(name)[0][::2]
        beside = [each for each in self._known[max(0, at - 1) : at + 1] if natural_key(each)[0][::2] == shape]
        return max(beside, key=lambda each: _shared_length(each, name), default="") if len(shape) > 1 else ""

    def _compare(self, name: str) -> str:
        self._compared += 1
        if self._compared > _MOST_COMPARED:
            return ""
        return _alike(name, self._known)


def _alike(word: str, choices: Sequence[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only after a mistake: 2 ms that no good command pays

    return next(iter(get_close_matches(word, choices, n=1)), "")


def _plain(name: str) -> str:
    return _NUMBERS.sub(r"\1", name).lower().replace("-", "").replace("_", "")


def _shared_length(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _one_error_away(name: str) -> Iterator[str]:
    """Yield the name with two neighbours swapped, one character left out, replaced or added. Bounded: 64 characters."""
    splits = [(name[:at], name[at:]) for at in range(min(len(name), 64) + 1)]
    yield from (head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1)
    yield from (head + tail[1:] for head, tail in splits if tail)
    yield from (head + letter + tail[1:] for head, tail in splits if tail for letter in _LETTERS)
    yield from (head + letter + tail for head, tail in splits for letter in _LETTERS)
