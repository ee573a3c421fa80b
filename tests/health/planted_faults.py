"""Where faults are planted for the matrix, which checks must name each, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from aifctl.sim.fault import read_kinds
from aifctl.sim.layout import NODES_PER_SU, RACKS_PER_SU, Layout, Place
from aifctl.sim.targets import resolve_targets

#: Fault → the checks of which one must name the node.
EXPECTED: Mapping[str, tuple[str, ...]] = {
    "acs-on": ("acs",),
    "clock-1970": ("clock-sync",),
    "clock-skew": ("clock-sync",),
    "clock-source": ("clock-source",),
    "clock-unsynced": ("clock-sync",),
    "dimm-lost": ("dimm-count",),
    "disk-dead": ("disk-health",),
    "disk-error": ("kernel-storage",),
    "disk-full": ("disk-fill",),
    "disk-worn": ("disk-health",),
    "driver-hung": ("driver-answers",),
    "ecc-chain": ("xid",),
    "ecc-dram": ("recovery-action", "row-remap-pending"),
    "ecc-off": ("ecc-mode",),
    "ecc-sram": ("sram-ecc",),
    "fabric-in-progress": ("fabric-state",),
    "fabric-not-started": ("fabric-state",),
    "fm-dead": ("fabric-manager-service",),
    "fm-skew": ("fabric-manager-version",),
    "governor": ("cpu-governor",),
    "gpu-fell-off": ("pci-gpu-count",),
    "gpu-init-failed": ("gpu-init",),
    "gpu-lost": ("gpu-lost",),
    "gpu-off-bus-told": ("gpu-fell-off",),
    "gpu-recovery": ("recovery-action",),
    "gpu-wrong-socket": ("pci-topology",),
    "hca-firmware-skew": ("hca-firmware-agrees",),
    "hca-lost": ("port-count",),
    "hot": ("gpu-temperature",),
    "hung-task": ("hung-tasks",),
    "hw-thermal": ("throttle",),
    "ib-disabled": ("port-state",),
    "ib-down": ("port-state",),
    "ib-errors": ("port-errors",),
    "ib-ethernet": ("port-link-layer",),
    "ib-flap": ("port-flap",),
    "ib-no-sm": ("port-lid",),
    "ib-polling": ("port-state",),
    "ib-slow": ("port-rate",),
    "inforom-corrupt": ("inforom-valid",),
    "inodes-full": ("disk-fill",),
    "kernel-oops": ("kernel-panic",),
    "library-mismatch": ("driver-answers",),
    "machine-check": ("kernel-memory-errors",),
    "memory-ce": ("edac",),
    "memory-ue": ("edac",),
    "mig-on": ("mig-mode",),
    "mlx5-health": ("mlx5-log",),
    "module-missing": ("modules",),
    "mount-hung": ("mounts-hung",),
    "no-driver": ("driver-answers",),
    "nvlink-down:3": ("nvlink-state",),
    "oom": ("kernel-oom",),
    "pcie-aer": ("pci-aer",),
    "pcie-downtrain": ("pcie-link", "gpu-pcie-link"),
    "persistence-off": ("persistence-mode",),
    "power-brake": ("throttle",),
    "power-limit": ("power-limit",),
    "probe-cut": ("reachability",),
    "probe-flood": ("reachability",),
    "probe-garbage": ("reachability",),
    "probe-schema": ("reachability",),
    "read-only": ("mounts-present",),
    "remap-failure": ("row-remap-failure",),
    "remap-pending": ("row-remap-pending",),
    "service-dead": ("failed-units",),
    "soft-lockup": ("hung-tasks",),
    "stuck-process": ("stuck-processes",),
    "swap-on": ("swap-off",),
    "sxid": ("sxid",),
    "vbios-skew": ("gpu-firmware-agrees",),
    "wrong-name": ("node-identity",),
    "wrong-serial": ("node-identity",),
    "xid:79": ("xid",),
}


#: What is wrong only where a site says so: which driver it has approved, which file systems its jobs count on.
NOT_BY_THEMSELVES = frozenset({"driver-skew", "mount-gone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wide:
    """Faults on what stands or hangs together, and the check and scope of the one incident that must say so."""

    faults: tuple[str, ...]
    where: str
    check: str
    scope: tuple[str, str]

    @property
    def plantings(self) -> list[str]:
        return [f"{fault}@{self.where}" for fault in self.faults]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is planted where: faults on nodes that have no other, and wide ones with the nodes that they cover."""

    single: Mapping[str, tuple[str, ...]]
    wide: Mapping[Wide, frozenset[str]]
    healthy: frozenset[str]

    def plantings(self) -> list[str]:
        single = [f"{fault}@{','.join(nodes)}" for fault, nodes in self.single.items()]
        return single + [planting for one in self.wide for planting in one.plantings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a sweep says, whoever told it: the checks that name each node, and (check, scope, value, nodes) of incidents."""

    named: Mapping[str, frozenset[str]]
    incidents: Sequence[tuple[str, str, str, frozenset[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the matrix."""

    fault: str
    planted_count: int
    missed: tuple[str, ...]
    scope: str

    @property
    def found_count(self) -> int:
        return self.planted_count - len(self.missed)


def probed_kinds() -> list[str]:
    """Return the kinds of faults that a sweep must find, in order."""
    return sorted(name for name, kind in read_kinds().items() if kind.patch or kind.spoil or kind.says)


def usual_wide(nodes_count: int) -> tuple[Wide, ...]:
    """Return faults of a leaf, a rack, a feed's row, a chassis and a driver's cohort; the last SU's nodes stay whole."""
    layout = Layout(nodes_count)
    sus = layout.nodes_count // NODES_PER_SU
    leaf, rack, feed = f"l{sus}-r3", layout.rack_name(RACKS_PER_SU * (sus - 1)), f"B{2 * (sus - 1) - 1}"
    hot_rack, lone = layout.rack_name(RACKS_PER_SU * (sus - 1) - 1), f"{layout.rack_name(1)}n01"
    return (
        Wide(faults=("ib-down",), where=f"leaf:{leaf}", check="port-state", scope=("leaf", leaf)),
        Wide(faults=("pcie-aer",), where=f"rack:{rack}", check="pci-aer", scope=("rack", rack)),
        Wide(faults=("hw-thermal:all",), where=f"rack:{hot_rack}", check="throttle", scope=("rack", hot_rack)),
        Wide(faults=("power-brake:all",), where=f"feed:{feed}", check="throttle", scope=("feed", feed)),
        Wide(faults=("power-brake:all",), where=lone, check="throttle", scope=("chassis", lone)),
        Wide(
            faults=("driver-skew", "fabric-in-progress"),
            where="cohort:canary:4%",
            check="fabric-state",
            scope=("cohort", "580.95.05"),
        ),
    )


def plan(nodes_count: int, *, each: int, wide: Sequence[Wide] = (), seed: int = 7) -> Plan:
    """Spread every kind over `each` nodes, no two of a kind in one rack; where something wide goes nobody else is ill."""
    layout = Layout(nodes_count)
    covered = {one: _covered(one, layout) for one in wide}
    taken = {name for names in covered.values() for name in names}
    free = [place for place in layout.places() if place.name not in taken]
    Random(seed).shuffle(free)  # noqa: S311  repeatable on purpose
    single: dict[str, tuple[str, ...]] = {}
    for fault in EXPECTED:
        chosen: dict[int, Place] = {}
        for place in free:
            if len(chosen) < each:
                chosen.setdefault(place.rack, place)
        assert len(chosen) == each, f"{nodes_count} nodes are too few for {each} of each kind"
        free = [place for place in free if chosen.get(place.rack) is not place]
        single[fault] = tuple(sorted(place.name for place in chosen.values()))
    return Plan(single=single, wide=covered, healthy=frozenset(place.name for place in free))


def judge(plan: Plan, told: Told) -> Iterator[Row]:
    """Say of each fault on which of its nodes it was missed, and of wide ones what they were taken for."""
    for fault, nodes in plan.single.items():
        missed = tuple(node for node in nodes if told.named.get(node, frozenset()).isdisjoint(EXPECTED[fault]))
        scopes = {scope for _, scope, _, of in told.incidents if not of.isdisjoint(nodes)}
        yield Row(fault=fault, planted_count=len(nodes), missed=missed, scope=" ".join(sorted(scopes)) or "watched")
    for wide, covered in plan.wide.items():
        alike = [of for check, scope, value, of in told.incidents if (check, scope, value) == (wide.check, *wide.scope)]
        named = {node for of in alike for node in of}
        text, scope = ", ".join(wide.plantings), " ".join(wide.scope) if alike else "NOT FOLDED"
        yield Row(fault=text, planted_count=len(covered), missed=tuple(sorted(covered - named)), scope=scope)


def render(rows: Iterable[Row], *, healthy_count: int, wrong: Mapping[str, str]) -> Iterator[str]:
    """Return the matrix as a table in Markdown, and what was said of healthy nodes."""
    yield "| fault | planted | found | scope | missed |"
    yield "|---|--:|--:|---|---|"
    for row in rows:
        missed = ", ".join(row.missed[:3]) + ("…" if row.missed[3:] else "")
        yield f"| {row.fault} | {row.planted_count} | {row.found_count} | {row.scope} | {missed} |"
    yield ""
    yield f"healthy nodes: {healthy_count:,}; of these at degraded or worse, or unknown: {len(wrong)}"
    yield from (f"  {node}: {why}" for node, why in sorted(wrong.items())[:20])


def _covered(wide: Wide, layout: Layout) -> frozenset[str]:
    indices = resolve_targets(wide.where, layout, seed=0, kind="")
    return frozenset(layout.place(index).name for index in indices)
