from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.ibstat import parse_ibstat
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.unreadable import UnreadableError
from tests.diagnosis.fabric_texts import DOWN, ETHERNET, adapter, healthy_ibstat
from tests.fuzzing import examples


def only(text: str) -> Port:
    section = parse_ibstat(text)
    assert section.complete
    (port,) = section.ports
    return port


def test_a_port_is_what_its_block_says() -> None:
    assert only(adapter("mlx5_0")) == Port(
        device="mlx5_0", number=1, state="active", physical_state="link-up", link_layer="infiniband",
        rate_gbits_s=400.0, lid=17, sm_lid=1, guid="a088c20300000001", hca_type="MT4129", firmware_version="28.39.2048",
        psid=Absent.NOT_AVAILABLE, pci_address=Absent.NOT_AVAILABLE, numa_node=Absent.NOT_AVAILABLE,
        netdev=Absent.NOT_AVAILABLE, counters=Absent.NOT_AVAILABLE,
    )  # fmt: skip


def test_adapters_come_in_natural_order() -> None:
    section = parse_ibstat(healthy_ibstat())
    assert section.complete
    assert [port.device for port in section.ports] == [f"mlx5_{at}" for at in (0, 1, 3, 4, 5, 6, 9, 10, 11)]


@pytest.mark.parametrize(
    ("changed", "field", "expected"),
    [
        ({"State": "Down"}, "state", "down"),
        ({"State": "Initializing"}, "state", "init"),
        ({"State": "Armed"}, "state", "armed"),
        ({"Physical state": "Polling"}, "physical_state", "polling"),
        ({"Physical state": "Disabled"}, "physical_state", "disabled"),
        ({"Physical state": "LinkErrorRecovery"}, "physical_state", "link-error-recovery"),
        ({"Physical state": "Phy Test"}, "physical_state", "phy-test"),
        ({"Physical state": "<unknown>"}, "physical_state", "<unknown>"),
        ({"Rate": "2.5"}, "rate_gbits_s", 2.5),
        ({"Rate": "fast"}, "rate_gbits_s", Absent.ERROR),
        ({"Rate": ""}, "rate_gbits_s", Absent.NOT_AVAILABLE),
        ({"Base lid": "65535"}, "lid", 65535),
        ({"Link layer": "Ethernet"}, "link_layer", "ethernet"),
        ({"Link layer": "Unspecified"}, "link_layer", Absent.NOT_AVAILABLE),
        ({"Port GUID": "0x0000000000000000"}, "guid", "a088c203000000f0"),
    ],
)
def test_words_become_those_of_a_reading(changed: dict[str, str], field: str, expected: object) -> None:
    assert getattr(only(adapter("mlx5_0", changed)), field) == expected


def test_an_adapter_may_have_several_ports() -> None:
    section = parse_ibstat(adapter("mlx4_0", {}, DOWN))
    assert section.complete
    assert [(port.subject, port.state) for port in section.ports] == [
        ("port:mlx4_0/1", "active"),
        ("port:mlx4_0/2", "down"),
    ]


def test_what_comes_before_an_error_is_kept_and_the_list_is_incomplete() -> None:
    text = (
        adapter("mlx5_0")
        + adapter("mlx5_1")
        + "ibpanic: [1400] main: stat of IB device 'mlx5_8' failed: No such file or directory\n"
    )
    section = parse_ibstat(text)
    assert len(section.ports) == 2
    assert not section.complete
    assert not parse_ibstat("ibwarn: [3] something\n" + adapter("mlx5_0") + "ibwarn: [3] something\n").complete


def test_the_prefix_of_a_parallel_shell_is_taken_off() -> None:
    text = healthy_ibstat()
    prefixed = "".join(f"r01n01: {line}\n" for line in text.splitlines())
    assert parse_ibstat(prefixed) == parse_ibstat(text)


def test_windows_line_ends_are_line_ends() -> None:
    assert parse_ibstat(healthy_ibstat().replace("\n", "\r\n")) == parse_ibstat(healthy_ibstat())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("0xa088c20300000001\n0xa088c20300000002\n", "ibstat -p"),
        ("mlx5_0\nmlx5_1\n", "ibstat -l"),
        ("VM_hostname n1\na088c20300000001\n", "several nodes' GUIDs"),
        ("ibpanic: [12] main: ...\n", "no ibstat"),
        ("lspci said this\n", "no ibstat"),
        (adapter("mlx5_0") * 2, "stands in it twice"),
        ("hostname n1\n" + adapter("mlx5_0") + "hostname n2\n" + adapter("mlx5_1"), "several nodes"),
        (
            "".join(f"n{node}: {line}\n" for node in (1, 2) for line in adapter("mlx5_0").splitlines()),
            "listings of 2 nodes",
        ),
        ("\x1b[31mCA 'mlx5_0'\n", "no ibstat"),
        ("".join(adapter(f"mlx5_{at}") for at in range(600)), "no node has so many"),
    ],
)  # fmt: skip
def test_what_is_not_one_nodes_listing_is_refused_in_a_sentence(text: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why) as caught:
        parse_ibstat(text)
    assert "\x1b" not in str(caught.value)


def test_what_a_node_writes_never_reaches_a_terminal_as_it_is() -> None:
    port = only(adapter("mlx5_0", {"State": "Act\x1b[2Jive"}))
    assert port.state == "act\\x1b[2jive"


_SICK = adapter("mlx5_0") + adapter("mlx5_1", DOWN) + adapter("mlx5_2", ETHERNET) + adapter("mlx5_3", {"Rate": "200"})


@settings(max_examples=examples(300), deadline=None)
@given(at=st.integers(0, len(_SICK)))
def test_a_text_that_is_cut_is_never_taken_for_whole(at: int) -> None:
    whole = parse_ibstat(_SICK)
    try:
        section = parse_ibstat(_SICK[:at])
    except UnreadableError:
        return
    # At the end of an adapter's block nothing tells the cut, but that ports are missing; inside one, all else does.
    assert not section.complete or section.ports == whole.ports[: len(section.ports)]


@settings(max_examples=examples(200), deadline=None)
@given(text=st.text(max_size=300), at=st.integers(0, len(_SICK)))
def test_garbage_anywhere_raises_nothing_but_that_it_is_unreadable(text: str, at: int) -> None:
    for told in (text, _SICK[:at] + text + _SICK[at:], _SICK[:at] + text):
        try:
            section = parse_ibstat(told)
        except UnreadableError:
            continue
        assert section.ports


def test_a_huge_text_takes_no_more_than_its_length() -> None:
    with pytest.raises(UnreadableError):
        parse_ibstat("CA '" + "x" * 5_000_000 + "\n" + "A: " * 2_000_000)
