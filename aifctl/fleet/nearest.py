"""What was probably meant: the nearest of the names there are, fast enough for thousands of typos in 6,250 names."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from aifctl.fleet.nodeset_order import natural_key

#: difflib compares one name with 6,250 in 25 ms, and one name has 800 typing errors (0.1 ms); of more names than these
#: only the quick ways are tried.
_MOST_COMPARED = 8
_MOST_RETYPED = 200
_LEAST_ALIKE = 0.6  # difflib's own for close matches

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
        self._keys = [natural_key(name) for name in known]
        self._set = frozenset(known)
        self._plain = {_plain(name): name for name in reversed(known)}
        self._retyped = self._compared = 0

    def nearest(self, name: str) -> str:
        if found := self._plain.get(_plain(name)):
            return found
        neighbour, differs_in_last = self._neighbour(name)
        if neighbour and differs_in_last:
            return neighbour
        return self._retype(name) or neighbour or self._compare(name)

    def _neighbour(self, name: str) -> tuple[str, bool]:
        """Return the name before or after in nodeset order with the same texts, and whether all but its last number fit."""
        key = natural_key(name)
        at = bisect_left(self._keys, key)
        same_texts = [each for each in self._keys[max(0, at - 1) : at + 1] if each[0][::2] == key[0][::2]]
        if not same_texts or len(key[0]) == 1:
            return "", False
        best = max(same_texts, key=lambda each: _shared_length(each[2], name))
        return best[2], best[0][:-2] == key[0][:-2]

    def _retype(self, name: str) -> str:
        self._retyped += 1
        if self._retyped > _MOST_RETYPED:
            return ""
        return next((each for each in _one_error_away(name) if each in self._set), "")

    def _compare(self, name: str) -> str:
        self._compared += 1
        return "" if self._compared > _MOST_COMPARED else _alike(name, self._known)


def _alike(word: str, choices: Iterable[str]) -> str:
    """Return the most like; of several that are as like as each other the one that begins alike, then the first."""
    from difflib import SequenceMatcher  # noqa: PLC0415 - only after a mistake: 2 ms that no good command pays

    matcher = SequenceMatcher()
    matcher.set_seq2(word)  # what is compared with all the others is analysed once
    found, best = "", (_LEAST_ALIKE, -1)
    for choice in choices:
        matcher.set_seq1(choice)
        if matcher.real_quick_ratio() >= best[0] and matcher.quick_ratio() >= best[0]:
            likeness = (matcher.ratio(), _shared_length(choice, word))
            if likeness > best:
                found, best = choice, likeness
    return found


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
