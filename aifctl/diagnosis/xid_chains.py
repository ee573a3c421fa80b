"""Xids of one GPU to what has happened to it: those of one moment are one event, and one of them its cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aifctl.diagnosis.finding import Action, Result
from aifctl.diagnosis.kernel import KernelEvent, time_of
from aifctl.diagnosis.lasting_events import further_count
from aifctl.diagnosis.xids import NVLINK, RECOVERY_ACTION, XidMeaning, meaning_of

#: An uncorrectable error, the remapping of its row and the end of its processes take 170 ms on an H100; a driver that
#: gives up, resets and cleans up takes some seconds.
_GAP_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """All events of one cause on one GPU.

    Attributes:
        cause: the Xid that the others follow from.
        chains: each occasion by itself, events in order of time.
    """

    pci_address: str
    cause: XidMeaning
    chains: tuple[tuple[KernelEvent, ...], ...]

    @property
    def events(self) -> tuple[KernelEvent, ...]:
        return tuple(event for chain in self.chains for event in chain)

    @property
    def counts(self) -> Counter[int]:
        """Number of an Xid → how often, what was left out of a storm included."""
        counts: Counter[int] = Counter()
        for event in self.events:
            counts[event.number or 0] += 1 + further_count(event)
        return counts

    @property
    def told_action(self) -> str:
        """What Xid 154 has told last, "" where there was none."""
        told = [event.facts.get("action") for event in self.events if event.number == RECOVERY_ACTION]
        return str(told[-1] or "") if told else ""

    @property
    def told_verdict(self) -> tuple[Result, Action] | None:
        """What comes of the driver's own word, which comes first; None of "none", and where there was none."""
        return _AS_TOLD.get(self.told_action)


_AS_TOLD = {
    "gpu-reset": (Result.FAULT, Action.RESET),
    "drain-and-reset": (Result.FAULT, Action.RESET),
    "node-reboot": (Result.FAULT, Action.REBOOT),
    "drain-p2p": (Result.FAULT, Action.DRAIN),
}


def happened(events: Iterable[KernelEvent]) -> tuple[Happened, ...]:
    """Return what has happened, GPU by GPU; only Xids count."""
    by_gpu: dict[str, list[KernelEvent]] = {}
    for event in events:
        if event.kind == "xid" and event.number is not None:
            by_gpu.setdefault(event.pci_address, []).append(event)
    return tuple(one for address, those in sorted(by_gpu.items()) for one in _of_gpu(address, those))


def _of_gpu(address: str, events: list[KernelEvent]) -> Iterator[Happened]:
    by_cause: dict[int, list[tuple[KernelEvent, ...]]] = {}
    for chain in _chains(events):
        cause = max(chain, key=lambda event: meaning_of(event.number or 0).rank)
        by_cause.setdefault(cause.number or 0, []).append(chain)
    for number, chains in by_cause.items():
        yield Happened(pci_address=address, cause=meaning_of(number), chains=tuple(chains))


def _chains(events: list[KernelEvent]) -> Iterator[tuple[KernelEvent, ...]]:
    """Cut where nothing was said for a while; events that tell no time are one chain with those before."""
    chain: list[KernelEvent] = []
    last_s: float | None = None
    for event in sorted(events, key=lambda event: time_of(event) or 0.0):
        time_s = time_of(event)
        if chain and time_s is not None and last_s is not None and time_s - last_s > _GAP_S:
            yield tuple(chain)
            chain = []
        chain.append(event)
        last_s = time_s if time_s is not None else last_s
    if chain:
        yield tuple(chain)


def follows(one: Happened, all_of_node: Iterable[Happened]) -> Happened | None:
    """Return what went wrong on another GPU whenever this did; None where there is no such thing, or no time is told."""
    times = _times_of(one)
    for other in all_of_node:
        if (
            other.pci_address == one.pci_address
            or other.cause.result is not Result.FAULT
            or other.cause.number in NVLINK
        ):
            continue
        others = _times_of(other)
        if times and all(any(abs(at_s - other_s) <= _GAP_S for other_s in others) for at_s in times):
            return other
    return None


def _times_of(one: Happened) -> list[float]:
    return [time_s for event in one.events if (time_s := time_of(event)) is not None]


#: So often, each time on its own, and never elsewhere: the GPU is the likelier cause.
_OCCASIONS = 3
#: An application that is at fault hits GPCs and TPCs all over the GPU: 64 pairs in one real storm.
_FEW_PLACES = 4


def is_hardware(one: Happened, all_of_node: Sequence[Happened]) -> bool:
    """Whether what is a job's fault once happens so often on one GPU alone that it is the GPU's.

    NVIDIA's catalogue, Xid 13: repeated on the same GPC and TPC; Xid 31: repeated on the same GPU, and not on others.
    """
    if not one.cause.repeats or len(one.chains) < _OCCASIONS:
        return False
    places = [
        {(event.facts["gpc"], event.facts["tpc"]) for event in chain if "gpc" in event.facts} for chain in one.chains
    ]
    if any(places):
        return bool(set.intersection(*places)) and len(set.union(*places)) <= _FEW_PLACES
    others = [other for other in all_of_node if other.cause.number == one.cause.number and other is not one]
    return not others and len({event.facts.get("pid") for event in one.events} - {None}) >= _OCCASIONS
