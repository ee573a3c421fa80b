"""What completion offers: words that continue what was typed, few enough to be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Up to this many words are offered as they are; of more, what they begin with.
MOST_WORDS = 200
MOST_BEGINNINGS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One word to offer.

    Attributes:
        about: what stands beside it in shells that show that.
        goes_on: it is only the beginning of what can stand here, so no space follows it.
    """

    word: str
    about: str = ""
    goes_on: bool = False


def continuations(words: Iterable[str], typed: str, *, kind: str = "names") -> list[Candidate]:
    """Return the words that begin with what was typed; of many, the longest beginnings that are few.

    6,250 names are never offered at once: `r` gives r00 … r15, r12 gives r120 … r129, r120 all forty names.
    """
    found = [word for word in words if word.startswith(typed)]
    if len(found) <= MOST_WORDS:
        return [Candidate(word=word) for word in found]
    return [_beginning(word, count, kind) for word, count in _beginnings(found).items()]


def _beginnings(words: Sequence[str]) -> dict[str, int]:
    first, last = min(words), max(words)
    length = 1 + next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    groups = Counter(word[:length] for word in words)
    while True:
        length += 1
        longer = Counter(word[:length] for word in words)
        if len(longer) > MOST_BEGINNINGS or len(longer) == len(words):
            break
        groups = longer
    alone = {word[: length - 1]: word for word in words if groups[word[: length - 1]] == 1}
    return {alone.get(beginning, beginning): count for beginning, count in groups.items()}


def _beginning(word: str, count: int, kind: str) -> Candidate:
    return Candidate(word=word) if count == 1 else Candidate(word=word, about=f"{count} {kind}", goes_on=True)
