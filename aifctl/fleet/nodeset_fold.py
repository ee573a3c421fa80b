"""Names → the shortest nodeset that scontrol and ClusterShell both read back, in time linear in the names.

The last run of digits of every name is folded first, then the one before it, and so on to the left; names share a
range where all that follows is the same. A full grid so becomes one product, r[01-12]n[01-32]; what has holes becomes
one range per row, which is what Slurm writes too. ClusterShell finds slightly shorter texts for irregular sets, in
seconds to minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from aifctl.fleet.nodeset_order import natural_key, sort_names

#: scontrol 22.05 refuses a range, and any axis but the last, of more names than this.
_SLURM_MOST_NAMES = 65_536

#: Longer runs of digits (serials, MACs) are text: Slurm counts in 64 bits.
_MOST_DIGITS = 18

#: A screen's two or three lines; some 30 nodes whose numbers have nothing in common.
_MOST_IN_A_SENTENCE = 200

_TRAILING_DIGITS = "0123456789"
_RUN = re.compile("[0-9]+")
_BRACKET = re.compile(r"\[([0-9]+)[^\]]*\]")
_LONE_BRACKET = re.compile(r"[^\[]*\[[0-9]+\]")


def fold(names: Iterable[str], *, slurm: bool = False) -> str:
    """Return the names as one nodeset without steps, in nodeset order, each name once; "" for none.

    Args:
        names: valid node names (`nodeset_ranges.is_name`), in any order.
        slurm: write only what `scontrol show hostnames` reads as well: nothing may follow the last bracket
            (r[1-2]n[1], not r[1-2]n1; names that end in text stay unfolded), and 65,536 names at most in one range.
    """
    unique = dict.fromkeys(names)
    if not slurm and len(unique) == 1:  # a run in which every node answers differently folds each name by itself
        return next(iter(unique))
    if not slurm:
        return ",".join(_in_order(_folded(unique, slurm=False)))
    ordered = list(unique) if len(unique) <= _SLURM_MOST_NAMES else sort_names(unique)
    pieces = iter(ordered)
    folded: list[str] = []
    while piece := list(islice(pieces, _SLURM_MOST_NAMES)):
        folded += _in_order(map(_unbracketed, _folded(piece, slurm=True)))
    return ",".join(folded)


def fold_short(names: Iterable[str]) -> str:
    """Return the names as `fold` does, cut where that would be too long for a sentence."""
    text = fold(names)
    return text if len(text) <= _MOST_IN_A_SENTENCE else f"{text[:_MOST_IN_A_SENTENCE]}…"


def _folded(names: Iterable[str], *, slurm: bool) -> list[str]:
    """Return folded terms, unordered. A row is (what is still to be folded, what stands folded to its right)."""
    rows = [(name, "") for name in names]
    done: list[str] = []
    while rows:
        groups: dict[tuple[str, str], list[str]] = {}
        for head, tail in rows:
            before, digits, after = _last_run(head)
            if not digits or (slurm and after and not tail):
                done.append(head + tail)
            elif (key := (before, after + tail)) in groups:
                groups[key].append(digits)
            else:
                groups[key] = [digits]
        rows = [
            (before, _axis(digits, bare=not (slurm and not tail)) + tail) for (before, tail), digits in groups.items()
        ]
    return done


def _last_run(head: str) -> tuple[str, str, str]:
    """Split at the last run of digits that is an axis: (before, digits, after); digits is "" where there is none."""
    before = head.rstrip(_TRAILING_DIGITS)
    if len(before) < len(head) <= len(before) + _MOST_DIGITS:
        return before, head[len(before) :], ""
    last = None
    for run in _RUN.finditer(head):
        if run.end() - run.start() <= _MOST_DIGITS:
            last = run
    if last is None:
        return head, "", ""
    return head[: last.start()], last[0], head[last.end() :]


def _axis(digits: list[str], *, bare: bool) -> str:
    """Return what stands for these values of one axis: 7 (where `bare`) or [7] for one, else [1-3,07]."""
    if len(digits) == 1:
        return digits[0] if bare else f"[{digits[0]}]"
    return f"[{','.join(_ranges(digits))}]"


def _ranges(digits: Sequence[str]) -> list[str]:
    """Fold digit strings, all different, into ranges: in order of number, then of width."""
    padded_widths = {len(text) for text in digits if text[0] == "0" and len(text) > 1}
    if not padded_widths:
        return [_range(first, last, 0) for _, first, last in _runs(sorted(map(int, digits)), 0)]
    by_width: dict[int, list[int]] = {}
    for text in digits:
        by_width.setdefault(len(text) if len(text) in padded_widths else 0, []).append(int(text))
    runs = [run for width, numbers in by_width.items() for run in _runs(sorted(numbers), width)]
    return [_range(first, last, width) for width, first, last in sorted(runs, key=lambda run: (run[1], run[0]))]


def _runs(numbers: Sequence[int], width: int) -> Iterable[tuple[int, int, int]]:
    """Yield (width, first, last) for every stretch of consecutive numbers."""
    if numbers[-1] - numbers[0] == len(numbers) - 1:  # a full row, by far the commonest
        yield width, numbers[0], numbers[-1]
        return
    first = last = numbers[0]
    for number in islice(numbers, 1, None):
        if number != last + 1:
            yield width, first, last
            first = number
        last = number
    yield width, first, last


def _range(first: int, last: int, width: int) -> str:
    text = str(first).zfill(width)
    return text if first == last else f"{text}-{str(last).zfill(width)}"


def _in_order(terms: Iterable[str]) -> list[str]:
    return sorted(terms, key=lambda term: natural_key(_BRACKET.sub(r"\1", term) if "[" in term else term))


def _unbracketed(term: str) -> str:
    """Return n1 for n[1]: the bracket is only needed behind another one."""
    return term.replace("[", "").replace("]", "") if _LONE_BRACKET.fullmatch(term) else term
