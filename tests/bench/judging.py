"""What judging costs by itself, less SSH and the store: readings as sweeps have them, judged and folded, in this process."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aifctl.diagnosis.check import Case
from aifctl.diagnosis.examining import Examiner, Kept, Look
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.incidents import fold
from aifctl.diagnosis.reading import Reading
from aifctl.health.ground import ground_of
from aifctl.health.looking import inventory_of
from aifctl.sim.node.machine import Machine
from aifctl.sim.probing.reply import reply
from aifctl.survey.envelope import open_envelope
from aifctl.survey.reading import read_envelope
from tests.bench.figures import Figure
from tests.bench.workbench import Workbench
from tests.health.remembered_night import remembered
from tests.health.simulated_night import BETWEEN_SWEEPS_S, checks, profile

_NODES_COUNT = 6250
_PROBE = "cd" * 32

#: Seconds of CPU for all nodes, by what was done.
Costs = defaultdict[str, float]


def judging(bench: Workbench) -> None:
    """Measure it, and leave its figures."""
    costs = measure_judging(bench.folder / "judging", _NODES_COUNT)
    for name, promise, unit, value in (
        ("judge and fold 6,250 readings, facts as they were", 1.0, "s", costs["unchanged"] + costs["fold"]),
        ("judge and fold 6,250 readings, all facts new", 6.0, "s", costs["changed"] + costs["fold"]),
        ("a reply opened, read, judged and packed: CPU a node", 4.5, "ms", costs["look"] / _NODES_COUNT * 1e3),
    ):
        bench.figures.append(Figure(name=name, promise=promise, unit=unit, value=value, judged=False))


def measure_judging(folder: Path, nodes_count: int) -> Costs:
    """Look twice at each node of a healthy fleet; counters move in between as those of healthy nodes do."""
    fleet = remembered(folder, nodes_count)
    night, inventory, costs = fleet.night, fleet.tools.inventory, Costs(float)
    examiner, findings = Examiner(checks(), version="bench"), list[Finding]()
    for machine in night.machines:
        told = inventory_of(inventory, machine.name)
        night.clock.at_s += BETWEEN_SWEEPS_S
        before, _ = _look(_said(machine), told, night.clock.at_s, examiner, Kept())
        kept = _kept(before)
        night.clock.at_s += BETWEEN_SWEEPS_S
        said = _said(machine)
        with _timed(costs, "look"):
            look, reading = _look(said, told, night.clock.at_s, examiner, kept)
        after = _kept(look)
        case = Case(reading=reading, profile=profile(), memory=after.memory, inventory=told)
        with _timed(costs, "unchanged"):
            examiner.judge(case, kept.findings, after.facts_digest)
        with _timed(costs, "changed"):
            verdict, _ = examiner.judge(case, kept.findings, "new")
        findings += verdict.findings
    with _timed(costs, "fold"):
        ground = ground_of(inventory, inventory.names, gpu_counts={}, drivers={}, profiles=fleet.tools.profiles)
        fold(findings, ground)
    return costs


def _said(machine: Machine) -> bytes:
    return reply(machine, {}, probe=_PROBE, user="ops")


def _look(said: bytes, told: Mapping[str, str], at_s: float, examiner: Examiner, kept: Kept) -> tuple[Look, Reading]:
    node = told["name"]
    reading = read_envelope(open_envelope(said, node=node, probe=_PROBE), node=node, at_s=at_s)
    return examiner.examine(reading, kept, profile(), told), reading


def _kept(look: Look) -> Kept:
    assert look.packed is not None
    assert look.memory is not None
    return Kept(findings=look.findings, memory=look.memory, facts_digest=look.packed.digest, seen_at_s=look.at_s)


@contextmanager
def _timed(costs: Costs, what: str) -> Iterator[None]:
    began_s = time.process_time()
    yield
    costs[what] += time.process_time() - began_s
