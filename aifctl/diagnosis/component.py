"""What a firmware component is: one file of a drawer that ends in COMPONENT; and how a part stands to a baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from aifctl.diagnosis.absent import NEUTRAL, Absent
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.versions import Relation, Scheme
from aifctl.fleet.baseline import Activation, Rule


class State(StrEnum):
    """How a part stands to its baseline."""

    CURRENT = "current"
    STAGED = "staged"  # what the baseline wants is flashed and does not run yet
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


class Plane(StrEnum):
    """By which way a version is seen."""

    IN_BAND = "in-band"  # the probe, on the node
    OUT_OF_BAND = "out-of-band"  # the BMC, by Redfish


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a node and the firmware of it.

    Attributes:
        subject: as findings name it: `gpu:0000:1b:00.0`, `hca:mlx5_0`, `disk:nvme0`, `node`.
        kind: what the baseline's versions are listed by: board part number, PSID, model; "" where parts have no kinds.
        running: the version that runs. staged: another that is flashed and waits; None where none does, or nobody can tell.
        identity: serial, where known.
    """

    subject: str
    kind: str = ""
    running: str | Absent
    staged: str | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One firmware component.

    Attributes:
        name: kebab-case, the file's name with dashes, and the key of a baseline's rule.
        about: one sentence.
        section: the section of a reading that it stands in; None: no reading of the probe has it.
        parts: the parts in a reading, for planes of which one is in-band.
        scheme: how its versions compare.
        activation: what makes flashed firmware run, where a baseline says nothing else.
        alike: all parts of a kind in one node are to run one version, whatever the baseline says.
        redfish: prefix of its ids in a Redfish FirmwareInventory; "" where it is not there.
        software_id: its PLDM ComponentIdentifier, which Redfish calls SoftwareId; "" where it has none.
        detail: for `firmware explain`: where it is read, what to know of its versions, sources.
    """

    name: str
    about: str
    scheme: Scheme
    section: SectionName | None = None
    parts: Callable[[Reading], Iterable[Part]] | None = None
    activation: Activation = Activation.REBOOT
    alike: bool = False
    redfish: str = ""
    software_id: str = ""
    detail: str = ""

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The ways in which it can be seen."""
        here = (Plane.IN_BAND,) if self.parts else ()
        return (*here, Plane.OUT_OF_BAND) if self.redfish else here


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one part stands: `accepted` is what its baseline lists for its kind, `needs` what would activate what is staged."""

    component: str
    part: Part
    state: State
    message: str
    accepted: tuple[str, ...] = ()
    needs: Activation = Activation.NONE


def stand(component: Component, part: Part, rule: Rule) -> Standing:
    """Judge one part by a baseline's rule."""
    accepted = rule.versions(part.kind)
    needs = rule.activation or component.activation
    state, message = _compared(component, part, accepted, needs)
    return Standing(
        component=component.name,
        part=part,
        state=state,
        message=message,
        accepted=accepted or (),
        needs=needs if state is State.STAGED else Activation.NONE,
    )


def _compared(component: Component, part: Part, accepted: Sequence[str] | None, needs: Activation) -> tuple[State, str]:
    running, scheme = part.running, component.scheme
    if accepted is None:
        return State.UNKNOWN, f"the baseline knows no {part.kind or 'part of this kind'}; {_runs(running)}"
    if isinstance(running, Absent):
        return State.UNKNOWN, f"which version runs could not be told ({running.value})"
    wanted = " or ".join(accepted)
    if not scheme.readable(running):
        return State.UNKNOWN, f"runs {running!r}, which is no version of {component.name}; {wanted} is wanted"
    fine = _is_in(scheme, running, accepted)
    if part.staged is None or _is_in(scheme, part.staged, accepted) == fine:
        if fine:
            return State.CURRENT, f"runs {running}"
        return State.MISMATCH, f"runs {running}{_how(scheme, running, accepted)}; {wanted} is wanted"
    off = ", which the baseline does not list," if fine else ""
    return State.STAGED, f"runs {running}; {part.staged}{off} is flashed and starts by: {needs.value}"


def minority(parts: Sequence[Part], scheme: Scheme) -> Mapping[str, tuple[str, tuple[Part, ...]]]:
    """Return the parts that run something else than most of their kind in this node: kind → (what most run, the others).

    Parts whose version is not told take no side.
    """
    kinds: dict[str, list[tuple[str, Part]]] = {}
    for part in parts:
        if not isinstance(part.running, Absent):
            kinds.setdefault(part.kind, []).append((part.running, part))
    found = {}
    for kind, told in kinds.items():
        counts = Counter(version for version, _ in told)
        usual = max(counts, key=lambda version: (counts[version], version))
        others = tuple(part for version, part in told if not scheme.same(version, usual) and version != usual)
        if others:
            found[kind] = usual, others
    return found


def _is_in(scheme: Scheme, version: str, accepted: Iterable[str]) -> bool:
    return any(scheme.same(version, one) for one in accepted)


def _how(scheme: Scheme, running: str, accepted: Iterable[str]) -> str:
    """Return in words which way it is off: only where all that is accepted lies on one side of it."""
    relations = {scheme.relation(running, one) for one in accepted}
    if relations == {Relation.OLDER}:
        return ", which is older"
    return ", which is newer" if relations == {Relation.NEWER} else ""


def _runs(running: str | Absent) -> str:
    if isinstance(running, Absent):
        return "nor is it told which version runs" if running not in NEUTRAL else "nor has it a version"
    return f"it runs {running}"
