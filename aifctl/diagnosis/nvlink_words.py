"""What the seven words of an Xid 74 say of a link: whether it is its own fault or follows another, and what to do.

Source: NVIDIA's Xid catalogue, resolution bucket WORKFLOW_NVLINK_ERR, as of R580: the first, third, fourth and fifth word
mean something on Hopper, and no word on anything else. It tells no side of a link; "secondary" is its word for an error
that comes from elsewhere: from the far end, another GPU or an NVSwitch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aifctl.diagnosis.finding import Action, Result
from aifctl.diagnosis.kernel import KernelEvent
from aifctl.diagnosis.lasting_events import further_count

#: Words of the names that NVML gives to GPUs of the Hopper kind.
_HOPPER = frozenset({"H100", "H200", "H800", "H20", "GH200"})

Verdict = tuple[Result, Action]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkError:
    """One kind of error that bits stand for.

    Attributes:
        name: for evidence. meaning: one line, for a person.
        verdict: where it is seen up to `most` times on one link; `beyond`: oftener.
        rank: of several kinds in one line the highest is the error, the others come with it.
    """

    name: str
    meaning: str
    verdict: Verdict
    beyond: Verdict
    most: int
    rank: int

    @property
    def secondary(self) -> bool:
        """Whether it comes from elsewhere."""
        return self in {_SECONDARY, _SECONDARY_FABRIC}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTold:
    """What one link's lines come to: how often its worst kind of error was seen."""

    link: int
    error: LinkError
    count: int

    @property
    def verdict(self) -> Verdict:
        return self.error.verdict if self.count <= self.error.most else self.error.beyond


def has_words(gpu_name: str) -> bool:
    """Whether the words of a GPU of this name mean something."""
    return not _HOPPER.isdisjoint(gpu_name.replace("-", " ").split())


def link_errors(events: Iterable[KernelEvent]) -> tuple[LinkTold, ...]:
    """Return the worst error of each link that lines of Xid 74 name with all their words, in order of links."""
    by_link: dict[int, dict[LinkError, int]] = {}
    for event in events:
        link, words = event.facts.get("link"), event.facts.get("registers")
        if isinstance(link, int) and isinstance(words, list) and len(words) == _WORDS:
            error, counts = _error_of(words), by_link.setdefault(link, {})
            counts[error] = counts.get(error, 0) + 1 + further_count(event)
    return tuple(_told(link, counts) for link, counts in sorted(by_link.items()))


def _told(link: int, counts: Mapping[LinkError, int]) -> LinkTold:
    worst = max(counts, key=lambda error: error.rank)
    return LinkTold(link=link, error=worst, count=counts[worst])


def _error_of(words: Sequence[int]) -> LinkError:
    found = [error for at, bits in _BITS.items() for bit, error in bits.items() if words[at] >> bit & 1]
    if any(words[at] & ~sum(1 << bit for bit in bits) for at, bits in _BITS.items()):
        found.append(_UNEXPLAINED)
    return max(found, key=lambda error: error.rank, default=_UNEXPLAINED)


_WORDS = 7
_EVER, _REPEATED, _MORE_THAN_TWICE = 10**9, 1, 2

_WATCH = (Result.WATCH, Action.WATCH)
#: The catalogue's line of Xid 74 itself: a reset of the GPU is needed to clear it.
_RESET = (Result.FAULT, Action.RESET)
_REBOOT = (Result.FAULT, Action.REBOOT)
_CABLE = (Result.FAULT, Action.CABLE)
_DRAIN = (Result.FAULT, Action.DRAIN)


def _error(
    rank: int, name: str, meaning: str, verdict: Verdict, beyond: Verdict | None = None, most: int = _EVER
) -> LinkError:
    return LinkError(name=name, meaning=meaning, verdict=verdict, beyond=beyond or verdict, most=most, rank=rank)


_IGNORED = _error(0, "ignorable", "it can be ignored", _WATCH)
_THRESHOLD = _error(
    10,
    "ecc-threshold",
    "many corrected errors and none that was not: it may go on; field diagnostics tell more",
    _WATCH,
)
#: "If seen solo, please report a bug": nothing to do about the link itself is told.
_SECONDARY = _error(
    20, "secondary", "it follows from an error elsewhere, at the other end or in an NVSwitch: look there first", _DRAIN
)
_SECONDARY_FABRIC = _error(
    30,
    "secondary-fabric",
    "it follows from an error elsewhere, and the whole fabric has to be reset, which a reboot does",
    _REBOOT,
)
_SIGNAL = _error(
    40, "signal", "its signal is marginal: check how the link is seated, then run field diagnostics", _CABLE
)
_AGAIN = _error(50, "again", "NVIDIA wants to hear of it where it comes again", _RESET, _DRAIN, _REPEATED)
_DIAGNOSE = _error(
    60, "diagnose", "where it comes again, run field diagnostics and report it to NVIDIA", _RESET, _DRAIN, _REPEATED
)
_PARITY = _error(
    70,
    "parity",
    "likely this GPU's own hardware, ECC or parity; more than twice on one link is NVIDIA's",
    _RESET,
    _DRAIN,
    _MORE_THAN_TWICE,
)
_CONNECTION = _error(
    80,
    "connection",
    "it may be how the link is seated: check that, reseat it, and run diagnostics if it comes back",
    _CABLE,
)
_UNEXPECTED = _error(90, "unexpected", "it is not expected outside of laboratories: report it to NVIDIA", _DRAIN)
_UNEXPLAINED = _error(35, "unexplained", "NVIDIA's catalogue has no word on its bits: report it to NVIDIA", _DRAIN)

#: Word, from 0, → bit → what it stands for.
_BITS: Mapping[int, Mapping[int, LinkError]] = {
    0: {
        **dict.fromkeys((0, 23, 30), _IGNORED),
        **dict.fromkeys((1, 20), _SECONDARY),
        **dict.fromkeys((4, 5), _PARITY),
        **dict.fromkeys((8, 9, 12, 16, 17, 24, 28), _CONNECTION),
        **dict.fromkeys((21, 22), _SIGNAL),
        **dict.fromkeys((27, 29), _AGAIN),
    },
    2: {
        **dict.fromkeys((0, 1, 2, 6), _PARITY),
        13: _UNEXPECTED,
        **dict.fromkeys((16, 19), _DIAGNOSE),
        **dict.fromkeys((17, 18), _AGAIN),
    },
    3: {16: _SECONDARY, 17: _SECONDARY, 18: _SECONDARY_FABRIC},
    4: {
        **dict.fromkeys((18, 19, 21, 22, 24, 25, 27, 28), _PARITY),
        **dict.fromkeys((20, 23, 26, 29), _THRESHOLD),
    },
}
