"""In which order the batches of a log were applied, told from the log alone.

Each transaction has a number, which the database hands out under its lock, and which stands in the batch's header. Beyond that:

- A batch that was only queued has none. When it is applied, an adoption (a batch of its own, with a number) lists it.
- One whose writer died between writing and committing has a number that another batch has got as well. Of several, the last was
  committed: the one before it had died when the number was given again. The others wait for an adoption, like queued ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aifctl.store.batch import ADOPTION, Member

#: (segment's name, offset)
Where = tuple[str, int]
Rank = tuple[int, float, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Batches in the order in which they were applied.

    Attributes:
        known: those that were applied.
        waiting: those that nobody is known to have applied, by time; adoptions that came to nothing are among them.
    """

    known: tuple[tuple[str, Member], ...]
    waiting: tuple[tuple[str, Member], ...]


def in_order(found: Mapping[str, Sequence[Member]], adopted: Callable[[str, Member], Iterable[Where]]) -> Ordered:
    """Put the members of segments, by the segment's name, in order.

    Args:
        found: members in order of offset.
        adopted: reads what an adoption lists.
    """
    committed = _committed(found)
    places: dict[Where, Rank] = {}
    for name, member in sorted(committed.values(), key=lambda one: one[1].seq):
        if member.flags & ADOPTION:
            places |= {where: (member.seq, member.at_s, index) for index, where in enumerate(adopted(name, member))}
    known: list[tuple[Rank, str, Member]] = []
    waiting: list[tuple[str, Member]] = []
    for name, members in found.items():
        for member in members:
            is_committed = committed.get(member.seq) == (name, member)
            rank = places.get((name, member.offset))
            if rank is None and is_committed:
                rank = (member.seq, member.at_s, 0)
            if rank is None:
                waiting.append((name, member))
            else:
                known.append((rank, name, member))
    known.sort(key=lambda one: (one[0], one[1], one[2].offset))
    waiting.sort(key=lambda one: (one[1].at_s, one[0], one[1].offset))
    return Ordered(known=tuple((name, member) for _, name, member in known), waiting=tuple(waiting))


def _committed(found: Mapping[str, Sequence[Member]]) -> dict[int, tuple[str, Member]]:
    """Return by number the batch that was committed with it."""
    best: dict[int, tuple[tuple[bool, float], str, Member]] = {}
    for name, members in found.items():
        last = max((member.seq for member in members), default=0)
        for member in members:
            # A writer goes on in its segment only when what it wrote was committed, or adopted.
            rank = (member.seq < last, member.at_s)
            if member.seq and (member.seq not in best or rank > best[member.seq][0]):
                best[member.seq] = (rank, name, member)
    return {seq: (name, member) for seq, (_, name, member) in best.items()}
