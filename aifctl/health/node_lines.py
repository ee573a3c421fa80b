"""A node in a few lines: where it stands, what it is made of, what stands against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from aifctl.core.moments import ago, said_at, span
from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent, known
from aifctl.diagnosis.reading import Reading, SectionStatus
from aifctl.diagnosis.standing import Standing
from aifctl.fleet.node import Node
from aifctl.ports.store_rows import DrainRow, NodeRow, StateRow

_GIB = 1 << 30


def said_look(row: NodeRow, now_s: float) -> str:
    """Return `fault, 5 min ago (2026-12-01 03:00Z, sweep S)`; what kept it from answering is said."""
    when = f"{ago(row.at_s, now_s)} ({said_at(row.at_s)}, sweep {row.sweep})"
    if row.outcome == "ok":
        return f"{row.result}, {when}"
    last = f"it last answered {ago(row.seen_at_s, now_s)}" if row.seen_at_s else "it never answered"
    why = printable_line(row.message) or row.outcome
    return f"{row.result}, {when}: {why}; {last}"


def said_state(row: StateRow | None, state: str, *, off: bool, now_s: float) -> str:
    """Return where it stands, since when, by whom and why."""
    shown = f"{state}, off" if off else state
    if row is None:
        return f"{shown}, as the inventory says"
    why = "; ".join(filter(None, (row.reason, row.why)))
    by = f" by {row.actor}{f' from {row.from_where}' if row.from_where else ''}"
    return f"{shown} since {said_at(row.since_at_s)} ({span(now_s - row.since_at_s)}){by}{f': {why}' if why else ''}"


def said_drain(row: DrainRow, now_s: float) -> str:
    """Return a drain in one line."""
    asked = f", asks for {row.action}" if row.action else ""
    incident = f", incident {row.incident}" if row.incident else ""
    return (
        f"{row.reason or row.owner} since {said_at(row.since_at_s)} ({span(now_s - row.since_at_s)}){asked}{incident}"
    )


def said_place(node: Node) -> str:
    """Return where it stands, from the largest to the smallest."""
    parts = [f"{what} {value}" for what in ("site", "hall", "su", "rack") if (value := getattr(node, what))]
    unit = [f"U {node.unit}"] if node.unit else []
    feeds = [f"feeds {', '.join(node.feeds)}"] if node.feeds else []
    return ", ".join([*parts, *unit, *feeds])


def said_rails(node: Node) -> list[str]:
    """Return a line a rail: adapter, leaf and its port."""
    return [
        f"{rail.index}: {rail.hca or '?'} to {rail.leaf or '?'}{f' port {rail.leaf_port}' if rail.leaf_port else ''}"
        for rail in node.rails
    ]


def said_standing(one: Standing, now_s: float) -> str:
    """Return a finding in one line."""
    finding = one.finding
    age = f"since {said_at(one.first_at_s)} ({span(now_s - one.first_at_s)})"
    marks = [mark for mark, is_so in (("flapping", one.flapping), ("not seen by the last look", one.stale)) if is_so]
    action = [f"asks for {finding.action}"] if finding.action != "none" else []
    return f"{finding.result} {named(one)}: {printable_line(finding.message)} ({', '.join([age, *marks, *action])})"


def said_value(value: Any) -> str:
    """Return what was observed or expected as a person writes it; "" for nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {said_value(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(said_value, value)) or "none"
    return "" if value is None else str(value)


def said_facts(facts: Mapping[str, Any]) -> list[str]:
    """Return further evidence as lines, times as dates and counts by what was counted."""
    return [f"{_spoken(key)}: {_said_fact(key, facts[key])}" for key in sorted(facts)]


def _spoken(key: str) -> str:
    return key.removesuffix("_s" if key.endswith("_at_s") else "").replace("_", " ")


def _said_fact(key: str, value: Any) -> str:
    if key.endswith("_at_s") and isinstance(value, int | float):
        return said_at(value)
    if key == "chain" and isinstance(value, Mapping):
        return ", ".join(f"{xid} ({count} times)" if count > 1 else f"{xid}" for xid, count in value.items())
    return said_value(value)


def named(one: Standing) -> str:
    """Return `xid 79 of gpu:0000:1b:00.0`."""
    finding = one.finding
    code = f" {finding.code}" if finding.code and finding.code != "unknown" else ""
    return f"{finding.check}{code}{'' if finding.subject == 'node' else f' of {finding.subject}'}"


def said_hardware(reading: Reading) -> list[str]:
    """Return what it is made of, as it told; a section that was not read says so."""
    told = [line for lines in (_gpus, _ports, _host) for line in lines(reading)]
    return told + [
        f"{name.value}: {end.status.value}{f', {printable_line(end.message)}' if end.message else ''}"
        for name, end in reading.ends.items()
        if end.status in {SectionStatus.ERROR, SectionStatus.TIMEOUT}
    ]


def plain(value: Any) -> Any:
    """Return a reading JSON-able; what is absent is null, and what nobody told is left out."""
    if isinstance(value, Absent):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        told = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: plain(one) for name, one in told if one is not Absent.MISSING and one is not None}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    return value


def _gpus(reading: Reading) -> Iterator[str]:
    section = reading.gpu
    if section is None:
        return
    names = [f"{count} x {name}" for name, count in _counted(known(gpu.name, "GPU") for gpu in section.gpus)]
    driver = known(section.driver_version, "")
    vbios = _common("VBIOS", (known(gpu.vbios_version, "") for gpu in section.gpus))
    yield "gpu: " + ", ".join(filter(None, [*names, f"driver {driver}" if driver else "", vbios]))


def _ports(reading: Reading) -> Iterator[str]:
    section = reading.port
    if section is None or not section.ports:
        return
    kinds = _counted(
        f"{known(port.link_layer, 'port')} {known(port.state, '?')} {known(port.rate_gbits_s, 0):g} Gbit/s"
        for port in section.ports
    )
    firmware = _common("firmware", (known(port.firmware_version, "") for port in section.ports))
    yield "ports: " + ", ".join(filter(None, [*(f"{count} x {kind}" for kind, count in kinds), firmware]))


def _host(reading: Reading) -> Iterator[str]:
    host = reading.host
    if host is None:
        return
    memory_bytes, uptime_s = known(host.memory_total_bytes, 0), known(host.uptime_s, 0.0)
    cpus = known(host.cpu_count, 0)
    parts = (
        known(host.product_name, ""),
        known(host.os, ""),
        f"kernel {host.kernel_version}" if not isinstance(host.kernel_version, Absent) else "",
        f"{cpus} CPUs" if cpus else "",
        f"{memory_bytes / _GIB:,.0f} GiB" if memory_bytes else "",
        f"up {span(uptime_s)} then" if uptime_s else "",
    )
    if any(parts):
        yield "host: " + ", ".join(printable_line(part) for part in parts if part)


def _counted(texts: Iterable[str]) -> Sequence[tuple[str, int]]:
    return Counter(printable_line(text) for text in texts).most_common(4)


def _common(what: str, texts: Iterable[str]) -> str:
    found = sorted({printable_line(text) for text in texts if text})
    return f"{what} {' and '.join(found[:3])}" if found else ""
