"""Which ports count as the fabric's, and how fast their counters grow."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.absent import Absent, CannotTellError
from aifctl.diagnosis.fabric_ports import fabric_ports, port_section
from aifctl.diagnosis.growth_rate import grown_in, last_grown_at
from aifctl.diagnosis.memory import Growth, Memory
from aifctl.diagnosis.pcie_links import gpu_paths, pci_section, shown_speed
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.reading import Reading
from tests.fuzzing import examples

IB, ETHERNET = "infiniband", "ethernet"


def some(count: int, at: int = 0, **fields: Any) -> list[Port]:
    usual: dict[str, Any] = {"link_layer": IB, "rate_gbits_s": 400.0, "hca_type": "MT4129", "psid": "A"}
    return [Port(device=f"mlx5_{at + number}", **(usual | fields)) for number in range(count)]


def chosen(*groups: list[Port], count: int = 8) -> list[str]:
    return sorted(port.device for port in fabric_ports([port for group in groups for port in group], count, 400.0))


def names(*groups: list[Port]) -> list[str]:
    return sorted(port.device for group in groups for port in group)


def test_eight_that_are_as_they_should_be_are_the_fabric_and_no_other_port_is() -> None:
    fabric = some(8)
    others = some(4, 20, link_layer=ETHERNET, rate_gbits_s=200.0, psid="B")
    more = some(2, 30, rate_gbits_s=200.0, psid="C")
    assert chosen(others, fabric, more) == names(fabric)


@pytest.mark.parametrize(
    "fallen",
    [
        {"rate_gbits_s": 10.0},
        {"rate_gbits_s": 200.0},
        {"link_layer": ETHERNET},
        {"link_layer": ETHERNET, "rate_gbits_s": 40.0},
        {"rate_gbits_s": Absent.ERROR},
        {"link_layer": Absent.ERROR},
        {"rate_gbits_s": 10.0, "psid": "replacement"},
    ],
)
def test_a_port_that_has_fallen_behind_is_still_the_fabrics(fallen: dict[str, object]) -> None:
    fabric, sick = some(6), some(2, 6, **fallen)
    storage = some(4, 20, link_layer=ETHERNET, rate_gbits_s=200.0, psid="B")
    assert chosen(fabric, storage, sick) == names(fabric, sick)


def test_a_missing_port_is_not_made_up_for_by_storage() -> None:
    seven = some(7)
    assert chosen(seven, some(2, 20, link_layer=ETHERNET, rate_gbits_s=200.0, psid="B")) == names(seven)
    assert chosen(seven, some(2, 20, rate_gbits_s=200.0, psid="B")) == names(seven)
    assert chosen(seven, some(4, 20, link_layer=ETHERNET, rate_gbits_s=40.0)) == names(seven)


def test_all_at_half_rate_or_down_are_known_by_being_as_many_as_expected() -> None:
    storage = some(2, 20, rate_gbits_s=200.0, psid="B")
    for rate in (10.0, 200.0):
        fabric = some(8, rate_gbits_s=rate)
        assert chosen(storage, fabric) == names(fabric)
        assert chosen(fabric) == names(fabric)


def test_a_node_that_speaks_ethernet_alone_is_known_by_the_rate_and_the_board() -> None:
    fast = some(6, link_layer=ETHERNET)
    down = some(2, 6, link_layer=ETHERNET, rate_gbits_s=40.0)
    slow = some(4, 20, link_layer=ETHERNET, rate_gbits_s=100.0, hca_type="MT4125")
    assert chosen(fast, slow, down) == names(fast, down)


def test_a_fast_storage_port_on_ethernet_does_not_stand_in_for_one_that_is_down() -> None:
    fabric, down = some(7), some(1, 7, rate_gbits_s=10.0)
    storage = some(1, 20, link_layer=ETHERNET, psid="B")
    assert chosen(storage, fabric, down) == names(fabric, down)


_PORTS = st.lists(
    st.builds(
        Port,
        device=st.sampled_from([f"mlx5_{at}" for at in range(12)]),
        link_layer=st.sampled_from([IB, ETHERNET, Absent.MISSING]),
        rate_gbits_s=st.sampled_from([10.0, 200.0, 400.0, Absent.ERROR]),
        psid=st.sampled_from(["A", "B", Absent.NOT_AVAILABLE]),
    ),
    max_size=12,
    unique_by=lambda port: port.device,
)


@settings(max_examples=examples(200), deadline=None)
@given(ports=_PORTS, count=st.integers(0, 10))
def test_all_infiniband_at_the_rate_are_in_and_what_fills_the_gap_is_no_more_than_the_gap(
    ports: list[Port], count: int
) -> None:
    found = fabric_ports(ports, count, 400.0)
    at_rate = [port for port in ports if (port.link_layer, port.rate_gbits_s) == (IB, 400.0)]
    assert set(names(at_rate)) <= {port.device for port in found}
    assert len({port.device for port in found}) == len(found)
    if at_rate:
        assert len(found) <= max(count, len(at_rate))


@pytest.mark.parametrize(
    ("growths", "window_s", "expected"),
    [
        ([], 60, 0),
        ([(1000, 60, 600)], 600, 60),
        ([(1000, 60, 600)], 60, 6),
        ([(1000, 60, 600)], 3600, 60),
        ([(400, 60, 400), (1000, 60, 600)], 800, 90),
        ([(100, 60, 100)], 60, 0),
        ([(1000, 60, 0)], 60, 60),
    ],
)
def test_growth_is_taken_as_even_between_two_looks(
    growths: list[tuple[float, int, float]], window_s: float, expected: float
) -> None:
    kept = tuple(Growth(at_s=at_s, count=count, seconds=seconds) for at_s, count, seconds in growths)
    memory = Memory(growths={("port", "errors"): kept} if kept else {})
    assert grown_in(memory, "port", "errors", window_s=window_s, now_s=1000) == expected
    assert last_grown_at(memory, "port", "errors") == (growths[-1][0] if growths else None)


def test_sections_that_were_not_read_cannot_be_told() -> None:
    for subjects in (port_section, pci_section, gpu_paths):
        with pytest.raises(CannotTellError):
            list(subjects(Reading()))


def test_speeds_are_shown_by_generation() -> None:
    assert [shown_speed(speed) for speed in (2.5, 16.0, 32.0, 7.0)] == [
        "gen1 (2.5 GT/s)", "gen4 (16 GT/s)", "gen5 (32 GT/s)", "7 GT/s",
    ]  # fmt: skip
