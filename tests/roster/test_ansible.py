"""Ansible's host ranges and which of a host's variables wins."""

from __future__ import annotations

import pytest

from aifctl.core.errors import InventoryError
from aifctl.roster.ansible import AnsibleInventory, Group, expand_hosts, nodes_of


@pytest.mark.parametrize(
    ("pattern", "hosts"),
    [
        ("web1", ["web1"]),
        ("web[1:3]", ["web1", "web2", "web3"]),
        ("web[08:10].example.com", ["web08.example.com", "web09.example.com", "web10.example.com"]),
        ("web[01:05:2]", ["web01", "web03", "web05"]),
        ("db-[a:c]", ["db-a", "db-b", "db-c"]),
        ("r[1:2]n[1:2]", ["r1n1", "r1n2", "r2n1", "r2n2"]),
    ],
)
def test_ranges_stand_for_their_hosts_both_ends_included(pattern: str, hosts: list[str]) -> None:
    assert expand_hosts(pattern, file="hosts", line=1) == hosts


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("n[a:5]", "is not one of Ansible's ranges"),
        ("n[1:999999]", "more than 200,000 hosts"),
        ("n[1:999][1:999]", "more"),
    ],
)
def test_a_range_that_is_none_or_too_many_is_refused_with_its_line(pattern: str, complaint: str) -> None:
    with pytest.raises(InventoryError, match=complaint) as told:
        expand_hosts(pattern, file="hosts", line=7)
    assert "hosts:7" in str(told.value)


def test_a_hosts_own_variable_wins_over_its_groups_and_a_childs_over_its_parents() -> None:
    inventory = AnsibleInventory(
        hosts={"n1": {"ansible_port": 1}, "n2": {}, "n3": {}},
        groups={
            "all": Group(hosts=dict.fromkeys(("n1", "n2", "n3")), variables={"ansible_port": 4, "ansible_user": "ops"}),
            "parent": Group(hosts={"n3": None}, children={"child": None}, variables={"ansible_port": 3}),
            "child": Group(hosts=dict.fromkeys(("n1", "n2")), variables={"ansible_port": 2}),
        },
    )
    nodes = {node.endpoint.name: node for node in nodes_of(inventory, file="hosts").nodes}
    assert {name: node.endpoint.port for name, node in nodes.items()} == {"n1": 1, "n2": 2, "n3": 3}
    assert {node.endpoint.user for node in nodes.values()} == {"ops"}


def test_groups_without_a_host_are_told_as_lost() -> None:
    inventory = AnsibleInventory(hosts={"n1": {}}, groups={"bare": Group(variables={"ansible_port": 2})})
    lost = " ".join(nodes_of(inventory, file="hosts").lost)
    assert "groups without a host" in lost
    assert "bare" in lost
