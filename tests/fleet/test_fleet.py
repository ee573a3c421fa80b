"""The fleet as columns: what it answers, and that it builds only what it is asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pytest

from aifctl.fleet.columns import Table
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import SCOPES, Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.node import Bmc, Node, Rail
from aifctl.fleet.topology import Leaf


def _full(name: str, number: int, **changes: Any) -> Node:
    facts: dict[str, Any] = {
        "site": "north",
        "hall": "h1",
        "su": "su1",
        "rack": f"r{number}",
        "unit": 2,
        "sku": "h100-sxm5-8",
        "feeds": ("A1", "B1"),
        "rails": (
            Rail(index=0, hca="mlx5_0", leaf="l1-r0", leaf_port=number, guid=f"0x0c42a10300aabb0{number}"),
            Rail(index=3, hca="mlx5_3", leaf="l1-r3", leaf_port=number),
        ),
        "bmc": Bmc(address=f"10.9.0.{number}", user="admin", mac=f"0c:42:a1:00:01:0{number}"),
        "mac": f"0c:42:a1:00:00:0{number}",
        "serials": (("gpu0", f"165222{number}"), ("chassis", f"AIF{number}")),
        "labels": (("owner", "team-b"),),
        "groups": ("canary",),
        "slurm_name": f"gpu-{number}",
    }
    endpoint = Endpoint(
        name=name,
        address=f"10.0.0.{number}",
        port=2222,
        user="ops",
        identity=("/k",),
        jump=("j1", "j2"),
        host_keys=("ssh-ed25519 AAAA",),
        options=(("Compression", "no"),),
    )
    return Node(endpoint=endpoint, **(facts | changes))


NODES = (_full("n10", 3, state=State.DRAINED, groups=()), _full("n2", 2, off=True), _full("n1", 1))


def _rebuilt(fleet: Fleet) -> Fleet:
    """Return the same fleet as a cache would give it: without the node objects it was made of."""
    return Fleet(fleet._columns, policy=fleet.policy, origin=fleet.origin)


def test_names_stand_in_nodeset_order() -> None:
    assert Fleet.from_nodes(NODES).names == ("n1", "n2", "n10")


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_a_node_comes_back_from_the_columns_as_it_was(node: Node) -> None:
    fleet = _rebuilt(Fleet.from_nodes(NODES))
    assert fleet.node(node.name) == node
    assert fleet.endpoint(node.name) == node.endpoint


def test_a_bare_node_is_dialled_by_its_name() -> None:
    fleet = Fleet(Table(["n1"], {}))
    assert fleet.endpoint("n1") == Endpoint(name="n1", address="n1")
    assert fleet.node("n1") == Node(endpoint=Endpoint(name="n1", address="n1"))


def test_an_empty_fleet_answers_everything_with_nothing() -> None:
    fleet = Fleet()
    assert (len(fleet), fleet.names, fleet.find("x")) == (0, (), ())
    assert all(not fleet.scope(scope) for scope in SCOPES)


def test_a_name_that_is_not_there_is_a_key_error() -> None:
    fleet = Fleet.from_nodes(NODES)
    assert "n3" not in fleet
    for ask in (fleet.node, fleet.endpoint, fleet.attribute("sku")):
        with pytest.raises(KeyError):
            ask("n3")


def test_scopes_hold_their_members_in_nodeset_order_and_values_in_natural_order() -> None:
    nodes = [_full(f"n{number}", number, rack=f"r{number % 3 + 9}") for number in (9, 4, 3, 1)]
    fleet = Fleet.from_nodes(nodes)
    assert {rack: list(names) for rack, names in fleet.scope("rack").items()} == {
        "r9": ["n3", "n9"],
        "r10": ["n1", "n4"],
    }
    assert list(fleet.scope("rack")) == ["r9", "r10"]
    assert fleet.members("feed", "B1") == ("n1", "n3", "n4", "n9")
    assert fleet.members("leaf", "l1-r3") == ("n1", "n3", "n4", "n9")
    assert fleet.members("rack", "r11") == ()


def test_a_node_with_two_ports_on_one_leaf_is_one_member() -> None:
    rails = (Rail(index=0, leaf="l1", leaf_port=1), Rail(index=1, leaf="l1", leaf_port=2))
    fleet = Fleet.from_nodes([_full("n2", 2, rails=rails), _full("n1", 1, rails=rails)])
    assert fleet.members("leaf", "l1") == ("n1", "n2")


def test_off_stands_beside_the_state() -> None:
    fleet = Fleet.from_nodes(NODES)
    assert {state: list(names) for state, names in fleet.scope("state").items()} == {
        "drained": ["n10"],
        "off": ["n2"],
        "ready": ["n1", "n2"],
    }


def test_a_scope_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="'row' is none of site"):
        Fleet().scope("row")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sku", "h100-sxm5-8"),
        ("address", "10.0.0.1"),
        ("port", "2222"),
        ("unit", "2"),
        ("off", "false"),
        ("feeds", "A1,B1"),
        ("feed", "A1,B1"),
        ("group", "canary"),
        ("serial", "AIF1"),
        ("serial.gpu0", "1652221"),
        ("bmc", "10.9.0.1"),
        ("bmc.user", "admin"),
        ("owner", "team-b"),
        ("options", "Compression=no"),
        ("nothing", None),
    ],
)
def test_attributes_are_fields_of_the_node_or_labels(key: str, value: str | None) -> None:
    assert Fleet.from_nodes(NODES).attribute(key)("n1") == value


@pytest.mark.parametrize(
    ("key", "value"), [("state", "ready"), ("off", "false"), ("port", "22"), ("address", "n1"), ("sku", None)]
)
def test_what_an_inventory_leaves_unsaid_has_its_usual_value(key: str, value: str | None) -> None:
    assert Fleet(Table(["n1"], {})).attribute(key)("n1") == value


def test_cells_are_what_the_inventory_has_numbers_lists_or_nothing_in_the_order_that_is_asked_for() -> None:
    first = Node(endpoint=Endpoint(name="n1", address="n1"), rack="r1", unit=7, feeds=("A1", "B1"))
    fleet = Fleet.from_nodes([first, Node(endpoint=Endpoint(name="n2", address="n2"), rack="r2")])
    told = list(fleet.cells(("rack", "unit", "feeds", "hall"), ["n2", "n1"]))
    assert told == [("r2", None, None, None), ("r1", 7, ("A1", "B1"), None)]
    with pytest.raises(KeyError):
        fleet.cells(("rack",), ["n3"])


def test_an_attribute_that_no_node_has_is_known_as_such() -> None:
    fleet = Fleet.from_nodes(NODES)
    assert fleet.has_attribute("owner")
    assert fleet.has_attribute("state")
    assert not fleet.has_attribute("onwer")


def test_attributes_are_what_some_node_has_as_a_person_writes_it() -> None:
    fleet = Fleet.from_nodes(NODES)
    assert {"owner", "state", "serial", "serial.gpu0", "bmc.address"} <= set(fleet.attributes)
    assert all(any(fleet.attribute(key)(name) for name in fleet.names) for key in fleet.attributes)
    assert Fleet().attributes == ("state",)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("N1", "name"),
        ("gpu-1", "slurm name"),
        ("aif1", "chassis serial"),
        ("1652221", "gpu0 serial"),
        ("10.0.0.1", "address"),
        ("10.9.0.1", "bmc address"),
        ("0C-42-A1-00-00-01", "mac"),
        ("0c42.a100.0101", "bmc mac"),
        ("0C42:A103:00AA:BB01", "rail 0 guid"),
        ("0x0c42a10300aabb01", "rail 0 guid"),
        ("L1-R3:1", "rail 3 leaf port"),
        ("l1-r0/1", "rail 0 leaf port"),
        ("l1-r0 port 1", "rail 0 leaf port"),
        (" n1 ", "name"),
    ],
)
def test_a_mark_is_found_in_any_spelling(text: str, kind: str) -> None:
    assert Fleet.from_nodes(NODES).find(text) == ((kind, "n1"),)


def test_an_ipv6_address_is_found_in_any_spelling() -> None:
    fleet = Fleet(Table(["n1"], {"address": ["2001:db8:0:0::1"]}))
    assert fleet.find("2001:DB8::1") == (("address", "n1"),)


@pytest.mark.parametrize("text", ["", "n", "10.0.0", "l1-r0:99", "l1-r0", "0c:42", "*", "x" * 10_000])
def test_what_nobody_bears_is_found_nowhere(text: str) -> None:
    assert Fleet.from_nodes(NODES).find(text) == ()


def test_all_that_bear_a_mark_are_found() -> None:
    fleet = Fleet(
        Table(["a", "b"], {"serial:chassis": ["X", None], "serial:board": ["X", "x"], "slurm_name": ["b", None]})
    )
    assert fleet.find("x") == (("chassis serial", "a"), ("board serial", "a"), ("board serial", "b"))
    assert fleet.find("b") == (("name", "b"), ("slurm name", "a"))


class _Counting:
    """Columns that remember what was asked for."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.asked: list[str] = []

    @property
    def names(self) -> Sequence[str]:
        return self._table.names

    @property
    def fields(self) -> Collection[str]:
        return self._table.fields

    def column(self, field: str) -> Sequence[Any]:
        self.asked.append(field)
        return self._table.column(field)


def test_columns_are_decoded_when_they_are_asked_for_and_once() -> None:
    names = [f"n{number}" for number in range(1000)]
    columns = _Counting(Table(names, {"rack": ["r1"] * 1000, "address": names}))
    fleet = Fleet(columns)
    assert len(fleet) == 1000
    assert "n1" in fleet
    assert columns.asked == []
    assert len(fleet.members("rack", "r1")) == 1000
    assert fleet.attribute("rack")("n7") == "r1"
    assert columns.asked == ["rack"]
    endpoints = [fleet.endpoint(name) for name in fleet.names]
    assert len(endpoints) == 1000
    assert sorted(columns.asked) == ["address", "host_keys", "identity", "jump", "options", "port", "rack", "user"]


def test_no_node_is_built_until_somebody_asks_for_it() -> None:
    fleet = _rebuilt(Fleet.from_nodes(NODES))
    fleet.scope("rack")
    fleet.endpoint("n1")
    fleet.find("aif1")
    assert fleet._nodes == {}
    assert fleet.node("n1") is fleet.node("n1")
    assert list(fleet._nodes) == ["n1"]


def test_leaves_are_read_when_they_are_asked_for() -> None:
    reads = []

    def read() -> dict[str, Leaf]:
        reads.append(1)
        return {"l1": Leaf(name="l1", ports=32)}

    fleet = Fleet(leaves=read)
    assert reads == []
    assert fleet.leaves["l1"].ports == 32
    assert fleet.leaves is fleet.leaves
    assert reads == [1]
