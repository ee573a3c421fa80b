"""What the checks of the node itself find, by the profile that ships, on what the probe reads of a simulated node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_data import FIELDS, Part, parse_host
from aifctl.diagnosis.judging import Verdict, judge
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.remembering import remember
from aifctl.fleet.profile import Expectation, Profile
from aifctl.onnode.probe.__main__ import load
from aifctl.sim.hardware.host import HostHardware, write_host
from aifctl.wiring.expecting import all_checks, read_all_profiles

OK = SectionEnd(status=SectionStatus.OK)
NOW_S = 1_796_000_000.0
INVENTORY = {"name": "n7", "address": "10.77.0.7", "sku": "h100-sxm5", "serial.chassis": "S7"}
DRIVER = "580.105.08"

Fault = Callable[[HostHardware], object]
Found = tuple[str, str, str, str]


@cache
def checks() -> tuple[Check, ...]:
    return tuple(check for check in all_checks() if check.section is SectionName.HOST)


@cache
def shipped() -> Profile:
    found = read_all_profiles(None, all_checks()).of_sku("h100-sxm5")
    assert found is not None
    return found


def profile(**other: Any) -> Profile:
    """Return the shipped one with other values; a keyword's first `__` stands for a dot, None takes a value away."""
    given = {name.replace("__", ".", 1): value for name, value in other.items()}
    kept = {key: one for key, one in shipped().expectations.items() if key not in given}
    more = {
        key: Expectation(value=value, source=f"source of {key}") for key, value in given.items() if value is not None
    }
    return replace(shipped(), expectations=kept | more)


def host_of(folder: Path, *faults: Fault) -> Host:
    """Return a simulated node as the probe reads it."""
    hardware = HostHardware.healthy(hostname="n7", boot_id="b-1", serial="S7")
    for fault in faults:
        fault(hardware)
    folder.mkdir(parents=True, exist_ok=True)
    write_host(folder, hardware)
    parts = {name: Part(end=OK, data=load(name).read(str(folder), {})) for name in ("host", *FIELDS)}
    _, host = parse_host(parts)
    assert host is not None
    return replace(host, probe_left=())


def reading(host: Host, *, at_s: float = NOW_S, clock_s: float | None = NOW_S, driver: str = DRIVER) -> Reading:
    return Reading(
        node="n7",
        at_s=at_s,
        node_clock_s=clock_s,
        boot_id="b-1",
        ends={SectionName.HOST: OK, SectionName.GPU: OK},
        gpu=GpuSection(source="nvml", driver_version=driver),
        host=host,
    )


def judged(
    *looks: Reading, by: Profile | None = None, inventory: Mapping[str, str] = INVENTORY, unknown_sku: bool = False
) -> Verdict:
    """Judge the last of some looks at one node, by what was remembered of those before it."""
    memory = Memory()
    for look in looks:
        memory = remember(memory, look)
    case = Case(reading=looks[-1], profile=None if unknown_sku else by or shipped(), memory=memory, inventory=inventory)
    return judge(case, checks())


def found(*looks: Reading, **how: Any) -> set[Found]:
    """Return (subject, check, code, result)."""
    return {short(finding) for finding in judged(*looks, **how).findings}


def short(finding: Finding) -> Found:
    return finding.subject, finding.check, finding.code, finding.result.value
