"""The probe on simulated nodes over real SSH: brought along once, run by hash, answered as the probe itself answers."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.outcome import Outcome
from aifctl.ports.transport import DialSettings
from aifctl.ports.work import NodeResult
from aifctl.sim.fault import parse_planting
from aifctl.sim.fleet import SimFleet
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.hardware.noise import move_counters
from aifctl.sim.probing.reply import reply
from aifctl.sim.probing.template import template
from aifctl.sim.spec import FleetSpec
from aifctl.survey.envelope import CutError, GarbageError, SchemaError, open_body, open_envelope
from aifctl.survey.probe_work import probe_line
from aifctl.transport.ssh import open_transport
from aifctl.wiring.probe import probe_package
from tests.sim.emulated import a_machine, answer
from tests.sim.probed import SHA256, comparable, read_beneath, told_by
from tests.survey.nodes import CountingLink, perform, stdout_of, work_of

PACKAGE = probe_package()


def looks(folder: Path, *faults: str, count: int = 1) -> list[tuple[NodeResult, int]]:
    """Probe the first node of a fleet so many times; with each result how many bytes were sent to it."""

    async def main() -> list[tuple[NodeResult, int]]:
        found = []
        async with SimFleet(FleetSpec(nodes_count=1, faults=faults), folder=folder / "fleet") as fleet:
            transport = open_transport(DialSettings(connect_timeout_s=5.0))
            for _ in range(count):
                link = CountingLink(await transport.dial(fleet.endpoints()[0]))
                found.append((await perform(work_of(PACKAGE), link, folder), link.fed_bytes))
                await link.close()
            await transport.close()
        return found

    return asyncio.run(main())


@pytest.mark.ssh
def test_the_probe_is_brought_along_once_and_then_run_by_its_hash(tmp_path: Path) -> None:
    first, second, third = looks(tmp_path, count=3)
    assert [result.outcome for result, _ in (first, second, third)] == [Outcome.OK] * 3
    assert [sent for _, sent in (first, second, third)] == [len(PACKAGE.data), 0, 0]
    assert first[0].detail == {"sent_bytes": len(PACKAGE.data)}


@pytest.mark.ssh
def test_over_ssh_it_answers_what_the_probe_reads_of_its_hardware(tmp_path: Path) -> None:
    said: list[Any] = []

    async def main() -> None:
        async with SimFleet(FleetSpec(nodes_count=3), folder=tmp_path / "fleet") as fleet:
            transport = open_transport(DialSettings(connect_timeout_s=5.0))
            link = await transport.dial(fleet.endpoints()[2])
            said.append(stdout_of(await perform(work_of(PACKAGE), link, tmp_path)))
            await link.close()
            await transport.close()
            said.append(read_beneath(fleet.machine("r001n03")))

    asyncio.run(main())
    told = open_body(said[0])
    assert open_envelope(said[0], node="r001n03", probe=PACKAGE.sha256).hostname == "r001n03"
    for body in (told, said[1]):
        assert body["sections"]["host"]["data"].pop("uptime")
    assert comparable(told) == comparable(said[1]) | {"probe": PACKAGE.sha256[:12]}


@pytest.mark.ssh
@pytest.mark.parametrize(
    ("fault", "error"),
    [("probe-garbage", GarbageError), ("probe-cut", CutError), ("probe-schema", SchemaError)],
)
def test_a_reply_can_be_spoilt_on_its_way(fault: str, error: type[Exception], tmp_path: Path) -> None:
    result, _ = looks(tmp_path, fault)[0]
    assert result.outcome is Outcome.OK
    with pytest.raises(error):
        open_envelope(stdout_of(result), node="n", probe=PACKAGE.sha256)


@pytest.mark.ssh
def test_a_probe_that_never_ends_what_it_says_is_cut_off(tmp_path: Path) -> None:
    result, _ = looks(tmp_path, "probe-flood")[0]
    assert result.outcome is Outcome.UNREADABLE


def test_a_damaged_probe_is_not_kept() -> None:
    machine, line = a_machine(), probe_line(PACKAGE, {})
    said = answer(line, machine=machine, stdin=PACKAGE.data[:-1] + b"x")
    assert (said.rc, said.out) == (1, f"need {PACKAGE.sha256}\n")
    assert "arrived damaged" in said.err
    assert answer(line, machine=machine, stdin=PACKAGE.data).rc == 0
    assert answer(line, machine=machine).rc == 0


def test_a_node_keeps_three_probes() -> None:
    machine = a_machine()
    for number in range(5):
        machine.probes = (*machine.probes, str(number))[-3:]
    answer(probe_line(PACKAGE, {}), machine=machine, stdin=PACKAGE.data)
    assert machine.probes == ("3", "4", PACKAGE.sha256)


@pytest.mark.parametrize(
    "line",
    [
        "python3 -c 'print(1)'",
        "python3 -I -S -c 'print(1)' a b c",
        probe_line(PACKAGE, {}).replace(PACKAGE.sha256, "../../etc/passwd"),
        probe_line(PACKAGE, {}).replace(str(len(PACKAGE.data)), "99999999"),
    ],
)
def test_any_other_python_is_not_run_and_says_so(line: str) -> None:
    said = answer(line)
    assert (said.rc, said.out) == (127, "")
    assert "nothing was run" in said.err


@pytest.mark.parametrize("arguments", ["[]", "nonsense"])
def test_arguments_that_are_none_are_refused_as_the_probe_does(arguments: str) -> None:
    line = probe_line(PACKAGE, {}).rpartition(" ")[0] + f" '{arguments}'"
    said = answer(line, stdin=PACKAGE.data)
    assert said.rc == 2
    assert "no JSON object" in said.err


def test_the_same_node_tells_the_same_at_the_same_look_and_another_at_the_next() -> None:
    machine, again, other = a_machine(), a_machine(), a_machine(index=2)
    first = comparable(told_by(machine))
    assert first == comparable(told_by(again))
    assert first != comparable(told_by(other))
    assert first != comparable(told_by(machine))


def test_counters_only_ever_grow() -> None:
    machine = a_machine()
    before: dict[str, int] = {}
    for _ in range(400):
        body = told_by(machine)["sections"]
        now = {
            f"{name} {counter}": int(value)
            for name, device in body["port"]["data"]["devices"].items()
            for counter, value in device["ports"]["1"]["c"].items()
        }
        now |= {f"{gpu['serial']} {key}": gpu[key] for gpu in body["gpu"]["data"]["gpus"] for key in ("replay",)}
        assert all(now[key] >= before.get(key, 0) for key in now)
        before = now


def test_errors_of_a_healthy_port_are_rare() -> None:
    node = NodeHardware(a_machine())
    start = [hca.counters["port_rcv_errors"] for hca in node.fabric.rails]
    move_counters(node.fabric, 300)
    assert [hca.counters["port_rcv_errors"] - was for hca, was in zip(node.fabric.rails, start, strict=True)] == [1] * 8


def test_a_counter_of_errors_grows_with_every_look_as_long_as_the_cable_is_bad() -> None:
    machine = a_machine()
    machine.plant(parse_planting("ib-errors:0").fault)
    counted = []
    for _ in range(3):
        ports = told_by(machine)["sections"]["port"]["data"]["devices"]["mlx5_0"]["ports"]
        counted.append(int(ports["1"]["c"]["symbol_error"]))
    assert counted == [500, 1000, 1500]


def test_a_reboot_is_a_new_boot_and_nothing_to_cure() -> None:
    machine = a_machine()
    before = told_by(machine)
    machine.plant(parse_planting("reboot").fault)
    after = told_by(machine)
    assert after["boot_id"] != before["boot_id"]
    assert after["monotonic_s"] < before["monotonic_s"]
    assert machine.faults == ()


def test_what_an_answer_costs(record_property: Any) -> None:
    template()
    machines = [a_machine(index=index) for index in range(8)]
    begun_s = time.process_time()
    for _ in range(25):
        for machine in machines:
            reply(machine, {}, probe=SHA256, user="ops")
    cost_ms = (time.process_time() - begun_s) / 200 * 1000
    record_property("cost_ms", cost_ms)
    assert cost_ms < 15, "5 ms are what a node may cost; the rest is for a busy machine"
