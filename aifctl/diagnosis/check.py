"""What a check is: one file of a drawer that ends in CHECK, a value. Judging is `aifctl.diagnosis.judging`'s."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aifctl.diagnosis.absent import CannotTellError
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.peers import Spread
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.fleet.profile import Expectation, Profile

#: Threshold has a field of that name.
_Type = type


#: Why an expectation can't be told of a node that no profile fits; of all checks that say so one incident is made.
NO_PROFILE = "no profile is known for this node's SKU"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """An expectation that a check asks a profile for.

    Attributes:
        key: `gpu.count`.
        type: int, float, str, bool or list; what the profile's value must be.
        low, high: bounds of what physics allows; a profile beyond them is refused.
        about: one line, with the unit.
        items: what the parts of a list must be.
        optional: only a site can say it; without it the check has nothing to compare with, and that is not unknown.
    """

    key: str
    type: type
    about: str
    low: float | None = None
    high: float | None = None
    items: _Type = str
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a check judges by, beside the subject itself.

    Attributes:
        reading: the whole reading, for what another section says.
        profile: None where the node's SKU is unknown: what needs an expectation is unknown then, and evidence that needs
            none is judged all the same.
        memory: what was before, this reading included (`remember` has been called).
        inventory: what the inventory says of the node: `name`, `address`, `sku`, `serial.chassis`, `serial.gpu0`, …, and its
            `state` as it is now; only what is said; empty in triage.
    """

    reading: Reading
    profile: Profile | None
    memory: Memory
    inventory: Mapping[str, str] = field(default_factory=dict)
    peers: Mapping[str, Spread] = field(default_factory=dict)

    def expect(self, key: str) -> Expectation:
        """Return what the profile says; CannotTellError where there is no profile, or none of that key in it."""
        if self.profile is None:
            raise CannotTellError(key, NO_PROFILE)
        expectation = self.profile.expectations.get(key)
        if expectation is None:
            raise CannotTellError(key, f"the profile {self.profile.name} does not say")
        return expectation


#: Yields what is wrong with one subject; nothing where it is fine. May raise NeutralError and CannotTellError.
Judge = Callable[[Any, Case], Iterable[Finding]]

#: Sees of all subjects of a node at once that a Judge would find nothing on any of them, and could judge one at least. In
#: doubt it says no; it may raise what a Judge may, and TypeError where it compares what is absent.
Glance = Callable[[Sequence[Any], Case], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check.

    Attributes:
        name: kebab-case, as `aifctl checks explain NAME` takes it; the file's name with dashes.
        about: one sentence.
        section: the section it needs. A section that could not be read makes each check of it unknown on that node (one
            finding a section, not one a check); `na` leaves it out.
        subjects: the subjects in a reading, each judged by itself, so that one unreadable GPU hides no other;
            CannotTellError there makes the check unknown on the node.
        judge: see Judge.
        needs: what it asks a profile for.
        detail: for `checks explain`: what it sees and what it can't, why the action, sources.
        judges_ends: it judges how its section ended, and is asked also where that could not be read.
        moving: it reads fields that move or the memory; others are judged anew only when a fact changed.
        all_fine: see Glance; where it says yes `judge` is not asked. Nearly all nodes are fine, and judging each subject of
            each by itself is what judging a fleet costs.
        explained_by: checks whose finding on the same node (same subject, or the node as a whole) says why this one finds
            something: it joins that incident instead of making its own. A GPU that is off the bus has no NVLinks.
        again: code → kind of fault, of findings that ask for a replacement where the same part has the same kind in a second
            boot (aifctl.diagnosis.recurring, whose NEEDS belong to such a check's).
        measure: numbers to compare among peers: subject → value; `node why` shows their p50 and p99.
    """

    name: str
    about: str
    section: SectionName
    subjects: Callable[[Reading], Iterable[tuple[str, Any]]]
    judge: Judge
    needs: tuple[Threshold, ...] = ()
    detail: str = ""
    moving: bool = False
    all_fine: Glance | None = field(default=None)
    judges_ends: bool = False
    measure: Callable[[Reading], Mapping[str, float]] | None = field(default=None)
    explained_by: tuple[str, ...] = ()
    again: Mapping[str, str] = field(default_factory=dict)
