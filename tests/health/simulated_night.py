"""A simulated fleet looked at and judged as a sweep does it, less SSH and the store: fast enough for every kind of fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import islice

from aifctl.diagnosis.check import Check
from aifctl.diagnosis.examining import Examiner, Kept, Look
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.incidents import Incident, fold
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.scopes import Ground
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.fleet.profile import Profile
from aifctl.sim.fault import parse_planting
from aifctl.sim.layout import RAILS, Layout, Place
from aifctl.sim.node.contents import Pool
from aifctl.sim.node.machine import SKU, Machine, Surroundings
from aifctl.sim.node.parts import HCAS
from aifctl.sim.node.template import furnish
from aifctl.sim.probing.reply import reply
from aifctl.sim.targets import resolve_targets
from aifctl.survey.envelope import open_envelope
from aifctl.survey.reading import read_envelope
from aifctl.wiring.expecting import all_checks, read_all_profiles

BETWEEN_SWEEPS_S = 900.0
_PROBE = "cd" * 32
#: Of 32 KB: more than the control host reads, too.
_MOST_BLOCKS = 65
_BEGIN_S = datetime(2026, 12, 1, 3, tzinfo=UTC).timestamp()


@cache
def checks() -> tuple[Check, ...]:
    return all_checks()


@cache
def profile() -> Profile:
    """Return the profile that ships for the simulated nodes."""
    found = read_all_profiles(None, checks()).of_sku(SKU)
    assert found is not None
    return found


class NightClock:
    """A clock that stands still between sweeps."""

    def __init__(self) -> None:
        self.at_s = _BEGIN_S

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at_s, UTC)

    def monotonic_s(self) -> float:
        return self.at_s - _BEGIN_S

    async def sleep(self, seconds_s: float) -> None:
        self.at_s += seconds_s


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What one sweep came to, by node, and what it folded into."""

    looks: Mapping[str, Look]
    incidents: tuple[Incident, ...]

    def findings(self, node: str) -> tuple[Finding, ...]:
        return self.looks[node].settled.verdict.findings

    def of(self, node: str) -> list[Incident]:
        """Return the incidents that a node is in."""
        return [incident for incident in self.incidents if node in incident.nodes]


class Night:
    """A fleet, what is remembered of it, and the time."""

    def __init__(self, nodes_count: int, *, seed: int = 0, examiner: Examiner | None = None) -> None:
        self.layout, self.clock, self._seed = Layout(nodes_count), NightClock(), seed
        around = Surroundings(
            secret=bytes(32), seed=seed, clock=self.clock, pool=Pool(64 << 20), disk_bytes=1 << 20, boot_s=1.0,
            furnish=furnish, reboot=lambda _: None,
        )  # fmt: skip
        self.machines = [Machine(place, around) for place in self.layout.places()]
        self._kept = {machine.name: Kept() for machine in self.machines}
        self._examiner = examiner or Examiner(checks(), version="test")

    def plant(self, *texts: str) -> list[str]:
        """Give nodes faults, KIND[:ARG]@WHERE each; returns who has got one."""
        hit: list[str] = []
        for text in texts:
            planting = parse_planting(text)
            for index in resolve_targets(planting.where, self.layout, seed=self._seed, kind=planting.fault.kind.name):
                self.machines[index].plant(planting.fault)
                hit.append(self.machines[index].name)
        return hit

    def cure(self) -> None:
        for machine in self.machines:
            machine.cure()

    def sweep(self) -> Swept:
        """Look at every node once."""
        self.clock.at_s += BETWEEN_SWEEPS_S
        looks = {machine.name: self._look(machine) for machine in self.machines}
        found = [replace(one, node=name) for name, look in looks.items() for one in look.settled.verdict.findings]
        explained_by = {check.name: check.explained_by for check in checks()}
        return Swept(looks=looks, incidents=fold(found, self.ground(), explained_by=explained_by))

    def reading(self, node: str) -> Reading:
        """Return what a node tells now, from the beginning of its kernel's log; nothing is remembered of it."""
        machine = next(one for one in self.machines if one.name == node)
        envelope = open_envelope(b"".join(_said(machine, "")), node=node, probe=_PROBE)
        return read_envelope(envelope, node=node, at_s=self.clock.at_s)

    def _look(self, machine: Machine) -> Look:
        kept, at_s = self._kept[machine.name], self.clock.at_s
        said = b"".join(_said(machine, kept.memory.cursor))
        try:
            envelope = open_envelope(said, node=machine.name, probe=_PROBE)
        except UnreadableError as problem:
            return self._examiner.miss(machine.name, kept, at_s=at_s, outcome="unreadable", message=str(problem))
        reading = read_envelope(envelope, node=machine.name, at_s=at_s)
        look = self._examiner.examine(reading, kept, profile(), inventory_of_place(machine.place))
        assert look.packed is not None
        assert look.memory is not None
        self._kept[machine.name] = Kept(
            findings=look.findings, memory=look.memory, facts_digest=look.packed.digest, seen_at_s=at_s
        )
        return look

    def ground(self) -> Ground:
        """Return where its nodes stand, all of them judged."""
        scopes: dict[str, dict[str, list[str]]] = {"rack": {}, "su": {}, "feed": {}, "hall": {}, "cohort": {}}
        for machine in self.machines:
            for kind, value in _scopes(machine, self.layout):
                scopes[kind].setdefault(value, []).append(machine.name)
        names = [machine.name for machine in self.machines]
        places = [machine.place for machine in self.machines]
        return Ground(
            judged=frozenset(names),
            scopes=scopes,
            leaf_of={(place.name, HCAS[rail]): place.leaf(rail) for place in places for rail in range(RAILS)},
            gpu_counts=dict.fromkeys(names, 8),
        )


def _said(machine: Machine, cursor: str) -> Iterable[bytes]:
    arguments = {"cursor": cursor} if cursor else {}
    said: Iterable[bytes] = [reply(machine, arguments, probe=_PROBE, user="ops")]
    for fault in machine.faults:
        if fault.kind.spoil:
            said = fault.kind.spoil(b"".join(said), fault.value)
    return islice(said, _MOST_BLOCKS)


def _scopes(machine: Machine, layout: Layout) -> Iterable[tuple[str, str]]:
    place = machine.place
    yield "rack", layout.rack_name(place.rack)
    yield "su", f"su{place.su}"
    yield "hall", f"h{place.hall}"
    for feed in place.feeds:
        yield "feed", feed
    skewed = any(fault.kind.name == "driver-skew" for fault in machine.faults)
    yield "cohort", "580.95.05" if skewed else "580.105.08"


def inventory_of_place(place: Place) -> Mapping[str, str]:
    """Return what the inventory says of a node."""
    return {"name": place.name, "address": place.address, "sku": SKU, "serial.chassis": place.serial}
