"""Each fault is made twice: in what a simulated node tells, and beneath the probe; the probe then reads what is told."""

from __future__ import annotations

from typing import Any

import pytest

from aifctl.onnode.probe.sections import gpu
from aifctl.sim.fault import Fault, FaultKind, parse_planting, read_kinds
from aifctl.sim.node.machine import Machine
from tests.sim.emulated import a_machine
from tests.sim.probed import comparable, read_beneath, told_by
from tests.sim.test_fabric_hardware import differences

KINDS = read_kinds()
#: Kinds that change what the probe tells; the others are the connection's or the shell's.
PROBED = sorted(name for name, kind in KINDS.items() if kind.patch or kind.beneath or kind.says)
#: What the kernel has said stays said until the next boot.
LASTING = sorted(name for name, kind in KINDS.items() if kind.says)
#: Kinds that no value is usual for.
GIVEN = {"nvlink-down": "nvlink-down:3", "xid": "xid:79"}
#: Those of which another process has to tell.
WHOLE = {"driver-hung"}
#: Other values worth a proof of their own.
MORE = ("power-brake:all", "xid:48:0", "disk-full:/raid", "clock-skew:90s", "gpu-lost:all", "gpu-lost:0", "nvlink-down:18", "ib-down:all", "ib-down:7", "fabric-in-progress:1",
        "gpu-fell-off:0", "hca-lost:0")  # fmt: skip


def planted(machine: Machine, text: str) -> Fault:
    fault = parse_planting(text).fault
    machine.plant(fault)
    return fault


def beneath(machine: Machine, fault: Fault) -> dict[str, Any]:
    change = fault.kind.beneath or (lambda *_: None)  # what the kernel says lies beneath as it is
    return read_beneath(machine, lambda hardware: change(hardware, fault.value), whole=fault.kind.name in WHOLE)


@pytest.mark.parametrize("text", [*(GIVEN.get(name, name) for name in PROBED), *MORE])
def test_the_probe_reads_beneath_what_a_sick_node_tells(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if text == "driver-hung":
        monkeypatch.setattr(gpu, "SILENCE_S", 0.3)
    machine = a_machine()
    fault = planted(machine, text)
    told = comparable(told_by(machine))
    read = comparable(beneath(machine, fault))
    if text == "driver-hung":
        assert read["sections"]["gpu"]["message"] == "the driver said nothing for 0.3 s"
        read["sections"]["gpu"]["message"] = "the driver said nothing for 10 s"
        read["probe_left"] = told["probe_left"]
    assert differences(told, read) == {}


@pytest.mark.parametrize("name", sorted(set(PROBED) - set(LASTING)))
def test_a_fault_is_seen_at_once_and_a_cure_restores_what_was(name: str) -> None:
    machine, well = a_machine(), a_machine()
    planted(machine, GIVEN.get(name, name))
    assert comparable(told_by(machine)) != comparable(told_by(well))
    machine.cure(name)
    assert comparable(told_by(machine)) == comparable(told_by(well))


@pytest.mark.parametrize("name", LASTING)
def test_what_the_kernel_has_said_stays_until_the_next_boot(name: str) -> None:
    machine = a_machine()
    before = told_by(machine)["sections"]["kernel"]["data"]["lines"]
    planted(machine, GIVEN.get(name, name))
    said = told_by(machine)["sections"]["kernel"]["data"]["lines"]
    assert len(said) > len(before)
    machine.cure(name)
    assert told_by(machine)["sections"]["kernel"]["data"]["lines"] == said
    machine.booted()
    assert told_by(machine)["sections"]["kernel"]["data"]["lines"] == before


def test_a_cursor_leaves_out_what_was_told_before() -> None:
    machine = a_machine()
    cursor = told_by(machine)["sections"]["kernel"]["data"]["cursor"]
    quiet = told_by(machine, {"cursor": cursor})["sections"]["kernel"]["data"]
    assert (quiet["lines"], quiet["looked"], quiet["cursor"]) == ([], 0, cursor)
    planted(machine, "ecc-chain")
    told = told_by(machine, {"cursor": cursor})
    assert len(told["sections"]["kernel"]["data"]["lines"]) == 10
    read = read_beneath(machine, arguments={"cursor": cursor})
    assert differences(comparable(told), comparable(read)) == {}


def test_of_a_storm_what_the_probe_keeps_is_told() -> None:
    machine = a_machine()
    for number in range(120):
        planted(machine, f"xid:{13 + number % 3}:{number % 8}")
    assert differences(comparable(told_by(machine)), comparable(read_beneath(machine))) == {}


def test_a_healthy_node_tells_what_the_probe_reads_of_it() -> None:
    for index in (0, 5):
        machine = a_machine(index=index)
        told = [told_by(machine) for _ in range(3)][-1]
        assert comparable(told) == comparable(read_beneath(machine))


def test_faults_of_one_node_add_up() -> None:
    machine = a_machine()
    for name in PROBED:
        planted(machine, GIVEN.get(name, name))
    assert told_by(machine)["boot_id"]


def test_every_kind_that_changes_the_reply_is_proven() -> None:
    unproven = [kind.name for kind in KINDS.values() if not _has_its_proof(kind)]
    assert unproven == []


def _has_its_proof(kind: FaultKind) -> bool:
    return (kind.patch is None) == (kind.beneath is None)
