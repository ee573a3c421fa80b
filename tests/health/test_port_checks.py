"""The checks of the fabric's ports, on what the probe reads of simulated hardware and on made-up ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.absent import NEUTRAL, Absent
from aifctl.diagnosis.finding import Action, Result
from aifctl.diagnosis.pci import PciDevice, PciSection
from aifctl.diagnosis.port import Port, PortSection
from aifctl.diagnosis.sysfs_ports import parse_sysfs_ports
from aifctl.onnode.probe.sections import port as section
from aifctl.sim.hardware.fabric import FabricHardware, write_fabric
from aifctl.sim.node.parts import HCAS
from tests.fuzzing import examples
from tests.health.fabric_cases import Found, found, judged, profile, reading

Fault = Callable[[FabricHardware], object]


def look_at(hardware: FabricHardware, folder: Path) -> PortSection:
    write_fabric(folder, hardware)
    return parse_sysfs_ports(section.read(str(folder), {}))


def healthy(tmp_path: Path) -> PortSection:
    return look_at(FabricHardware.healthy(), tmp_path / "healthy")


def of_rail(rail: int, check: str, code: str, result: str) -> Found:
    return f"port:{HCAS[rail]}/1", check, code, result


def test_a_healthy_node_has_nothing_that_is_wrong(tmp_path: Path) -> None:
    ports = healthy(tmp_path)
    verdict = judged(reading(ports=ports), reading(ports=ports, at_s=1600.0), by=profile())
    assert verdict.findings == ()
    assert verdict.result is Result.OK
    assert set(verdict.judged) == {
        "hca-firmware-agrees", "port-count", "port-errors", "port-flap", "port-lid", "port-link-layer", "port-rate",
        "port-state",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (lambda it: it.take_down(2), {of_rail(2, "port-state", "polling", "fault")}),
        (lambda it: it.take_down(0, 7), {of_rail(at, "port-state", "polling", "fault") for at in (0, 7)}),
        (lambda it: it.take_down(), {of_rail(at, "port-state", "polling", "fault") for at in range(8)}),
        (lambda it: it.take_down(3, physical="disabled"), {of_rail(3, "port-state", "disabled", "fault")}),
        (lambda it: it.take_down(3, physical="training"), {of_rail(3, "port-state", "training", "fault")}),
        (lambda it: it.stop_before_active(1), {of_rail(1, "port-state", "subnet", "fault")}),
        (lambda it: it.train_to(200, 5), {of_rail(5, "port-rate", "slow", "degraded")}),
        (lambda it: it.train_to(200), {of_rail(at, "port-rate", "slow", "degraded") for at in range(8)}),
        (lambda it: it.set_ethernet(4), {of_rail(4, "port-link-layer", "ethernet", "fault")}),
        (lambda it: it.set_ethernet(), {of_rail(at, "port-link-layer", "ethernet", "fault") for at in range(8)}),
        (lambda it: it.lose_subnet_manager(6), {of_rail(6, "port-lid", "sm-lid", "degraded")}),
        (lambda it: it.remove(6), {("node", "port-count", "missing", "fault")}),
        (lambda it: it.rails.clear(), {("node", "port-count", "missing", "fault")}),
        (
            lambda it: it.skew_firmware(0),
            {("node", "hca-firmware-agrees", "MT_0000000838", "watch")},
        ),
        (lambda it: it.others.clear(), set()),
    ],
)  # fmt: skip
def test_a_fault_is_found_and_nothing_else(fault: Fault, expected: set[Found], tmp_path: Path) -> None:
    hardware = FabricHardware.healthy(seed=1)
    fault(hardware)
    assert found(reading(ports=look_at(hardware, tmp_path)), by=profile()) == expected


def test_storage_and_management_ports_may_be_down(tmp_path: Path) -> None:
    hardware = FabricHardware.healthy()
    for hca in hardware.others:
        hca.state, hca.physical = "down", "disabled"
    assert found(reading(ports=look_at(hardware, tmp_path)), by=profile()) == set()


def test_polling_goes_to_hands_and_disabled_to_whoever_runs_the_node(tmp_path: Path) -> None:
    hardware = FabricHardware.healthy()
    hardware.take_down(0)
    hardware.take_down(1, physical="disabled")
    verdict = judged(reading(ports=look_at(hardware, tmp_path)), by=profile())
    assert {one.code: one.action for one in verdict.findings} == {"polling": Action.CABLE, "disabled": Action.FIX}
    assert all(one.debounced and one.source == "source of port.count" for one in verdict.findings)
    assert all("port mlx5_" in one.message for one in verdict.findings)


def counted(tmp_path: Path, *steps: tuple[str, int, float]) -> set[Found]:
    """Let a counter of rail 0 grow by steps (counter, by, seconds), look after each, and return what is found."""
    hardware, at_s = FabricHardware.healthy(), 1000.0
    looks = [reading(ports=look_at(hardware, tmp_path / "0"), at_s=at_s)]
    for number, (counter, by, seconds) in enumerate(steps, 1):
        hardware.count(counter, by, 0)
        at_s += seconds
        looks.append(reading(ports=look_at(hardware, tmp_path / str(number)), at_s=at_s))
    return found(*looks, by=profile())


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        # flaps: watched, the third within a day is drained, and after a day nothing is held against the link
        ([("link_downed", 1, 600)], ("port-flap", "flapped", "watch")),
        ([("link_downed", 2, 600)], ("port-flap", "flapped", "watch")),
        ([("link_downed", 3, 600)], ("port-flap", "flapping", "fault")),
        ([("link_downed", 1, 3600), ("link_downed", 1, 3600), ("link_downed", 1, 3600)], ("port-flap", "flapping", "fault")),
        ([("link_downed", 2, 3600), ("link_downed", 0, 80000), ("link_downed", 1, 7000)], ("port-flap", "flapped", "watch")),
        ([("link_downed", 5, 3600), ("link_downed", 0, 86401)], None),
        # never on a healthy link
        ([("excessive_buffer_overrun_errors", 1, 600)], ("port-errors", "excessive_buffer_overrun_errors", "fault")),
        ([("local_link_integrity_errors", 1, 600)], ("port-errors", "local_link_integrity_errors", "fault")),
        ([("rnr_nak_retry_err", 1, 600)], ("port-errors", "rnr_nak_retry_err", "fault")),
        # symbol errors: 120 an hour, over an hour; a day's growth between two looks is a day's
        ([("symbol_error", 121, 600)], ("port-errors", "symbol_error", "fault")),
        ([("symbol_error", 120, 600)], None),
        ([("symbol_error", 100, 1800), ("symbol_error", 100, 1800)], ("port-errors", "symbol_error", "fault")),
        ([("symbol_error", 100, 3600), ("symbol_error", 100, 3600)], None),
        ([("symbol_error", 2800, 86400)], None),
        ([("symbol_error", 2900, 86400)], ("port-errors", "symbol_error", "fault")),
        # rates that are watched
        ([("link_error_recovery", 51, 600)], ("port-errors", "link_error_recovery-rate", "watch")),
        ([("link_error_recovery", 50, 600)], None),
        ([("link_error_recovery", 4, 1)], None),
        ([("port_rcv_errors", 6001, 600)], ("port-errors", "port_rcv_errors-rate", "watch")),
        ([("port_rcv_errors", 6000, 600)], None),
        ([("local_ack_timeout_err", 601, 600)], ("port-errors", "local_ack_timeout_err-rate", "watch")),
        ([("local_ack_timeout_err", 600, 600)], None),
        ([("port_xmit_discards", 60001, 600)], ("port-errors", "port_xmit_discards-rate", "watch")),
        ([("port_xmit_discards", 60000, 600)], None),
        ([("port_xmit_wait", 10**9, 600)], None),
        ([("port_rcv_switch_relay_errors", 100, 600)], None),
    ],
)  # fmt: skip
def test_counters_are_judged_by_how_they_grow(
    steps: list[tuple[str, int, float]], expected: tuple[str, str, str] | None, tmp_path: Path
) -> None:
    assert counted(tmp_path, *steps) == ({of_rail(0, *expected)} if expected else set())


def test_a_storm_of_symbol_errors_is_both_a_fault_and_a_rate(tmp_path: Path) -> None:
    assert counted(tmp_path, ("symbol_error", 10**6, 600)) == {
        of_rail(0, "port-errors", "symbol_error", "fault"),
        of_rail(0, "port-errors", "symbol_error-rate", "watch"),
    }


def test_what_was_counted_before_the_first_look_is_held_against_nobody(tmp_path: Path) -> None:
    hardware = FabricHardware.healthy()
    hardware.flap(50)
    hardware.count("symbol_error", 10**6)
    assert found(reading(ports=look_at(hardware, tmp_path)), by=profile()) == set()


def test_counters_of_another_boot_are_held_against_nobody(tmp_path: Path) -> None:
    hardware = FabricHardware.healthy()
    before = reading(ports=look_at(hardware, tmp_path / "a"))
    hardware.flap(5, 0)
    after = reading(ports=look_at(hardware, tmp_path / "b"), at_s=1600.0, boot_id="another")
    assert found(before, after, by=profile()) == set()


def test_flaps_of_a_storage_port_are_nobodys_business(tmp_path: Path) -> None:
    hardware = FabricHardware.healthy()
    before = reading(ports=look_at(hardware, tmp_path / "a"))
    for hca in hardware.others:
        hca.counters["link_downed"] += 9
        hca.counters["symbol_error"] += 10**6
    assert found(before, reading(ports=look_at(hardware, tmp_path / "b"), at_s=1600.0), by=profile()) == set()


def test_an_hca_that_no_driver_has_taken_is_named(tmp_path: Path) -> None:
    hardware = FabricHardware.healthy()
    address = hardware.remove(0).address
    idle = PciDevice(
        address=address, device_id="15b3:1021", pci_class="020700", driver=Absent.NOT_AVAILABLE, revision_ff=False
    )
    look = reading(ports=look_at(hardware, tmp_path), pci=PciSection(source="sysfs", devices=(idle,)))
    verdict = judged(look, by=profile(), only=["port-count"])
    assert f"no driver has taken {address}" in verdict.findings[0].message


def test_ports_can_be_judged_without_a_profile_as_far_as_none_is_needed(tmp_path: Path) -> None:
    needing = {
        ("node", "port-count", "unknown", "unknown"),
        *(of_rail(at, check, "unknown", "unknown") for at in range(8) for check in ("port-rate", "port-link-layer")),
    }
    assert found(reading(ports=healthy(tmp_path)), by=None) == needing
    hardware = FabricHardware.healthy()
    hardware.lose_subnet_manager(0)
    hardware.stop_before_active(2)
    hardware.skew_firmware(1)
    assert found(reading(ports=look_at(hardware, tmp_path / "sick")), by=None) == needing | {
        of_rail(0, "port-lid", "sm-lid", "degraded"),
        of_rail(2, "port-state", "unknown", "unknown"),
        ("node", "hca-firmware-agrees", "MT_0000000838", "watch"),
    }


def test_a_node_without_ports_of_which_none_are_expected_has_none_to_judge() -> None:
    none = reading(ports=PortSection(source="sysfs"))
    assert judged(none, by=None).findings == ()
    assert found(none, by=profile()) == {("node", "port-count", "missing", "fault")}
    assert found(none, by=profile(port__count=0)) == set()


def test_a_list_that_ends_in_an_error_is_not_counted(tmp_path: Path) -> None:
    ports = replace(healthy(tmp_path), complete=False)
    assert found(reading(ports=ports), by=profile()) == {("node", "port-count", "unknown", "unknown")}


_CHECKED = [one.name for one in fields(Port) if one.name not in {"device", "number"}]


@pytest.mark.parametrize("name", _CHECKED)
@settings(max_examples=examples(9), deadline=None)
@given(data=st.data())
def test_a_field_that_is_not_told_makes_nobody_sick_and_one_that_is_missing_nobody_healthy(
    name: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    why = data.draw(st.sampled_from(Absent))
    if not _HEALTHY:
        _HEALTHY.extend(healthy(tmp_path_factory.mktemp("node")).ports)
    changed = [replace(_HEALTHY[0], **{name: why}), *_HEALTHY[1:]]
    results = {one[3] for one in found(reading(ports=PortSection(source="sysfs", ports=tuple(changed))), by=profile())}
    assert results <= ({"unknown"} if why not in NEUTRAL else set()) | (
        # Of a port whose link layer or rate is not told it can't be said that it is the fabric's.
        {"fault"} if name in {"link_layer", "rate_gbits_s"} else set()
    )
    if name in {"state", "link_layer", "rate_gbits_s", "lid", "sm_lid", "firmware_version", "counters"}:
        assert results or why in NEUTRAL


_HEALTHY: list[Port] = []
